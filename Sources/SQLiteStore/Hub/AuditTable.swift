public import Identity
public import Platform

/// The record of what operators did, in SQL. Each row carries a hash over itself and the one
/// before.
///
/// Bounded: full segments are dropped from the old end. The last hash of each segment stays, so
/// that what is kept still shows what it follows.
public final class AuditTable {
    /// Rows of a segment.
    static let segmentRows: Int64 = 4096
    /// Rows kept: about 60 MB at their usual length.
    static let rowsMaximum: Int64 = 64 * segmentRows
    /// Ends of segments kept: 16 million rows' worth.
    static let segmentsMaximum: Int64 = 4096

    static let schema = """
        CREATE TABLE audit(
            n INTEGER PRIMARY KEY, time INTEGER NOT NULL, who TEXT NOT NULL, role TEXT NOT NULL,
            origin TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,
            detail TEXT NOT NULL, result TEXT NOT NULL, hash BLOB NOT NULL);
        CREATE TABLE audit_segment(last INTEGER PRIMARY KEY, hash BLOB NOT NULL);
        """

    /// A row as it is kept.
    public struct Entry: Sendable, Hashable {
        public let row: AuditRow
        public let hash: [UInt8]
    }

    private static let columns =
        "n, time, who, role, origin, action, target, detail, result, hash"

    private let segmentRows: Int64
    private let rowsMaximum: Int64
    /// Kept in memory as well: where rows vanish below a hub that runs, the next one shows it.
    private var known: AuditHead?
    private let insert: Statement
    private let selectPage: Statement
    private let selectLast: Statement
    private let selectFirst: Statement
    private let insertSegment: Statement
    private let selectSegment: Statement
    private let lastSegment: Statement
    private let dropRows: Statement
    private let dropSegments: Statement

    /// The record in a database that somebody may have open elsewhere, to be read.
    public convenience init(reading connection: borrowing Connection) { self.init(connection) }

    init(
        _ connection: borrowing Connection, segmentRows: Int64 = segmentRows,
        rowsMaximum: Int64 = rowsMaximum
    ) {
        self.segmentRows = segmentRows
        self.rowsMaximum = rowsMaximum
        insert = connection.statement(
            "INSERT INTO audit(\(Self.columns)) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)")
        selectPage = connection.statement(
            "SELECT \(Self.columns) FROM audit WHERE n>?1 AND time>=?2 ORDER BY n LIMIT ?3")
        selectLast = connection.statement("SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1")
        selectFirst = connection.statement("SELECT min(n) FROM audit")
        insertSegment = connection.statement(
            "INSERT OR REPLACE INTO audit_segment(last, hash) VALUES(?1,?2)")
        selectSegment = connection.statement("SELECT hash FROM audit_segment WHERE last=?1")
        lastSegment = connection.statement(
            "SELECT last, hash FROM audit_segment ORDER BY last DESC LIMIT 1")
        dropRows = connection.statement("DELETE FROM audit WHERE n<=?1")
        dropSegments = connection.statement("DELETE FROM audit_segment WHERE last<=?1")
    }

    /// The end of the chain, to be noted elsewhere.
    public func head() throws(SQLiteError) -> AuditHead {
        if let known { return known }
        let read: (borrowing Statement) throws(SQLiteError) -> AuditHead = {
            (row) throws(SQLiteError) in AuditHead(number: row.integer(0), hash: row.blob(1))
        }
        let ends = try selectLast.query([], row: read) + lastSegment.query([], row: read)
        let head = ends.max { $0.number < $1.number } ?? .beginning
        known = head
        return head
    }

    /// What the oldest row that is kept follows.
    public func start() throws(SQLiteError) -> AuditHead {
        let first =
            try selectFirst.query([]) { (row) throws(SQLiteError) in row.integer(0) }
            .first ?? 0
        guard first > 1 else { return first == 1 ? .beginning : try head() }
        let hash = try selectSegment.query([.integer(first - 1)]) { (row) throws(SQLiteError) in
            row.blob(0)
        }
        // Without that the rows before were not dropped by us: they are missing.
        return hash.first.map { AuditHead(number: first - 1, hash: $0) } ?? .beginning
    }

    /// Adds a row behind the last, inside the caller's `write`.
    public func append(
        by digests: any Digests, _ row: (Int64) -> AuditRow
    ) throws(SQLiteError) {
        let previous = try head()
        let row = row(previous.number + 1)
        let hash = row.hash(after: previous.hash, by: digests)
        try insert.run(
            .integer(row.number), .integer(row.time.milliseconds), .text(row.who),
            .text(row.role), .text(row.origin), .text(row.action), .text(row.target),
            .text(row.detail), .text(row.result), .blob(hash))
        known = AuditHead(number: row.number, hash: hash)
        guard row.number % segmentRows == 0 else { return }
        try insertSegment.run(.integer(row.number), .blob(hash))
        try dropRows.run(.integer(row.number - rowsMaximum))
        try dropSegments.run(.integer(row.number - Self.segmentsMaximum * segmentRows))
    }

    /// Rows above a number and not before a time, oldest first.
    public func page(
        after number: Int64, since time: WallTime, limit: Int
    ) throws(SQLiteError) -> [Entry] {
        try selectPage.query(
            [.integer(number), .integer(time.milliseconds), .integer(Int64(limit))]
        ) { (row) throws(SQLiteError) in
            Entry(
                row: AuditRow(
                    number: row.integer(0), time: WallTime(milliseconds: row.integer(1)),
                    who: row.text(2), role: row.text(3), origin: row.text(4), action: row.text(5),
                    target: row.text(6), detail: row.text(7), result: row.text(8)),
                hash: row.blob(9))
        }
    }

    /// After a write that was undone.
    func forget() { known = nil }
}
