import Platform
import SyncProtocol
import Testing

@testable import SQLiteStore

private let telemetry = sequence("telemetry", epoch(1))

@Suite struct OutboxTests {
    @Test func numbersAreContiguousAcrossCommits() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        try store.append([row(1), row(2)])
        try store.append([row(3)])
        try store.append([row(1)], to: "alarm", .alarm)
        #expect(store.outbox.streams[telemetry]?.last == 3)
        #expect(try store.items(telemetry).compactMap(\.number) == [1, 2, 3])
        let batch = try #require(try store.outbox.batch(telemetry, from: 2, bytes: 1 << 20))
        #expect(batch.first == 2 && batch.last == 3)
        #expect(try store.outbox.batch(telemetry, from: 4, bytes: 1 << 20) == nil)
        #expect(try store.outbox.batch(sequence("event", epoch(1)), from: 1, bytes: 100) == nil)
    }

    @Test func aBatchIsAboutAsLongAsAskedAndNeverEmpty() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        try store.append((1...50).map { row($0, bytes: 200) })
        var (next, batches) = (UInt64(1), 0)
        while let batch = try store.outbox.batch(telemetry, from: next, bytes: 1000) {
            let frame = encode(.log(batch))
            #expect(frame.count < 1500)
            #expect(batch.first == next)
            next = batch.last + 1
            batches += 1
        }
        #expect(next == 51 && batches > 5)
        let one = try #require(try store.outbox.batch(telemetry, from: 7, bytes: 1))
        #expect(one.items.count == 1 && one.items[0].number == 7)
    }

    /// However short its rows are, a batch ends at what a frame may hold, and the next goes on.
    @Test func moreRowsThanAFrameHoldsAreSeveralBatches() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        let count = LogBatchCodec.itemsMost + 7
        try store.append((1...count).map { row($0) })
        var (next, numbers) = (UInt64(1), [Int64]())
        while let batch = try store.outbox.batch(telemetry, from: next, bytes: 1 << 30) {
            #expect(batch.first == next && batch.items.count <= LogBatchCodec.itemsMost)
            #expect(batch.items.allSatisfy { $0.gap == nil })
            numbers += batch.items.compactMap(\.number)
            next = batch.last + 1
        }
        #expect(numbers == (1...count).map(Int64.init))
    }

    @Test func acknowledgedRowsAreReleasedAndOnlyThose() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        try store.append((1...5).map { row($0) })
        try store.acknowledge(telemetry, upto: 3)
        #expect(try store.connection.integer("SELECT count(*) FROM log") == 2)
        #expect(try store.items(telemetry, from: 4).compactMap(\.number) == [4, 5])
        #expect(store.totals == store.totals(written: 5, acknowledged: 3, dropped: 0))
        // Older and repeated acknowledgements, and one beyond the last row, change nothing.
        for upto: UInt64 in [0, 2, 3, 6, .max] { try store.acknowledge(telemetry, upto: upto) }
        try store.acknowledge(sequence("absent", epoch(1)), upto: 1)
        #expect(store.outbox.streams[telemetry]?.acknowledged == 3)
        #expect(store.totals == store.totals(written: 5, acknowledged: 3, dropped: 0))
    }

    /// The hub asks again for what it had acknowledged: its store is an older one.
    @Test func whatTheHubLostIsAGapAndNotAHole() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        try store.append((1...5).map { row($0) })
        try store.acknowledge(telemetry, upto: 3)
        let items = try store.items(telemetry, from: 2)
        #expect(items.first?.gap == LogGap(first: 2, last: 3, reason: .lostByHub))
        #expect(items.dropFirst().compactMap(\.number) == [4, 5])
        // A log that was acknowledged whole answers with the gap alone.
        try store.acknowledge(telemetry, upto: 5)
        #expect(
            try store.items(telemetry, from: 5).map(\.gap)
                == [LogGap(first: 5, last: 5, reason: .lostByHub)])
    }

    @Test func rowsWithoutARecordAreReportedAsDamaged() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        try store.append((1...6).map { row($0) })
        try store.connection.execute("DELETE FROM log WHERE id & 0xFFFFFFFF IN (1, 3, 4, 6)")
        let items = try store.items(telemetry)
        let gaps = [
            LogGap(first: 1, last: 1, reason: .damaged),
            LogGap(first: 3, last: 4, reason: .damaged),
            LogGap(first: 6, last: 6, reason: .damaged),
        ]
        #expect(items.compactMap(\.gap) == gaps)
        #expect(items.compactMap(\.number) == [2, 5])
    }

    @Test func clocksGoWithTheRowsOfTheirBoot() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        try store.append([row(1, quality: .unset, boot: 1), row(2, boot: 2), row(3, boot: 3)])
        let clocks = [
            BootClock(boot: BootID(rawValue: 1), offset: 5, quality: .plausible),
            BootClock(boot: BootID(rawValue: 9), offset: 6, quality: .plausible),
            BootClock(boot: BootID(rawValue: 1), offset: 7, quality: .synchronized),
        ]
        for clock in clocks {
            var batch = AgentStore.Batch(now: now)
            batch.clock = clock
            _ = try store.commit(batch)
        }
        let batch = try #require(try store.outbox.batch(telemetry, from: 1, bytes: 1 << 20))
        #expect(batch.clocks == [clocks[2]])
        let later = try #require(try store.outbox.batch(telemetry, from: 2, bytes: 1 << 20))
        #expect(later.clocks.isEmpty)
    }

    @Test func aClosedEpochIsForgottenOnceItIsAcknowledged() throws {
        let folder = try StoreFolder()
        do { try AgentStore(folder, epoch: epoch(1)).append([row(1), row(2)]) }
        let store = try AgentStore(folder, epoch: epoch(2))
        try store.append([row(1)])
        try store.acknowledge(telemetry, upto: 1)
        #expect(store.outbox.streams[telemetry]?.acknowledged == 1)
        try store.acknowledge(telemetry, upto: 2)
        #expect(store.outbox.streams[telemetry] == nil)
        // The current one stays: it goes on.
        try store.acknowledge(sequence("telemetry", epoch(2)), upto: 1)
        #expect(store.outbox.streams[sequence("telemetry", epoch(2))] != nil)
        #expect(store.totals == store.totals(written: 3, acknowledged: 3, dropped: 0))
    }

    /// No acknowledgement comes for an epoch that was acknowledged before it closed.
    @Test func aThousandBootsLeaveNoStreamsBehind() throws {
        let folder = try StoreFolder()
        for boot in 1...20 as ClosedRange<UInt64> {
            let store = try AgentStore(folder, epoch: epoch(boot))
            try store.append([row(1)])
            try store.append([row(1)], to: "event", .event)
            try store.acknowledge(sequence("telemetry", epoch(boot)), upto: 1)
            try store.acknowledge(sequence("event", epoch(boot)), upto: 1)
            #expect(store.outbox.streams.count == 2)
            #expect(try store.connection.integer("SELECT count(*) FROM stream") == 2)
            try store.close()
        }
    }

    @Test func anUnreadableRowIsADamagedDatabase() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        try store.append([row(1)])
        try store.connection.execute("UPDATE log SET value=x'FF'")
        let error = #expect(throws: SQLiteError.self) { try store.items(telemetry) }
        #expect(error?.kind == .damaged)
    }
}

extension AgentStore {
    func totals(written: UInt64, acknowledged: UInt64, dropped: UInt64) -> LogTotals {
        var totals = self.totals
        (totals.written, totals.acknowledged, totals.dropped) = (written, acknowledged, dropped)
        return totals
    }
}
