public import Identity
public import Platform

/// An operator as the hub lists it, without its token.
public struct OperatorEntry: Sendable, Hashable {
    /// 1–64 of a-z A-Z 0-9 . _ -.
    public let name: String
    /// `viewer`, `operator` or `admin`.
    public let role: String
    /// What devices have that exist for this operator; empty for all.
    public let labels: [String: String]
    /// `active`, `expired` or `revoked`.
    public let state: String
    /// RFC 3339; nil for a token that does not end by itself.
    public let expiresAt: String?

    init(_ fields: Fields) throws(FleetClientError) {
        name = try fields.string("name")
        role = try fields.string("role")
        labels = try fields.strings("labels")
        state = try fields.string("state")
        expiresAt = try fields.optionalString("expires_at")
    }
}

/// An operator that was just made.
public struct NewOperator: Sendable, Hashable {
    /// A secret that only this answer holds.
    public let token: String
    /// The same as the hub lists it.
    public let entry: OperatorEntry

    init(_ fields: Fields) throws(FleetClientError) {
        token = try fields.string("token")
        entry = try OperatorEntry(fields)
    }
}

/// A row of the audit log with the hash that the hub keeps of it.
public struct AuditEntry: Sendable, Hashable {
    /// What happened.
    public let row: AuditRow
    /// Stands for the row and all before it.
    public let hash: [UInt8]
    /// The row as the hub gave it.
    public let object: Value

    init(_ fields: Fields) throws(FleetClientError) {
        guard let time = Times.rfc3339(try fields.string("time")) else {
            throw Fields.malformed("an audit row has no time")
        }
        row = AuditRow(
            number: try fields.int("n"), time: time, who: try fields.string("operator"),
            role: try fields.string("role"), origin: try fields.string("from"),
            action: try fields.string("action"), target: try fields.string("target"),
            detail: try fields.string("detail"), result: try fields.string("result"))
        hash = try AuditHead.read(fields)
        object = fields.value
    }
}

/// A page of the audit log.
public struct AuditPage: Sendable, Hashable {
    /// What the oldest row that the hub keeps follows.
    public let start: AuditHead
    /// The end of the log.
    public let head: AuditHead
    /// Oldest first.
    public let rows: [AuditEntry]

    init(_ fields: Fields) throws(FleetClientError) {
        let start = try fields.object("start")
        let head = try fields.object("head")
        self.start = AuditHead(number: try start.int("n"), hash: try AuditHead.read(start))
        self.head = AuditHead(number: try head.int("n"), hash: try AuditHead.read(head))
        rows = try fields.list("rows", AuditEntry.init)
    }
}

extension AuditHead {
    fileprivate static func read(_ fields: Fields) throws(FleetClientError) -> [UInt8] {
        guard let hash = hash(try fields.string("hash")) else {
            throw Fields.malformed("an audit row has no hash")
        }
        return hash
    }
}
