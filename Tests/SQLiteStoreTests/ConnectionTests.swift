import Foundation
import Testing

@testable import SQLiteStore

private func kind(_ body: () throws -> Void) -> SQLiteError.Kind? {
    do {
        try body()
        return nil
    } catch {
        return (error as? SQLiteError)?.kind
    }
}

@Suite struct ConnectionTests {
    @Test func aCommitIsFsyncedBeforeItReturns() throws {
        let folder = try StoreFolder()
        let connection = try Connection.open(folder.file())
        let mode = try connection.query("PRAGMA journal_mode") { $0.text(0) }
        #expect(mode == ["wal"])
        // 2 is FULL: https://www.sqlite.org/pragma.html#pragma_synchronous
        #expect(try connection.integer("PRAGMA synchronous") == 2)
        #expect(try connection.integer("PRAGMA page_size") == 4096)
    }

    @Test func aFileThatIsNoDatabaseIsDamaged() throws {
        let folder = try StoreFolder()
        try Data(repeating: 0x41, count: 8192).write(to: URL(filePath: folder.file()))
        #expect(kind { _ = try Connection.open(folder.file()) } == .damaged)
    }

    @Test func aDamagedPageIsDamagedAndFoundByTheCheck() throws {
        let folder = try StoreFolder()
        do {
            let connection = try Connection.open(folder.file())
            try connection.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)")
            for _ in 0..<50 { try connection.execute("INSERT INTO t(b) VALUES(randomblob(900))") }
            try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            #expect(try connection.quickCheck() == [])
        }
        let file = try FileHandle(forUpdating: URL(filePath: folder.file()))
        try file.seek(toOffset: 4096)
        try file.write(contentsOf: Data(repeating: 0xFF, count: 4096))
        try file.close()
        let connection = try Connection.open(folder.file())
        #expect(kind { _ = try connection.integer("SELECT sum(length(b)) FROM t") } == .damaged)
        let faults = try? connection.quickCheck()
        #expect(faults != [])
    }

    @Test func aFolderThatTakesNoFilesIsUnavailable() throws {
        let folder = try StoreFolder()
        #expect(kind { _ = try Connection.open(folder.file("absent/store.db")) } == .unavailable)
        // No user may make a file here, not even root.
        #expect(kind { _ = try Connection.open("/proc/store.db") } == .unavailable)
    }

    @Test func aReadOnlyConnectionDoesNotWrite() throws {
        let folder = try StoreFolder()
        let writer = try Connection.open(folder.file())
        try writer.execute("CREATE TABLE t(a)")
        var options = Connection.Options()
        options.isReadOnly = true
        let reader = try Connection.open(folder.file(), options: options)
        #expect(try reader.integer("SELECT count(*) FROM t") == 0)
        #expect(kind { try reader.execute("INSERT INTO t VALUES(1)") } == .unavailable)
        #expect(kind { _ = try Connection.open(folder.file("no.db"), options: options) } != nil)
    }

    @Test func aFullDiskIsFullAndNothingIsWritten() throws {
        let folder = try StoreFolder()
        let connection = try Connection.open(folder.file())
        try connection.execute("CREATE TABLE t(a)")
        try connection.execute("PRAGMA max_page_count=10")
        let fault = kind {
            try connection.transaction { () throws(SQLiteError) in
                for _ in 0..<100 { try connection.execute("INSERT INTO t VALUES(zeroblob(4000))") }
            }
        }
        #expect(fault == .full)
        #expect(try connection.integer("SELECT count(*) FROM t") == 0)
        // The connection goes on once there is room.
        try connection.execute("PRAGMA max_page_count=1000")
        try connection.execute("INSERT INTO t VALUES(1)")
        #expect(try connection.integer("SELECT count(*) FROM t") == 1)
    }

    @Test func aLockedDatabaseIsUnavailable() throws {
        let folder = try StoreFolder()
        let one = try Connection.open(folder.file())
        let other = try Connection.open(folder.file())
        try one.execute("CREATE TABLE t(a)")
        // No need to wait out the timeout that a board has.
        try other.execute("PRAGMA busy_timeout=0")
        try one.transaction { () throws(SQLiteError) in
            #expect(kind { try other.transaction { () throws(SQLiteError) in () } } == .unavailable)
        }
        try other.transaction { () throws(SQLiteError) in () }
    }

    @Test func aTransactionIsAllOrNothing() throws {
        let folder = try StoreFolder()
        let connection = try Connection.open(folder.file())
        try connection.execute("CREATE TABLE t(a UNIQUE)")
        #expect(throws: stop) {
            try connection.transaction { () throws(SQLiteError) in
                try connection.execute("INSERT INTO t VALUES(1)")
                throw stop
            }
        }
        #expect(try connection.integer("SELECT count(*) FROM t") == 0)
        let result = try connection.transaction { () throws(SQLiteError) in
            try connection.execute("INSERT INTO t VALUES(1)")
            return 7
        }
        #expect(result == 7)
        #expect(kind { try connection.execute("INSERT INTO t VALUES(1)") } == .other)
        #expect(try connection.integer("SELECT count(*) FROM t") == 1)
    }

    @Test func errorsNameTheStatement() throws {
        let folder = try StoreFolder()
        let connection = try Connection.open(folder.file())
        let error = #expect(throws: SQLiteError.self) { try connection.execute("SELEC 1") }
        #expect(error?.kind == .other)
        #expect(error?.description.contains("SELEC 1") == true)
        #expect(throws: SQLiteError.self) { try connection.statement("SELECT * FROM absent").run() }
    }

    @Test func valuesReadBackTheSame() throws {
        let folder = try StoreFolder()
        let connection = try Connection.open(folder.file())
        try connection.execute("CREATE TABLE t(a, b, c, d)")
        let insert = connection.statement("INSERT INTO t VALUES(?1,?2,?3,?4)")
        try insert.run(.bits(.max), .text("a\0é😀"), .blob([0, 1, 255]), .null)
        let rows = try connection.query("SELECT a, b, c, d FROM t") {
            ($0.bits(0), $0.text(1), $0.blob(2), $0.isNull(3), $0.text(3), $0.blob(3))
        }
        let row = try #require(rows.first)
        #expect(row.0 == .max && row.1 == "a\0é😀" && row.2 == [0, 1, 255])
        #expect(row.3 && row.4 == "" && row.5 == [])
        #expect(throws: SQLiteError.self) { try insert.run(.null, .null, .null, .null, .null) }
    }

    @Test func migrationsAreAppliedOnceAndANewerSchemaIsLeftAlone() throws {
        let folder = try StoreFolder()
        let connection = try Connection.open(folder.file())
        try Migrations(steps: ["CREATE TABLE a(x)"]).apply(connection)
        try Migrations(steps: ["CREATE TABLE a(x)", "CREATE TABLE b(x)"]).apply(connection)
        try Migrations(steps: ["CREATE TABLE a(x)"]).apply(connection)
        #expect(try connection.integer("PRAGMA user_version") == 2)
        let bad = Migrations(steps: ["", "", "CREATE TABLE c(x); CREATE TABLE c(x)"])
        #expect(throws: SQLiteError.self) { try bad.apply(connection) }
        #expect(try connection.integer("PRAGMA user_version") == 2)
        #expect(
            try connection.integer("SELECT count(*) FROM sqlite_schema WHERE type='table'") == 2)
        try connection.execute("PRAGMA user_version=-1")
        #expect(kind { try Migrations(steps: [""]).apply(connection) } == .damaged)
    }
}
