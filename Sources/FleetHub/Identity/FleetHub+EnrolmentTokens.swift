import Identity
public import Platform
import SQLiteStore

extension FleetHub {
    /// Tokens that the hub holds at a time, used and ended ones included.
    static let tokensMaximum = 10_000
    /// How long a token that ended is still listed.
    private static let tokensKept = Milliseconds.seconds(7 * 86_400)

    public func createEnrolmentToken(
        labels: [String: String], lifetimeSeconds: Int64, needsApproval: Bool,
        as caller: Caller = .hub
    ) throws(HubError) -> Value {
        try audited(caller, "createEnrolmentToken", "", "labels \(Caller.text(labels))") {
            () throws(HubError) in
            try makeToken(labels, lifetimeSeconds, needsApproval, caller)
        }
    }

    private func makeToken(
        _ labels: [String: String], _ lifetimeSeconds: Int64, _ needsApproval: Bool,
        _ caller: Caller
    ) throws(HubError) -> Value {
        guard caller.sees(labels) else {
            throw HubError(
                .refused, "You may have boards join with \(caller.scopeText) only.",
                hint: "Add --labels \(caller.scopeText)")
        }
        guard let authority, let place = settings.boardsPlace else {
            throw HubError(
                .unavailable, "This hub listens for no boards, so a token would lead nowhere.",
                hint: "Start it with: fleet-hub serve --boards HOST:PORT")
        }
        let now = timekeeper.now().wall
        let digests = CryptoDigests()
        let secret = Self.random(EnrolmentToken.secretBytes)
        let id = Self.newTokenId()
        let record = EnrolmentTokenRecord(
            id: id, key: EnrolmentRequest.key(of: secret, digests: digests), labels: labels,
            needsApproval: needsApproval, created: now,
            expires: WallTime(milliseconds: now.milliseconds + lifetimeSeconds * 1000),
            scope: caller.scope)
        let token: EnrolmentToken
        do {
            token = try EnrolmentToken(
                host: place.host, port: place.port, pin: authority.pin, id: id, secret: secret)
        } catch {
            throw HubError(
                .unavailable, "The hub's own place makes no token (\(error)).",
                hint: "Give another HOST:PORT to fleet-hub serve --boards")
        }
        let before = WallTime(
            milliseconds: now.milliseconds - Self.tokensKept.count)
        let count = try read { () throws(SQLiteError) in
            try store.enrolmentTokens.all().count { $0.expires >= before }
        }
        guard count < Self.tokensMaximum else {
            throw HubError(
                .unavailable, "The hub holds \(count) enrolment tokens already.",
                hint: "They are forgotten a week after their end.")
        }
        try write { () throws(SQLiteError) in
            try store.enrolmentTokens.prune(before: before)
            try store.enrolmentTokens.put(record)
        }
        guard case .map(let fields) = summary(of: record, now) else { return .null }
        let line = Self.installLine(token, authorityPEM: authority.certificatePEM)
        return .map(
            [
                Value.MapEntry("token", .string(token.text)),
                Value.MapEntry("install", .string(line)),
            ] + fields)
    }

    public func enrolmentTokens(as caller: Caller = .hub) throws(HubError) -> Value {
        let now = timekeeper.now().wall
        let tokens = try read { () throws(SQLiteError) in
            try store.enrolmentTokens.all().filter { caller.sees($0.labels) }
        }
        return .object([("tokens", .array(tokens.map { summary(of: $0, now) }))])
    }

    public func withdrawEnrolmentToken(
        _ id: String, as caller: Caller = .hub
    ) throws(HubError) {
        try audited(caller, "withdrawEnrolmentToken", id) { () throws(HubError) in
            try withdraw(id, caller)
        }
    }

    private func withdraw(_ id: String, _ caller: Caller) throws(HubError) {
        let token = try read { () throws(SQLiteError) in try store.enrolmentTokens.token(id) }
        guard var token, caller.sees(token.labels) else {
            throw HubError(
                .notFound, "There is no enrolment token \(id).",
                hint: "List the tokens with: fleet token list")
        }
        guard token.withdrawn == nil else { return }
        token.withdrawn = timekeeper.now().wall
        let withdrawn = token
        try write { () throws(SQLiteError) in try store.enrolmentTokens.put(withdrawn) }
    }

    private func summary(of token: EnrolmentTokenRecord, _ now: WallTime) -> Value {
        let state =
            if token.withdrawn != nil {
                "withdrawn"
            } else if token.usedBy != nil {
                "used"
            } else {
                now <= token.expires ? "open" : "expired"
            }
        var fields: [(String, Value)] = [
            ("id", .string(token.id)), ("state", .string(state)),
            ("labels", .object(token.labels.map { ($0.key, .string($0.value)) })),
            ("needs_approval", .bool(token.needsApproval)),
            ("created_at", .string(RFC3339.text(token.created))),
            ("expires_at", .string(RFC3339.text(token.expires))),
        ]
        if let device = token.usedBy { fields.append(("device", .string(device))) }
        return .object(fields)
    }

    /// A line for the shell of a board that has no agent: it fetches the authority's certificate
    /// unseen, holds it against the hash, and believes all else by it. Nothing in it needs quoting:
    /// a token's host is a checked name, the rest is letters and digits.
    private static func installLine(_ token: EnrolmentToken, authorityPEM: String) -> String {
        let digest = CryptoDigests().sha256(Array(authorityPEM.utf8))
        let hex = digest.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 2 ? digits : "0" + digits
        }.joined()
        let url = "https://\(token.place)"
        return "curl -fsSko fleet-ca.crt \(url)/ca.crt"
            + " && echo '\(hex)  fleet-ca.crt' | sha256sum -c"
            + " && curl -fsS --cacert fleet-ca.crt -o fleet-install \(url)/install"
            + " && sudo sh fleet-install \(token.text)"
    }

    /// An id that begins with a letter: one with a dash in front would be taken for an option by
    /// `fleet token withdraw`.
    static func newTokenId() -> String {
        var bytes = random(EnrolmentToken.idBytes)
        bytes[0] &= 0x7F
        return Base64.encode(bytes, .url)
    }

    private static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
