import Identity
public import Platform
import SQLiteStore

/// An audit row in the making.
struct AuditDraft {
    let caller: Caller
    let action: String
    let target: String
    let detail: String

    /// Bytes of a text in a row: whoever is refused must not fill the disk.
    private static let textMaximum = 512

    init(_ caller: Caller, _ action: String, _ target: String, _ detail: String) {
        self.caller = caller
        self.action = action
        self.target = String(target.prefix(Self.textMaximum))
        self.detail = String(detail.prefix(Self.textMaximum))
    }

    func row(_ number: Int64, _ result: String, at now: WallTime) -> AuditRow {
        AuditRow(
            number: number, time: now, who: caller.name, role: caller.role.rawValue,
            origin: caller.origin, action: action, target: target, detail: detail, result: result)
    }
}

/// How many refusals may still be written this minute: who may do nothing must not push out of the
/// log what others did.
struct RefusalBudget {
    static let rowsPerMinute = 60
    private var minute: Int64 = -1
    private var rows = 0
    private(set) var suppressed = 0

    /// Whether one more may be written; with it go those that were not.
    mutating func take(at now: MonotonicTime) -> Int? {
        let current = now.milliseconds / 60_000
        if current != minute { (minute, rows) = (current, 0) }
        guard rows < Self.rowsPerMinute else {
            suppressed += 1
            return nil
        }
        rows += 1
        defer { suppressed = 0 }
        return suppressed
    }
}

extension FleetHub {
    /// Carries out what a caller asks for and leaves a row about it: in the very transaction that
    /// changes something, so that there is no change without its row; of a refusal in one of its
    /// own.
    func audited<Result>(
        _ caller: Caller, _ action: String, _ target: String, _ detail: String = "",
        _ body: () throws(HubError) -> Result
    ) throws(HubError) -> Result {
        // Within another call the row is that one's.
        guard !caller.isHub, auditDraft == nil else { return try body() }
        let draft = AuditDraft(caller, action, target, detail)
        auditDraft = draft
        defer { auditDraft = nil }
        do {
            let result = try body()
            // It changed nothing, and was asked for all the same.
            if auditDraft != nil { try write { () throws(SQLiteError) in } }
            return result
        } catch {
            auditDraft = nil
            record(draft, error)
            throw error
        }
    }

    /// Leaves a row about a call that its caller's role does not allow.
    public func noteRefused(
        _ action: String, _ target: String, by caller: Caller, _ error: HubError
    ) {
        record(AuditDraft(caller, action, target, ""), error)
    }

    private func record(_ draft: AuditDraft, _ error: HubError) {
        let now = timekeeper.now()
        guard let suppressed = refusalBudget.take(at: now.monotonic) else { return }
        let more = suppressed > 0 ? " (and \(suppressed) more refusals before)" : ""
        // Where the disk is full the refusal itself is the answer, and `/healthz` says why.
        try? store.write { () throws(SQLiteError) in
            try store.audit.append(by: CryptoDigests()) {
                draft.row($0, error.code.rawValue + more, at: now.wall)
            }
        }
    }

    /// The row of the call that is being carried out, as part of its first write.
    func appendAudit() throws(SQLiteError) {
        guard let draft = auditDraft else { return }
        let now = timekeeper.now().wall
        try store.audit.append(by: CryptoDigests()) { draft.row($0, "done", at: now) }
    }

    /// The row of what a board did about its identity, in the write that it belongs to.
    func appendAudit(
        board device: String, _ action: String, _ detail: String
    ) throws(SQLiteError) {
        let now = timekeeper.now().wall
        try store.audit.append(by: CryptoDigests()) {
            AuditRow(
                number: $0, time: now, who: device, role: "board", origin: "", action: action,
                target: device, detail: detail, result: "done")
        }
    }

    public func auditLog(
        after number: Int64, since time: WallTime, limit: Int
    ) throws(HubError) -> Value {
        let audit = store.audit
        let (start, head, entries) = try read { () throws(SQLiteError) in
            (
                try audit.start(), try audit.head(),
                try audit.page(
                    after: number, since: time, limit: limit)
            )
        }
        return .object([
            ("start", Self.object(start)), ("head", Self.object(head)),
            ("rows", .array(entries.map(Self.object))),
            ("next", .int(entries.last?.row.number ?? number)),
        ])
    }

    private static func object(_ head: AuditHead) -> Value {
        .object([("n", .int(head.number)), ("hash", .string(head.description))])
    }

    private static func object(_ entry: AuditTable.Entry) -> Value {
        let row = entry.row
        return .object([
            ("n", .int(row.number)), ("time", .string(RFC3339.text(row.time))),
            ("operator", .string(row.who)), ("role", .string(row.role)),
            ("from", .string(row.origin)), ("action", .string(row.action)),
            ("target", .string(row.target)), ("detail", .string(row.detail)),
            ("result", .string(row.result)), ("hash", .string(AuditHead.text(entry.hash))),
        ])
    }
}
