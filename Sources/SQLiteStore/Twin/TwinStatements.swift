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

    init(_ connection: borrowing Connection) {
        let columns = Self.columns
        let cell = "SELECT \(columns) FROM cell WHERE doc=?1 AND "
        register = connection.statement(cell + "path=?2 AND slot=x''")
        cells = connection.statement(cell + "path=?2 ORDER BY slot")
        slot = connection.statement(cell + "path=?2 AND slot=?3")
        dot = connection.statement(cell + "rep=?2 AND ctr=?3")
        since = connection.statement(cell + "rep=?2 AND ctr>?3 AND ctr<=?4 ORDER BY ctr LIMIT ?5")
        prefixed = connection.statement(cell + "path>=?2 AND path<?3 ORDER BY path, slot")
        all = connection.statement("SELECT \(columns), slot FROM cell WHERE doc=?1")
        count = connection.statement("SELECT count(*) FROM cell WHERE doc=?1")
        put = connection.statement(
            "INSERT INTO cell(doc, path, slot, rep, ctr, stamp, value) "
                + "VALUES(?1,?2,?3,?4,?5,?6,?7) ON CONFLICT(doc, path, slot) DO UPDATE SET "
                + "rep=excluded.rep, ctr=excluded.ctr, stamp=excluded.stamp, "
                + "value=excluded.value")
        remove = connection.statement("DELETE FROM cell WHERE doc=?1 AND path=?2 AND slot=?3")
        keep = connection.statement(
            "INSERT OR IGNORE INTO removal(doc, rep, ctr, seq, dots) VALUES(?1,?2,?3,?4,?5)")
        removals = connection.statement(
            "SELECT ctr, dots FROM removal WHERE doc=?1 AND rep=?2 AND ctr>?3 AND ctr<=?4 "
                + "ORDER BY ctr")
        removalCount = connection.statement("SELECT count(*) FROM removal WHERE doc=?1")
        oldestRemovals = connection.statement(
            "SELECT rep, ctr FROM removal WHERE doc=?1 ORDER BY seq, rep, ctr LIMIT ?2")
        forgetRemovals = connection.statement(
            "DELETE FROM removal WHERE doc=?1 AND rep=?2 AND ctr<=?3")
        forgetRemoval = connection.statement(
            "DELETE FROM removal WHERE doc=?1 AND rep=?2 AND ctr=?3")
        advance = connection.statement(
            "INSERT INTO context(doc, rep, epoch, ctr, seq, floor) VALUES(?1,?2,?3,?4,?5,?6) "
                + "ON CONFLICT(doc, rep) DO UPDATE SET ctr=excluded.ctr, seq=excluded.seq, "
                + "floor=excluded.floor")
        contextOf = connection.statement(
            "SELECT epoch, rep, ctr, seq, floor FROM context WHERE doc=?1")
        removeCells = connection.statement("DELETE FROM cell WHERE doc=?1")
        removeRemovals = connection.statement("DELETE FROM removal WHERE doc=?1")
        removeContext = connection.statement("DELETE FROM context WHERE doc=?1")
        last = connection.statement("SELECT max(seq) FROM context")
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
