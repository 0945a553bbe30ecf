public import Platform
import SQLiteStore

extension FleetHub {
    /// Operators that the hub holds at a time, ended ones included.
    static let operatorsMaximum = 256

    /// Compares with every token there is, each in constant time: how long it takes says nothing
    /// about any of them.
    public func caller(token: String, from origin: String) -> Caller? {
        let hash = Self.hash(token: token)
        var found: OperatorRecord?
        for record in operators.values where ConstantTime.equal(record.hash, hash) {
            found = record
        }
        guard let found, !found.hasEnded(at: timekeeper.now().wall),
            // Who has a role that this version does not know may do nothing.
            let role = OperatorRole(rawValue: found.role)
        else { return nil }
        return Caller(
            name: found.name, role: role, scope: found.scope, origin: origin,
            expires: found.expires)
    }

    public func createOperator(
        name: String, role: OperatorRole, scope: [String: String], lifetimeSeconds: Int64?,
        as caller: Caller = .hub
    ) throws(HubError) -> Value {
        let labels = scope.isEmpty ? "" : " for \(Caller.text(scope))"
        return try audited(caller, "createOperator", name, role.rawValue + labels) {
            () throws(HubError) in
            guard caller.scope.allSatisfy({ scope[$0.key] == $0.value }) else {
                throw HubError(
                    .refused, "You may make operators for \(caller.scopeText) only.",
                    hint: "Add --labels \(caller.scopeText)")
            }
            let now = timekeeper.now().wall
            if let known = operators[name] {
                guard known.hasEnded(at: now) else {
                    throw HubError(
                        .conflict, "There is an operator \(name) already.",
                        hint: "Choose another name, or first: fleet operator revoke \(name)")
                }
                guard caller.sees(known.scope) else { throw Self.foreign(name) }
            }
            let dropped = try roomForOperator(besides: name, now)
            let token = Self.newToken()
            let record = OperatorRecord(
                name: name, hash: Self.hash(token: token), role: role.rawValue, scope: scope,
                created: now,
                expires: lifetimeSeconds.map {
                    WallTime(milliseconds: now.milliseconds + $0 * 1000)
                })
            try write { () throws(SQLiteError) in
                if let dropped { try store.operators.remove(dropped) }
                try store.operators.put(record)
            }
            if let dropped { operators[dropped] = nil }
            operators[name] = record
            guard case .map(let fields) = summary(of: record, now) else { return .null }
            return .map([Value.MapEntry("token", .string(token))] + fields)
        }
    }

    public func operators(as caller: Caller = .hub) -> Value {
        let now = timekeeper.now().wall
        let list = operators.values.filter { caller.sees($0.scope) }
            .sorted { $0.name < $1.name }
        return .object([("operators", .array(list.map { summary(of: $0, now) }))])
    }

    public func revokeOperator(_ name: String, as caller: Caller = .hub) throws(HubError) {
        try audited(caller, "revokeOperator", name) { () throws(HubError) in
            guard var record = operators[name], caller.sees(record.scope) else {
                throw HubError(
                    .notFound, "There is no operator \(name).",
                    hint: "List them with: fleet operator list")
            }
            let now = timekeeper.now().wall
            guard record.revoked == nil else { return }
            let others = operators.values.contains {
                $0.name != name && $0.role == OperatorRole.admin.rawValue && $0.scope.isEmpty
                    && $0.expires == nil && $0.revoked == nil
            }
            let isLasting =
                record.role == OperatorRole.admin.rawValue && record.scope.isEmpty
                && record.expires == nil
            guard others || !isLasting else {
                throw HubError(
                    .conflict, "\(name) is the last admin whose token does not end.",
                    hint: "First make another: fleet operator create NAME --role admin")
            }
            record.revoked = now
            let revoked = record
            try write { () throws(SQLiteError) in try store.operators.put(revoked) }
            operators[name] = record
            events.end { $0.name == name }
        }
    }

    /// Ends the event streams of those whose tokens have ended.
    func endStreams() {
        let now = timekeeper.now().wall
        events.end { caller in caller.expires.map { $0 <= now } ?? false }
    }

    /// An ended operator to forget for a new one; nil where there is room.
    private func roomForOperator(
        besides name: String, _ now: WallTime
    ) throws(HubError) -> String? {
        guard operators[name] == nil, operators.count >= Self.operatorsMaximum else { return nil }
        let ended = operators.values.filter { $0.hasEnded(at: now) }
        guard let oldest = ended.min(by: { $0.created < $1.created }) else {
            throw HubError(
                .unavailable, "The hub holds \(operators.count) operators already.",
                hint: "Revoke some of them: fleet operator list")
        }
        return oldest.name
    }

    private static func foreign(_ name: String) -> HubError {
        HubError(
            .conflict, "The name \(name) was another operator's.", hint: "Choose another name.")
    }

    private func summary(of record: OperatorRecord, _ now: WallTime) -> Value {
        let state =
            record.revoked != nil ? "revoked" : record.hasEnded(at: now) ? "expired" : "active"
        var fields: [(String, Value)] = [
            ("name", .string(record.name)), ("role", .string(record.role)),
            ("labels", .object(record.scope.map { ($0.key, .string($0.value)) })),
            ("state", .string(state)), ("created_at", .string(RFC3339.text(record.created))),
        ]
        if let expires = record.expires {
            fields.append(("expires_at", .string(RFC3339.text(expires))))
        }
        return .object(fields)
    }

    /// 256 random bits.
    public static func newToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
