public import Platform

/// A person or a program that may ask the hub, as the hub holds it.
public struct OperatorRecord: Sendable, Hashable {
    public let name: String
    /// SHA-256 of the token, in hexadecimal digits. Tokens are 256 random bits, so a plain hash
    /// needs no salt and no stretching.
    public let hash: String
    /// `viewer`, `operator` or `admin`.
    public let role: String
    /// What devices must have for this operator to see them; empty for all devices.
    public let scope: [String: String]
    public let created: WallTime
    /// nil for one that does not end by itself.
    public let expires: WallTime?
    public var revoked: WallTime?

    public init(
        name: String, hash: String, role: String, scope: [String: String], created: WallTime,
        expires: WallTime?, revoked: WallTime? = nil
    ) {
        self.name = name
        self.hash = hash
        self.role = role
        self.scope = scope
        self.created = created
        self.expires = expires
        self.revoked = revoked
    }

    /// Whether its token counts no more.
    public func hasEnded(at now: WallTime) -> Bool {
        revoked != nil || expires.map { $0 <= now } ?? false
    }
}

/// The operators in SQL.
public final class OperatorTable {
    /// The token of `init` stood in a table of its own before there were operators. It stays
    /// there too, for a hub of an earlier release that is put back.
    static let schema = """
        CREATE TABLE operator(
            name TEXT PRIMARY KEY, hash TEXT NOT NULL, role TEXT NOT NULL, scope TEXT NOT NULL,
            created INTEGER NOT NULL, expires INTEGER, revoked INTEGER) WITHOUT ROWID;
        INSERT OR IGNORE INTO operator(name, hash, role, scope, created)
            SELECT name, hash, 'admin', '{}', created FROM token ORDER BY created;
        ALTER TABLE enrolment_token ADD COLUMN scope TEXT NOT NULL DEFAULT '{}';
        """

    private let selectAll: Statement
    private let upsert: Statement
    private let delete: Statement
    private let deleteToken: Statement

    init(_ connection: borrowing Connection) {
        selectAll = connection.statement(
            "SELECT name, hash, role, scope, created, expires, revoked FROM operator ORDER BY name")
        upsert = connection.statement(
            "INSERT OR REPLACE INTO operator(name, hash, role, scope, created, expires, revoked) "
                + "VALUES(?1,?2,?3,?4,?5,?6,?7)")
        delete = connection.statement("DELETE FROM operator WHERE name=?1")
        deleteToken = connection.statement("DELETE FROM token WHERE hash=?1")
    }

    public func all() throws(SQLiteError) -> [OperatorRecord] {
        try selectAll.query([]) { (row) throws(SQLiteError) in
            OperatorRecord(
                name: row.text(0), hash: row.text(1), role: row.text(2),
                scope: try LabelText.labels(row.text(3), of: row, "operator"),
                created: WallTime(milliseconds: row.integer(4)),
                expires: row.isNull(5) ? nil : WallTime(milliseconds: row.integer(5)),
                revoked: row.isNull(6) ? nil : WallTime(milliseconds: row.integer(6)))
        }
    }

    /// Stores one; a revoked one's token is also gone for a hub of an earlier release.
    public func put(_ record: OperatorRecord) throws(SQLiteError) {
        try upsert.run(
            .text(record.name), .text(record.hash), .text(record.role),
            .text(LabelText.text(record.scope)), .integer(record.created.milliseconds),
            record.expires.map { .integer($0.milliseconds) } ?? .null,
            record.revoked.map { .integer($0.milliseconds) } ?? .null)
        if record.revoked != nil { try deleteToken.run(.text(record.hash)) }
    }

    public func remove(_ name: String) throws(SQLiteError) { try delete.run(.text(name)) }
}

/// Labels in a column.
enum LabelText {
    static func text(_ labels: [String: String]) -> String {
        Value.object(labels.map { ($0.key, .string($0.value)) }).json
    }

    static func labels(
        _ text: String, of row: borrowing Statement, _ table: String
    ) throws(SQLiteError) -> [String: String] {
        guard let labels = try? JSONReader.read(text) else { throw row.damaged(table) }
        let pairs = (labels.mapValue ?? []).compactMap { entry in
            entry.value.stringValue.map { (entry.key, $0) }
        }
        return Dictionary(pairs, uniquingKeysWith: { _, last in last })
    }
}
