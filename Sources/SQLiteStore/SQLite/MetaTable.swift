/// Small named numbers and texts of a store.
final class MetaTable {
    static let schema =
        "CREATE TABLE meta(name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;"

    private let select: Statement
    private let upsert: Statement

    init(_ connection: borrowing Connection) {
        select = connection.statement("SELECT value FROM meta WHERE name=?1")
        upsert = connection.statement(
            "INSERT INTO meta(name, value) VALUES(?1,?2) "
                + "ON CONFLICT(name) DO UPDATE SET value=excluded.value")
    }

    func integer(_ name: String) throws(SQLiteError) -> Int64? {
        try select.query([.text(name)]) { (row) throws(SQLiteError) in row.integer(0) }.first
    }

    /// A number whose 64 bits are all in use; see `SQLValue.bits`.
    func bits(_ name: String) throws(SQLiteError) -> UInt64? {
        try integer(name).map { UInt64(bitPattern: $0) }
    }

    func text(_ name: String) throws(SQLiteError) -> String? {
        try select.query([.text(name)]) { (row) throws(SQLiteError) in row.text(0) }.first
    }

    func set(_ name: String, _ value: SQLValue) throws(SQLiteError) {
        try upsert.run(.text(name), value)
    }
}
