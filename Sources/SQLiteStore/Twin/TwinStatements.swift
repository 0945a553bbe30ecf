import Platform
import SyncProtocol

/// The statements of the twin's tables, prepared once.
final class TwinStatements {
    let register: Statement
    let cells: Statement
    let slot: Statement
    let dot: Statement
    let since: Statement
    let prefixed: Statement
    let all: Statement
    let count: Statement
    let put: Statement
    let remove: Statement
    let keep: Statement
    let removals: Statement
    let removalCount: Statement
    let oldestRemovals: Statement
    let forgetRemovals: Statement
    let forgetRemoval: Statement
    let advance: Statement
    private let contextOf: Statement
    private let removeCells: Statement
    private let removeRemovals: Statement
    private let removeContext: Statement
    private let last: Statement

    static let columns = "path, rep, ctr, stamp, value"

    init(_ connection: borrowing Connection) throws(SQLiteError) {
        let columns = Self.columns
        let cell = "SELECT \(columns) FROM cell WHERE doc=?1 AND "
        register = try connection.prepare(cell + "path=?2 AND slot=x''")
        cells = try connection.prepare(cell + "path=?2 ORDER BY slot")
        slot = try connection.prepare(cell + "path=?2 AND slot=?3")
        dot = try connection.prepare(cell + "rep=?2 AND ctr=?3")
        since = try connection.prepare(cell + "rep=?2 AND ctr>?3 AND ctr<=?4 ORDER BY ctr LIMIT ?5")
        prefixed = try connection.prepare(cell + "path>=?2 AND path<?3 ORDER BY path, slot")
        all = try connection.prepare("SELECT \(columns), slot FROM cell WHERE doc=?1")
        count = try connection.prepare("SELECT count(*) FROM cell WHERE doc=?1")
        put = try connection.prepare(
            "INSERT INTO cell(doc, path, slot, rep, ctr, stamp, value) "
                + "VALUES(?1,?2,?3,?4,?5,?6,?7) ON CONFLICT(doc, path, slot) DO UPDATE SET "
                + "rep=excluded.rep, ctr=excluded.ctr, stamp=excluded.stamp, "
                + "value=excluded.value")
        remove = try connection.prepare("DELETE FROM cell WHERE doc=?1 AND path=?2 AND slot=?3")
        keep = try connection.prepare(
            "INSERT OR IGNORE INTO removal(doc, rep, ctr, seq, dots) VALUES(?1,?2,?3,?4,?5)")
        removals = try connection.prepare(
            "SELECT ctr, dots FROM removal WHERE doc=?1 AND rep=?2 AND ctr>?3 AND ctr<=?4 "
                + "ORDER BY ctr")
        removalCount = try connection.prepare("SELECT count(*) FROM removal WHERE doc=?1")
        oldestRemovals = try connection.prepare(
            "SELECT rep, ctr FROM removal WHERE doc=?1 ORDER BY seq, rep, ctr LIMIT ?2")
        forgetRemovals = try connection.prepare(
            "DELETE FROM removal WHERE doc=?1 AND rep=?2 AND ctr<=?3")
        forgetRemoval = try connection.prepare(
            "DELETE FROM removal WHERE doc=?1 AND rep=?2 AND ctr=?3")
        advance = try connection.prepare(
            "INSERT INTO context(doc, rep, epoch, ctr, seq, floor) VALUES(?1,?2,?3,?4,?5,?6) "
                + "ON CONFLICT(doc, rep) DO UPDATE SET ctr=excluded.ctr, seq=excluded.seq, "
                + "floor=excluded.floor")
        contextOf = try connection.prepare(
            "SELECT epoch, rep, ctr, seq, floor FROM context WHERE doc=?1")
        removeCells = try connection.prepare("DELETE FROM cell WHERE doc=?1")
        removeRemovals = try connection.prepare("DELETE FROM removal WHERE doc=?1")
        removeContext = try connection.prepare("DELETE FROM context WHERE doc=?1")
        last = try connection.prepare("SELECT max(seq) FROM context")
    }

    func context(_ document: String) throws(SQLiteError) -> DocumentContext {
        var context = DocumentContext()
        try contextOf.scan([.text(document)]) { (row) throws(SQLiteError) in
            context.set(
                Epoch(nonce: row.bits(0)),
                DocumentContext.Entry(
                    handle: row.integer(1), counter: row.bits(2), sequence: row.bits(3),
                    floor: row.bits(4)))
            return true
        }
        return context
    }

    func remove(_ document: String) throws(SQLiteError) {
        try removeCells.run(.text(document))
        try removeRemovals.run(.text(document))
        try removeContext.run(.text(document))
    }

    func lastSequence() throws(SQLiteError) -> UInt64 {
        try last.query([]) { (row) throws(SQLiteError) in row.bits(0) }.first ?? 0
    }
}
