import CSQLite

/// A statement, prepared when it is first used and finalised when it goes out of scope: an opening
/// of a store pays for what it does, in time and in memory, not for all that it might do.
public struct Statement: ~Copyable {
    /// Set by methods that only borrow the statement.
    private final class Prepared {
        var handle: OpaquePointer?
    }

    private let connection: OpaquePointer
    private let sql: String
    private let prepared = Prepared()

    init(connection: OpaquePointer, sql: String) {
        self.connection = connection
        self.sql = sql
    }

    deinit { sqlite3_finalize(prepared.handle) }

    /// Runs a statement that returns no rows.
    public borrowing func run(_ values: SQLValue...) throws(SQLiteError) {
        let handle = try prepare()
        defer { sqlite3_reset(handle) }
        try bind(values, to: handle)
        while try step(handle) {}
    }

    public borrowing func query<Row>(
        _ values: [SQLValue], row: (borrowing Statement) throws(SQLiteError) -> Row
    ) throws(SQLiteError) -> [Row] {
        let handle = try prepare()
        defer { sqlite3_reset(handle) }
        try bind(values, to: handle)
        var rows: [Row] = []
        while try step(handle) { rows.append(try row(self)) }
        return rows
    }

    /// Reads rows until `body` says false.
    public borrowing func scan(
        _ values: [SQLValue], body: (borrowing Statement) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) {
        let handle = try prepare()
        defer { sqlite3_reset(handle) }
        try bind(values, to: handle)
        while try step(handle) { if try !body(self) { return } }
    }

    public borrowing func integer(_ column: Int32) -> Int64 {
        sqlite3_column_int64(prepared.handle, column)
    }

    public borrowing func bits(_ column: Int32) -> UInt64 {
        UInt64(bitPattern: sqlite3_column_int64(prepared.handle, column))
    }

    public borrowing func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(prepared.handle, column) == SQLITE_NULL
    }

    public borrowing func text(_ column: Int32) -> String {
        guard let bytes = sqlite3_column_text(prepared.handle, column) else { return "" }
        // By length: a text may hold a zero byte.
        let count = Int(sqlite3_column_bytes(prepared.handle, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    public borrowing func blob(_ column: Int32) -> [UInt8] {
        // The pointer first, then the length: https://www.sqlite.org/c3ref/column_blob.html
        guard let bytes = sqlite3_column_blob(prepared.handle, column) else { return [] }
        let count = Int(sqlite3_column_bytes(prepared.handle, column))
        return Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// A damaged row is an error of the database, not a default.
    borrowing func damaged(_ what: String) -> SQLiteError {
        SQLiteError(code: SQLITE_CORRUPT, message: "unreadable \(what)", statement: sql)
    }

    private borrowing func prepare() throws(SQLiteError) -> OpaquePointer {
        if let handle = prepared.handle { return handle }
        var made: OpaquePointer?
        let code = sqlite3_prepare_v3(
            connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &made, nil)
        guard code == SQLITE_OK, let made else { throw error(code) }
        prepared.handle = made
        return made
    }

    private borrowing func bind(
        _ values: [SQLValue], to handle: OpaquePointer
    ) throws(SQLiteError) {
        for (offset, value) in values.enumerated() {
            let index = Int32(offset + 1)
            let code =
                switch value {
                case .null: sqlite3_bind_null(handle, index)
                case .integer(let number): sqlite3_bind_int64(handle, index, number)
                case .text(let text):
                    csqlite_bind_text(handle, index, text, Int32(text.utf8.count))
                case .blob(let bytes): csqlite_bind_blob(handle, index, bytes, Int32(bytes.count))
                }
            guard code == SQLITE_OK else { throw error(code) }
        }
    }

    private borrowing func step(_ handle: OpaquePointer) throws(SQLiteError) -> Bool {
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw error(code)
        }
    }

    private borrowing func error(_ code: Int32) -> SQLiteError {
        let message = String(cString: sqlite3_errmsg(connection))
        return SQLiteError(code: code, message: message, statement: sql)
    }
}
