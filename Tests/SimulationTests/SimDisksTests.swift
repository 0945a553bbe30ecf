import Platform
import SQLiteStore
import Simulator
import Testing

/// The simulated disk: SQLite works on it, and what was not synced can be gone.
@Suite struct SimDisksTests {
    private func write(_ disks: SimDisks, _ folder: String, _ number: Int64) throws {
        var options = Connection.Options()
        options.vfs = disks.vfs
        let connection = try Connection.open(folder + "/a.db", options: options)
        try connection.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER)")
        try connection.execute("INSERT INTO t VALUES (\(number))")
    }

    private func read(_ disks: SimDisks, _ folder: String) throws -> [Int64] {
        var options = Connection.Options()
        options.vfs = disks.vfs
        let connection = try Connection.open(folder + "/a.db", options: options)
        return try connection.query("SELECT n FROM t ORDER BY n") { row in row.integer(0) }
    }

    @Test func aCommitOutlivesAPowerCut() throws {
        let disks = SimDisks()
        defer { disks.close() }
        try write(disks, "/a", 1)
        try write(disks, "/a", 2)
        for seed in 1...20 as ClosedRange<UInt64> {
            var random: SimRandom? = SimRandom(seed: seed)
            disks.copy("/a", to: "/b", losing: &random)
            #expect(try read(disks, "/b") == [1, 2])
        }
        #expect(disks.opened == 0)
    }

    @Test func aFullDiskTakesNothing() throws {
        let disks = SimDisks()
        defer { disks.close() }
        try write(disks, "/a", 1)
        disks.setFull("/a", true)
        #expect(throws: SQLiteError.self) { try write(disks, "/a", 2) }
        disks.setFull("/a", false)
        try write(disks, "/a", 3)
        #expect(try read(disks, "/a") == [1, 3])
    }

    @Test func aCopyIsApart() throws {
        let disks = SimDisks()
        defer { disks.close() }
        try write(disks, "/a", 1)
        disks.copy("/a", to: "/b")
        try write(disks, "/b", 2)
        #expect(try read(disks, "/a") == [1])
        disks.remove("/b")
        #expect(disks.size("/b/a.db") == nil)
    }
}
