import Platform
import SyncProtocol
import Testing

@testable import SQLiteStore

/// A database outlives the program that made it, in both directions: what a later version adds
/// leaves this one able to work.
@Suite struct SchemaTests {
    /// The kind of steps that a later version may append: a table, an index, and a column more in
    /// every table that there is.
    private static func later(_ connection: borrowing Connection) throws -> String {
        let tables = try connection.query(
            "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%' "
                + "ORDER BY name"
        ) { $0.text(0) }
        let columns = tables.map { "ALTER TABLE \($0) ADD COLUMN later TEXT DEFAULT 'x';" }
        return columns.joined()
            + "CREATE TABLE later(a PRIMARY KEY) WITHOUT ROWID; INSERT INTO later VALUES(7);"
            + "CREATE INDEX cell_later ON cell(later);"
    }

    private static func upgrade(_ path: String, from migrations: Migrations) throws {
        let connection = try Connection.open(path)
        let step = try later(connection)
        try Migrations(steps: migrations.steps + [step]).apply(connection)
        #expect(
            try connection.integer("PRAGMA user_version") == Int64(migrations.steps.count) + 1)
    }

    private static func check(_ path: String, _ version: Int) throws {
        let connection = try Connection.open(path)
        #expect(try connection.quickCheck() == [])
        #expect(try connection.integer("SELECT a FROM later") == 7)
        #expect(try connection.integer("PRAGMA user_version") == Int64(version) + 1)
    }

    @Test func aBoardsDatabaseOfALaterVersionOpensAndWorks() throws {
        let folder = try StoreFolder()
        let path = folder.file()
        do {
            let store = try AgentStore(folder, epoch: epoch(1))
            try store.write("desired/a", .int(1))
            try store.append([row(1), row(2)])
            try store.close()
        }
        try Self.upgrade(path, from: AgentStore.migrations)
        do {
            let store = try AgentStore(folder, epoch: epoch(2))
            #expect(try store.value("desired/a") == .int(1))
            #expect(store.totals.written == 2)
            try store.write("desired/a", .int(2))
            try store.write([.add(try TwinPath("sets/a"), .int(1))])
            try store.write([.delete(try TwinPath("sets/a"))])
            try store.append([row(3)])
            try store.acknowledge(sequence("telemetry", epoch(1)), upto: 2)
            try store.copyTwin(to: folder.file("copy.db"))
            try store.close()
        }
        try Self.check(path, AgentStore.migrations.steps.count)
        let store = try AgentStore(folder, epoch: epoch(3))
        #expect(try store.value("desired/a") == .int(2))
        #expect(try store.context() == CausalContext([epoch(1): 1, epoch(2): 3]))
        #expect(try store.items(sequence("telemetry", epoch(2))).compactMap(\.number) == [3])
        #expect(
            try AgentStore(folder, epoch: epoch(4), name: "copy.db").value("desired/a") == .int(2))
    }

    @Test func aHubsDatabaseOfALaterVersionOpensAndWorks() throws {
        let folder = try StoreFolder()
        let device = DeviceRecord(
            id: board, name: board, labels: [:], state: .active, registered: now, lastSeen: now)
        func write(_ store: HubStore, _ value: Int64) throws {
            try store.write { () throws(SQLiteError) in
                try store.devices.put(device)
                _ = try store.apply(.set(wish, .int(value)), to: board, now: now)
                let batch = LogBatch(
                    sequence: sequence("event", epoch(UInt64(value))), first: 1,
                    items: [.row(row(Int(value)))], clocks: [])
                _ = try store.log.ingest(board, batch)
            }
            #expect(try store.owns(board, epoch(UInt64(value))))
        }
        let wish = try TwinPath("desired/a")
        do { try write(try HubStore(folder), 1) }
        try Self.upgrade(folder.file("hub.db"), from: HubStore.migrations)
        do {
            let store = try HubStore(folder, epoch: hubEpoch(2))
            try write(store, 2)
            #expect(try store.log.page(board, stream: nil, after: 0, limit: 9).count == 2)
            try store.addToken(hash: "abc", name: "admin", at: now)
        }
        try Self.check(folder.file("hub.db"), HubStore.migrations.steps.count)
        let store = try HubStore(folder, epoch: hubEpoch(3))
        #expect(try store.twin.document(board).register(wish)?.value == .int(2))
        #expect(try store.operators.all().map(\.hash) == ["abc"] && store.devices.all() == [device])
    }
}
