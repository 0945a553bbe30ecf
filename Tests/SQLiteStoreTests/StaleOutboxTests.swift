import Platform
import SyncProtocol
import Testing

@testable import SQLiteStore

/// A failed commit leaves the outbox in memory ahead of the database, and on a failing card it
/// cannot always be read again at once.
@Suite struct StaleOutboxTests {
    @Test func anOutboxThatCouldNotBeReadAfterAFailedCommitIsReadBeforeTheNext() throws {
        let folder = try StoreFolder()
        let store = try AgentStore(folder, epoch: epoch(1))
        let telemetry = sequence("telemetry", epoch(1))
        try store.append([row(1), row(2)])
        let streams = store.outbox.streams
        // The commit fails after its rows, and so does the reading of the streams.
        try store.connection.execute(
            "CREATE TRIGGER stop BEFORE INSERT ON meta BEGIN SELECT RAISE(ABORT, 'stop'); END; "
                + "UPDATE stream SET priority=9")
        #expect(throws: SQLiteError.self) { try store.append([row(3)]) }
        #expect(store.outbox.streams != streams)
        // Also with room on the disk nothing is written on top of what is not so.
        try store.connection.execute("DROP TRIGGER stop")
        #expect(throws: SQLiteError.self) { try store.append([row(3)]) }
        #expect(try store.connection.integer("SELECT count(*) FROM log") == 2)

        try store.connection.execute(
            "UPDATE stream SET priority=\(MessagePriority.telemetry.rawValue)")
        try store.append([row(3)])
        // No number was skipped: the hub would take it for a loss.
        #expect(store.outbox.streams[telemetry]?.last == 3)
        #expect(try store.items(telemetry).map(\.number) == [1, 2, 3])
        #expect(store.totals.written == 3 && store.totals.pending == 3)
        try store.append([row(4)])
        #expect(try store.items(telemetry).map(\.number) == [1, 2, 3, 4])
    }
}
