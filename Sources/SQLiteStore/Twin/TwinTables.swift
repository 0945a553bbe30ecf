public import SyncProtocol

/// Twins in SQL, the same at device and hub: one row a cell, and for each document what was seen
/// of each epoch. The index by dot answers "what changed since" without a log of changes.
public final class TwinTables {
    static let schema = """
        CREATE TABLE cell(
            doc TEXT NOT NULL, path TEXT NOT NULL, epoch INTEGER NOT NULL, ctr INTEGER NOT NULL,
            stamp INTEGER NOT NULL, value BLOB NOT NULL,
            PRIMARY KEY(doc, path)) WITHOUT ROWID;
        CREATE INDEX cell_dot ON cell(doc, epoch, ctr);
        CREATE TABLE context(
            doc TEXT NOT NULL, epoch INTEGER NOT NULL, ctr INTEGER NOT NULL,
            PRIMARY KEY(doc, epoch)) WITHOUT ROWID;
        """

    private let select: Statement
    private let upsert: Statement
    private let since: Statement
    private let prefixed: Statement
    private let contextOf: Statement
    private let advance: Statement
    private let count: Statement

    init(_ connection: borrowing Connection) throws(SQLiteError) {
        let columns = "path, epoch, ctr, stamp, value"
        select = try connection.prepare("SELECT \(columns) FROM cell WHERE doc=?1 AND path=?2")
        upsert = try connection.prepare(
            "INSERT INTO cell(doc, \(columns)) VALUES(?1,?2,?3,?4,?5,?6) "
                + "ON CONFLICT(doc, path) DO UPDATE SET epoch=excluded.epoch, ctr=excluded.ctr, "
                + "stamp=excluded.stamp, value=excluded.value")
        since = try connection.prepare(
            "SELECT \(columns) FROM cell WHERE doc=?1 AND epoch=?2 AND ctr>?3 AND ctr<=?4 "
                + "ORDER BY ctr")
        prefixed = try connection.prepare(
            "SELECT \(columns) FROM cell WHERE doc=?1 AND path>=?2 AND path<?3 ORDER BY path")
        contextOf = try connection.prepare("SELECT epoch, ctr FROM context WHERE doc=?1")
        advance = try connection.prepare(
            "INSERT INTO context(doc, epoch, ctr) VALUES(?1,?2,?3) ON CONFLICT(doc, epoch) "
                + "DO UPDATE SET ctr=excluded.ctr WHERE excluded.ctr>ctr")
        count = try connection.prepare("SELECT count(*) FROM cell WHERE doc=?1")
    }

    public func cell(_ document: String, _ path: TwinPath) throws(SQLiteError) -> Cell? {
        try select.query([.text(document), .text(path.text)]) { (row) throws(SQLiteError) in
            try Self.cell(row)
        }.first
    }

    public func put(_ document: String, _ cell: Cell) throws(SQLiteError) {
        try upsert.run(
            .text(document), .text(cell.path.text), .bits(cell.dot.epoch.nonce),
            .integer(cell.dot.counter), .bits(cell.stamp), .blob(ValueCodec.encode(cell.value)))
    }

    public func context(_ document: String) throws(SQLiteError) -> CausalContext {
        var context = CausalContext()
        try contextOf.scan([.text(document)]) { (row) throws(SQLiteError) in
            context.advance(Epoch(nonce: row.bits(0)), to: row.bits(1))
            return true
        }
        return context
    }

    public func advance(
        _ document: String, _ epoch: Epoch, to counter: UInt64
    ) throws(SQLiteError) {
        try advance.run(.text(document), .bits(epoch.nonce), .integer(counter))
    }

    /// The cells under a prefix such as `reported/`, by path; all for an empty prefix.
    public func cells(
        _ document: String, prefix: String = ""
    ) throws(SQLiteError) -> [Cell] {
        // U+10FFFF sorts after every path, in SQLite's bytewise order too.
        let end = prefix + "\u{10FFFF}"
        return try prefixed.query([.text(document), .text(prefix), .text(end)]) {
            (row) throws(SQLiteError) in try Self.cell(row)
        }
    }

    public func count(_ document: String) throws(SQLiteError) -> Int64 {
        try count.query([.text(document)]) { (row) throws(SQLiteError) in row.integer(0) }
            .first ?? 0
    }

    /// What one epoch wrote after `since`, cut where it passes `bytes`: the rest is the next
    /// delta's. At least one cell is in it, however large.
    public func delta(
        _ document: String, _ epoch: Epoch, since base: UInt64, upto: UInt64, bytes: Int
    ) throws(SQLiteError) -> IntervalDelta {
        var cells: [Cell] = []
        var size = 0
        var isCut = false
        try since.scan(
            [.text(document), .bits(epoch.nonce), .integer(base), .integer(upto)]
        ) { (row) throws(SQLiteError) in
            let cell = try Self.cell(row)
            size += Self.size(cell)
            if size > bytes, !cells.isEmpty {
                isCut = true
                return false
            }
            cells.append(cell)
            return true
        }
        let end = isCut ? cells.last?.dot.counter ?? base : max(base, upto)
        return IntervalDelta(epoch: epoch, since: base, upto: end, cells: cells)
    }

    /// About how long a cell is in a frame.
    static func size(_ cell: Cell) -> Int {
        cell.path.text.utf8.count + ValueCodec.encode(cell.value).count + 16
    }

    private static func cell(_ row: borrowing Statement) throws(SQLiteError) -> Cell {
        guard let path = try? TwinPath(row.text(0)) else { throw row.damaged("path") }
        guard let value = try? ValueCodec.decode(row.blob(4)) else { throw row.damaged("value") }
        return Cell(
            path: path, dot: Dot(epoch: Epoch(nonce: row.bits(1)), counter: row.bits(2)),
            stamp: row.bits(3), value: value)
    }
}
