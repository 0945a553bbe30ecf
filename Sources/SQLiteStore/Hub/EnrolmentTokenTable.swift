public import Platform

/// A right to join once, as the hub holds it.
public struct EnrolmentTokenRecord: Sendable, Hashable {
    public let id: String
    /// What the secret's owner can prove; not the secret.
    public let key: [UInt8]
    /// What the device that joins with it gets.
    public let labels: [String: String]
    /// True where a person has a last look at each device.
    public let needsApproval: Bool
    /// Labels of the devices that its maker may see: no other device joins anew with it.
    public let scope: [String: String]
    public let created: WallTime
    public let expires: WallTime
    /// Who joined with it.
    public var usedBy: String?
    /// The SHA-256 of that device's public key: it may ask again, its answer may have been lost.
    public var usedKey: [UInt8]?
    /// When an operator took it back.
    public var withdrawn: WallTime?

    public init(
        id: String, key: [UInt8], labels: [String: String], needsApproval: Bool, created: WallTime,
        expires: WallTime, scope: [String: String] = [:]
    ) {
        self.scope = scope
        self.id = id
        self.key = key
        self.labels = labels
        self.needsApproval = needsApproval
        self.created = created
        self.expires = expires
    }
}

/// The enrolment tokens in SQL.
public final class EnrolmentTokenTable {
    static let schema = """
        CREATE TABLE enrolment_token(
            id TEXT PRIMARY KEY, key BLOB NOT NULL, labels TEXT NOT NULL,
            approval INTEGER NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL,
            used_by TEXT, used_key BLOB, withdrawn INTEGER) WITHOUT ROWID;
        """

    private static let columns =
        "id, key, labels, approval, created, expires, used_by, used_key, withdrawn, scope"

    private let selectAll: Statement
    private let selectOne: Statement
    private let upsert: Statement
    private let prune: Statement

    init(_ connection: borrowing Connection) {
        selectAll = connection.statement(
            "SELECT \(Self.columns) FROM enrolment_token ORDER BY created, id")
        selectOne = connection.statement(
            "SELECT \(Self.columns) FROM enrolment_token WHERE id=?1")
        upsert = connection.statement(
            "INSERT INTO enrolment_token(\(Self.columns)) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) "
                + "ON CONFLICT(id) DO UPDATE SET used_by=excluded.used_by, "
                + "used_key=excluded.used_key, withdrawn=excluded.withdrawn")
        prune = connection.statement("DELETE FROM enrolment_token WHERE expires<?1")
    }

    public func all() throws(SQLiteError) -> [EnrolmentTokenRecord] {
        try selectAll.query([], row: Self.record)
    }

    public func token(_ id: String) throws(SQLiteError) -> EnrolmentTokenRecord? {
        try selectOne.query([.text(id)], row: Self.record).first
    }

    public func put(_ token: EnrolmentTokenRecord) throws(SQLiteError) {
        try upsert.run(
            .text(token.id), .blob(token.key), .text(LabelText.text(token.labels)),
            .integer(token.needsApproval ? Int64(1) : 0), .integer(token.created.milliseconds),
            .integer(token.expires.milliseconds), .optional(token.usedBy),
            token.usedKey.map { .blob($0) } ?? .null,
            token.withdrawn.map { .integer($0.milliseconds) } ?? .null,
            .text(LabelText.text(token.scope)))
    }

    /// Forgets tokens that ended before a time.
    public func prune(before time: WallTime) throws(SQLiteError) {
        try prune.run(.integer(time.milliseconds))
    }

    private static func record(
        _ row: borrowing Statement
    ) throws(SQLiteError) -> EnrolmentTokenRecord {
        var token = EnrolmentTokenRecord(
            id: row.text(0), key: row.blob(1),
            labels: try LabelText.labels(row.text(2), of: row, "enrolment token"),
            needsApproval: row.integer(3) != 0, created: WallTime(milliseconds: row.integer(4)),
            expires: WallTime(milliseconds: row.integer(5)),
            scope: try LabelText.labels(row.text(9), of: row, "enrolment token"))
        if !row.isNull(6) { token.usedBy = row.text(6) }
        if !row.isNull(7) { token.usedKey = row.blob(7) }
        if !row.isNull(8) { token.withdrawn = WallTime(milliseconds: row.integer(8)) }
        return token
    }
}
