import Crypto
public import Platform
import SQLiteStore
import SyncProtocol

extension FleetHub: HubService {
    /// How a token is stored. Tokens are 256 random bits, so a plain hash needs no salt and no
    /// stretching.
    public static func hash(token: String) -> String {
        SHA256.hash(data: Array(token.utf8)).reduce(into: "") { text, byte in
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }

    public func health() -> Value {
        let isOK = storeHealth == .ok && links.values.allSatisfy(\.self)
        let states = LinkKind.allCases.map { link -> (String, Value) in
            let state = links[link].map { $0 ? "connected" : "disconnected" } ?? "off"
            return (link.rawValue, .string(state))
        }
        return .object(
            [
                ("status", .string(isOK ? "ok" : "degraded")),
                ("store", .string(storeHealth.rawValue)),
            ] + states)
    }

    public func hub(as caller: Caller = .hub) -> Value {
        var fields: [(String, Value)] = [
            ("version", .string(settings.version)),
            ("epoch", .string(store.epoch.text)),
            ("started_at", .string(RFC3339.text(started.wall))),
        ]
        if !caller.isHub {
            let labels = caller.scope.map { ($0.key, Value.string($0.value)) }
            fields.append(
                (
                    "you",
                    .object([
                        ("name", .string(caller.name)), ("role", .string(caller.role.rawValue)),
                        ("labels", .object(labels)),
                    ])
                ))
        }
        return .object(fields)
    }

    public func events(after id: UInt64?, as caller: Caller = .hub) -> AsyncStream<HubEvent> {
        events.watch(after: id, at: timekeeper.now().wall, as: caller)
    }

    public func devices(selector: String?, as caller: Caller = .hub) throws(HubError) -> Value {
        let list = try selected(selector, caller).map { device throws(HubError) in
            try summary(device)
        }
        return .object([("devices", .array(list))])
    }

    public func device(_ id: String, as caller: Caller = .hub) throws(HubError) -> Value {
        try summary(try record(id, caller))
    }

    public func updateDevice(
        _ id: String, name: String?, labels: [String: String]?, as caller: Caller = .hub
    ) throws(HubError) -> Value {
        let asked = [name.map { "name \($0)" }, labels.map { "labels \(Caller.text($0))" }]
        return try audited(
            caller, "updateDevice", id, asked.compactMap { $0 }.joined(separator: ", ")
        ) { () throws(HubError) in try update(id, name: name, labels: labels, caller) }
    }

    private func update(
        _ id: String, name: String?, labels: [String: String]?, _ caller: Caller
    ) throws(HubError) -> Value {
        var record = try record(id, caller)
        if let name {
            let taken = devices.values.contains { other in
                other.id != id && other.state == .active && (other.name == name || other.id == name)
            }
            guard !taken else {
                throw HubError(
                    .conflict, "Another device is named \(name).",
                    hint: "Choose a name that no device has.")
            }
            record.name = name
        }
        if let labels { record.labels = labels }
        guard caller.sees(self.labels(of: record)) else {
            throw HubError(
                .refused, "You may not take a device out of \(caller.scopeText).",
                hint: "Keep these labels, or ask an admin.")
        }
        try write { () throws(SQLiteError) in try store.devices.put(record) }
        devices[id] = record
        publish("device", ["device": .string(id), "state": .string("changed")])
        return try summary(record)
    }

    public func removeDevice(
        _ id: String, forget: Bool, as caller: Caller = .hub
    ) throws(HubError) {
        try audited(caller, "removeDevice", id, forget ? "forget" : "") { () throws(HubError) in
            try remove(id, forget: forget, caller)
        }
    }

    private func remove(_ id: String, forget: Bool, _ caller: Caller) throws(HubError) {
        guard var record = devices[id], caller.sees(labels(of: record)) else {
            throw unknown(id)
        }
        guard record.state == .active || forget else { throw unknown(id) }
        let labels = labels(of: record)
        record.state = .removed
        let now = timekeeper.now().wall
        let identity = identities[id].map { identity in
            var identity = identity
            if identity.state != .decommissioned { identity.changed = now }
            identity.state = .decommissioned
            return identity
        }
        try write { () throws(SQLiteError) in
            try store.deleteData(of: id)
            // Its certificates outlive it on the list of revoked ones: they are still out there.
            try store.certificates.revoke(id, at: now)
            if forget { try store.devices.remove(id) } else { try store.devices.put(record) }
            if forget {
                try store.identities.remove(id)
            } else if let identity {
                try store.identities.put(identity)
            }
        }
        keep(forget ? nil : identity, of: id)
        devices[id] = forget ? nil : record
        ownLabels[id] = nil
        online.remove(id)
        replica.forget(id)
        floods.forget(id)
        leavePlacements(id)
        publish(
            "device", ["device": .string(id), "state": .string("removed")], labels: labels)
    }

    /// Active devices that a selector matches and that exist for a caller, by id.
    func selected(
        _ selector: String?, _ caller: Caller
    ) throws(HubError) -> [DeviceRecord] {
        let terms: LabelSelector
        do {
            terms = try LabelSelector(selector ?? "")
        } catch {
            throw HubError(.invalid, "\(error).", hint: "For example: site=barn,rack=2")
        }
        return devices.values.filter { device in
            guard device.state == .active else { return false }
            let labels = labels(of: device)
            return terms.matches(labels) && caller.sees(labels)
        }
        .sorted { $0.id < $1.id }
    }

    func labels(of device: DeviceRecord) -> [String: String] {
        (ownLabels[device.id] ?? [:]).merging(device.labels) { _, operators in operators }
    }

    /// The labels that a board reports of itself, where the cell holds them.
    static func labels(of cell: Cell) -> [String: String]? {
        guard cell.path.text == "reported/agent" else { return nil }
        let pairs = (cell.value["labels"]?.mapValue ?? []).compactMap { entry in
            entry.value.stringValue.map { (entry.key, $0) }
        }
        return Dictionary(pairs, uniquingKeysWith: { _, last in last })
    }

    /// - Throws: `notFound` also for one that there is, and not for this caller.
    func record(_ id: String, _ caller: Caller) throws(HubError) -> DeviceRecord {
        guard let record = devices[id], record.state == .active, caller.sees(labels(of: record))
        else { throw unknown(id) }
        return record
    }

    private func unknown(_ id: String) -> HubError {
        HubError(
            .notFound, "There is no device \(id).",
            hint: "List the devices with: fleet devices")
    }

    private func summary(_ device: DeviceRecord) throws(HubError) -> Value {
        let count = try read { () throws(SQLiteError) in try store.twin.document(device.id).count()
        }
        let states = statuses(try wishes(device.id)).values.map(\.status)
        let cursors = try read { () throws(SQLiteError) in try store.log.cursors(device.id) }
        var fields: [(String, Value)] = [
            ("id", .string(device.id)),
            ("name", .string(device.name)),
            ("labels", .object(labels(of: device).map { ($0.key, .string($0.value)) })),
            ("connected", .bool(online.contains(device.id))),
            ("state", .string(device.state.rawValue)),
            ("registered_at", .string(RFC3339.text(device.registered))),
            ("last_seen", .string(RFC3339.text(device.lastSeen))),
            (
                "twin",
                .object([
                    ("cells", .int(count)),
                    ("pending", .int(Int64(states.count { $0 == "pending" }))),
                    ("refused", .int(Int64(states.count { $0 == "refused" }))),
                ])
            ),
            (
                "log",
                .object([
                    (
                        "rows",
                        .int(Int64(clamping: cursors.reduce(0) { $0 + $1.rows - $1.trimmedRows }))
                    ),
                    ("gap_rows", .int(Int64(clamping: cursors.reduce(0) { $0 + $1.gapRows }))),
                ])
            ),
        ]
        if let identity = identities[device.id] {
            fields.append(("identity", summary(of: identity)))
        }
        if let ingest = ingestSummary(of: device.id) { fields.append(("ingest", ingest)) }
        return .object(fields)
    }

    /// The wishes of a device and the board's answers to them, which are few. What else the board
    /// reports is most of a twin, and a list of a fleet must not read it.
    private func wishes(_ device: String) throws(HubError) -> [Cell] {
        try read { () throws(SQLiteError) in
            let twin = store.twin.document(device)
            var cells: [Cell] = []
            for prefix in ["desired/", "config/"] {
                cells += try twin.cells(prefix: prefix)
                cells += try twin.cells(prefix: "reported/" + prefix)
            }
            return cells
        }
    }

    /// The status of every wish among a device's cells.
    func statuses(_ cells: [Cell]) -> [TwinPath: DesiredStatus] {
        let values = Dictionary(
            cells.map { ($0.path, $0.value) }, uniquingKeysWith: { _, last in last })
        var statuses: [TwinPath: DesiredStatus] = [:]
        for cell in cells where cell.kind == .lastWriterWins {
            let answer = cell.path.answer.flatMap { values[$0] }
            statuses[cell.path] = DesiredStatus(cell, answer: answer)
        }
        return statuses
    }

    func read<Result>(_ body: () throws(SQLiteError) -> Result) throws(HubError) -> Result {
        do {
            return try body()
        } catch {
            note(error)
            throw HubError(
                .unavailable, "The hub cannot read its database (\(error)).",
                hint: "Run: fleet-hub doctor --data DIR")
        }
    }

    func write<Result>(_ body: () throws(SQLiteError) -> Result) throws(HubError) -> Result {
        do {
            let result = try store.write { () throws(SQLiteError) in
                let result = try body()
                try appendAudit()
                return result
            }
            auditDraft = nil
            note(nil)
            return result
        } catch {
            note(error)
            throw HubError(
                .unavailable, "The hub cannot write its database (\(error)), so nothing changed.",
                hint: error.kind == .full
                    ? "Free space on the hub's disk; it goes on by itself then."
                    : "Run: fleet-hub doctor --data DIR")
        }
    }
}
