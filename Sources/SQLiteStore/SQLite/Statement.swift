import CSQLite

/// A prepared statement, finalised when it goes out of scope.
public struct Statement: ~Copyable {
    private let handle: OpaquePointer
    private let sql: String

    init(handle: OpaquePointer, sql: String) {
        self.handle = handle
        self.sql = sql
    }

    deinit { sqlite3_finalize(handle) }

    /// Runs a statement that returns no rows.
    public borrowing func run(_ values: SQLValue...) throws(SQLiteError) {
        defer { sqlite3_reset(handle) }
        try bind(values)
        while try step() {}
    }

    public borrowing func query<Row>(
        _ values: [SQLValue], row: (borrowing Statement) throws(SQLiteError) -> Row
    ) throws(SQLiteError) -> [Row] {
        defer { sqlite3_reset(handle) }
        try bind(values)
        var rows: [Row] = []
        while try step() { rows.append(try row(self)) }
        return rows
    }

    /// Reads rows until `body` says false.
    public borrowing func scan(
        _ values: [SQLValue], body: (borrowing Statement) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) {
        defer { sqlite3_reset(handle) }
        try bind(values)
        while try step() { if try !body(self) { return } }
    }

    public borrowing func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    public borrowing func bits(_ column: Int32) -> UInt64 {
        UInt64(bitPattern: sqlite3_column_int64(handle, column))
    }

    public borrowing func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(handle, column) == SQLITE_NULL
    }

    public borrowing func text(_ column: Int32) -> String {
        guard let bytes = sqlite3_column_text(handle, column) else { return "" }
        // By length: a text may hold a zero byte.
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    public borrowing func blob(_ column: Int32) -> [UInt8] {
        // The pointer first, then the length: https://www.sqlite.org/c3ref/column_blob.html
        guard let bytes = sqlite3_column_blob(handle, column) else { return [] }
        let count = Int(sqlite3_column_bytes(handle, column))
        return Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// A damaged row is an error of the database, not a default.
    borrowing func damaged(_ what: String) -> SQLiteError {
        SQLiteError(code: SQLITE_CORRUPT, message: "unreadable \(what)", statement: sql)
    }

    private borrowing func bind(_ values: [SQLValue]) throws(SQLiteError) {
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

    private borrowing func step() throws(SQLiteError) -> Bool {
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw error(code)
        }
    }

    private borrowing func error(_ code: Int32) -> SQLiteError {
        let message = String(cString: sqlite3_errmsg(sqlite3_db_handle(handle)))
        return SQLiteError(code: code, message: message, statement: sql)
    }
}
