import CSQLite

/// One open SQLite database. Used by one thread at a time: its owner is an actor on one executor.
public struct Connection: ~Copyable {
    /// How the database is opened.
    public struct Options: Sendable {
        /// The VFS to use; nil for the platform's own. The simulator injects its own.
        public var vfs: String?
        /// 1024 on a board: a commit then rewrites a quarter of what 4096 would, and what wears
        /// a card is bytes. 4096 at a hub.
        public var pageSize = 4096
        /// In KiB.
        public var cache = 512
        /// Pages in the write-ahead log after which it is brought into the main file; nil for
        /// SQLite's own 1,000.
        public var checkpointPages: Int?
        public var isReadOnly = false

        public init() {}

        /// For a hub, which writes to the trees of a whole fleet: 8 MiB of them stay in memory,
        /// and what was written often goes to the main file once. At most 32 MiB of log.
        public static var hub: Options {
            var options = Options()
            options.cache = 8 << 10
            options.checkpointPages = 8192
            return options
        }
    }

    let handle: OpaquePointer
    private let begin: Statement
    private let commit: Statement

    private init(handle: OpaquePointer) {
        self.handle = handle
        begin = Statement(connection: handle, sql: "BEGIN IMMEDIATE")
        commit = Statement(connection: handle, sql: "COMMIT")
    }

    /// SQLite's count of its memory has a lock that each allocation takes, and nobody asks for it.
    private static let isConfigured: Void = csqlite_configure()

    /// WAL, `synchronous=FULL`: a commit that returned survives a power cut.
    public static func open(
        _ path: String, options: Options = Options()
    ) throws(SQLiteError) -> Connection {
        _ = isConfigured
        var opened: OpaquePointer?
        let mode =
            options.isReadOnly
            ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        // NOMUTEX: the owner serialises; EXRESCODE: IOERR without its cause helps nobody.
        let flags = mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &opened, flags, options.vfs)
        guard code == SQLITE_OK, let opened else {
            let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            throw SQLiteError(code: code, message: "\(path): \(message)", statement: nil)
        }
        let connection = Connection(handle: opened)
        sqlite3_busy_timeout(opened, 2000)
        try connection.execute("PRAGMA cache_size=-\(options.cache)")
        guard !options.isReadOnly else { return connection }
        try connection.execute("PRAGMA page_size=\(options.pageSize)")
        try connection.execute("PRAGMA journal_mode=WAL")
        try connection.execute("PRAGMA synchronous=FULL")
        try connection.execute("PRAGMA temp_store=MEMORY")
        if let pages = options.checkpointPages {
            try connection.execute("PRAGMA wal_autocheckpoint=\(pages)")
        }
        return connection
    }

    deinit { sqlite3_close_v2(handle) }

    /// Runs statements without parameters.
    public borrowing func execute(_ sql: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code, sql) }
    }

    /// A statement to keep. The connection must outlive it.
    public borrowing func statement(_ sql: String) -> Statement {
        Statement(connection: handle, sql: sql)
    }

    /// One statement, used once.
    public borrowing func query<Row>(
        _ sql: String, _ values: [SQLValue] = [],
        row: (borrowing Statement) throws(SQLiteError) -> Row
    ) throws(SQLiteError) -> [Row] {
        try statement(sql).query(values, row: row)
    }

    /// All of `body` or nothing of it.
    public borrowing func transaction<Result: ~Copyable>(
        _ body: () throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> Result {
        try begin.run()
        do {
            let result = try body()
            try commit.run()
            return result
        } catch {
            // Some errors have rolled back already (https://www.sqlite.org/lang_transaction.html
            // §3); a second rollback then fails, and that says nothing.
            if sqlite3_get_autocommit(handle) == 0 { try? execute("ROLLBACK") }
            throw error
        }
    }

    public borrowing func integer(_ sql: String) throws(SQLiteError) -> Int64 {
        try query(sql) { (row) throws(SQLiteError) in row.integer(0) }.first ?? 0
    }

    /// The faults that `PRAGMA quick_check` finds; empty for a sound database.
    public borrowing func quickCheck() throws(SQLiteError) -> [String] {
        try query("PRAGMA quick_check(10)") { (row) throws(SQLiteError) in row.text(0) }
            .filter { $0 != "ok" }
    }

    private borrowing func error(_ code: Int32, _ sql: String) -> SQLiteError {
        SQLiteError(code: code, message: String(cString: sqlite3_errmsg(handle)), statement: sql)
    }
}
