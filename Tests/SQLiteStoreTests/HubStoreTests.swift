import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import SQLiteStore

private let telemetry = sequence("telemetry", epoch(1))
private let alarm = sequence("alarm", epoch(1))

private func batch(
    _ sequence: LogSequence, _ first: UInt64, _ items: [LogItem], clocks: [BootClock] = []
) -> LogBatch {
    LogBatch(sequence: sequence, first: first, items: items, clocks: clocks)
}

private func rows(_ numbers: ClosedRange<Int>) -> [LogItem] { numbers.map { .row(row($0)) } }

private func gap(_ first: UInt64, _ last: UInt64) -> LogItem {
    .gap(LogGap(first: first, last: last, reason: .evicted))
}

extension HubStore {
    convenience init(
        _ folder: StoreFolder, epoch: Epoch = hubEpoch(1), name: String = "hub.db"
    ) throws(SQLiteError) {
        try self.init(path: folder.file(name), epoch: epoch)
    }

    @discardableResult
    fileprivate func ingest(_ batch: LogBatch, of device: String = board) throws -> UInt64 {
        try write { () throws(SQLiteError) in try log.ingest(device, batch) }
    }

    fileprivate func entries(of device: String = board, stream: String? = nil) throws -> [LogEntry]
    {
        try log.page(device, stream: stream, after: 0, limit: 10_000)
    }

    fileprivate func cursor(_ sequence: LogSequence) throws -> LogCursor? {
        try log.cursors(board).first { $0.sequence == sequence }
    }

    fileprivate func trim(_ maximum: Int) throws {
        try write { () throws(SQLiteError) in try log.trim(board, maximum: maximum) }
    }
}

@Suite struct HubLogTests {
    @Test func aBatchTwiceIsABatchOnce() throws {
        let store = try HubStore(StoreFolder())
        for _ in 0..<2 { #expect(try store.ingest(batch(telemetry, 1, rows(1...3))) == 3) }
        // One that overlaps adds what is new of it.
        #expect(try store.ingest(batch(telemetry, 2, rows(2...5))) == 5)
        #expect(try store.ingest(batch(telemetry, 1, rows(1...2))) == 5)
        let entries = try store.entries()
        #expect(entries.compactMap(\.item.number) == [1, 2, 3, 4, 5])
        #expect(entries.map(\.first) == [1, 2, 3, 4, 5])
        #expect(try store.cursor(telemetry)?.rows == 5)
        #expect(try store.log.upto(board, telemetry) == 5)
    }

    @Test func aBatchBeyondTheCursorAddsNothing() throws {
        let store = try HubStore(StoreFolder())
        #expect(try store.ingest(batch(telemetry, 2, rows(2...3))) == 0)
        #expect(try store.ingest(batch(telemetry, 1, rows(1...2))) == 2)
        #expect(try store.ingest(batch(telemetry, 4, rows(4...5))) == 2)
        #expect(try store.ingest(batch(telemetry, 4, [gap(4, 9)])) == 2)
        #expect(try store.entries().count == 2)
    }

    @Test func gapsAreClippedAtTheCursor() throws {
        let store = try HubStore(StoreFolder())
        try store.ingest(batch(telemetry, 1, rows(1...3)))
        // The board dropped rows that the hub had by then.
        #expect(try store.ingest(batch(telemetry, 2, [gap(2, 6)] + rows(7...7))) == 7)
        let entries = try store.entries()
        #expect(entries.compactMap(\.item.number) == [1, 2, 3, 7])
        #expect(
            entries.compactMap(\.item.gap) == [LogGap(first: 4, last: 6, reason: .evicted)])
        let cursor = try #require(try store.cursor(telemetry))
        #expect(cursor.rows == 4 && cursor.gapRows == 3 && cursor.upto == 7)
        #expect(try store.ingest(batch(telemetry, 2, [gap(2, 6)] + rows(7...7))) == 7)
        #expect(try store.cursor(telemetry) == cursor)
    }

    @Test func batchesInAnyOrderAddUpToTheSameLog() throws {
        var generator = SeededGenerator.announced(for: "batchesInAnyOrderAddUpToTheSameLog")
        for _ in 0..<10 {
            let store = try HubStore(StoreFolder())
            let batches = (0..<30).map { _ in
                let first = Int.random(in: 1...90, using: &generator)
                return batch(telemetry, UInt64(first), rows(first...first + 10))
            }
            for _ in 0..<12 {
                for batch in batches.shuffled(using: &generator) { try store.ingest(batch) }
                try store.ingest(batch(telemetry, 1, rows(1...1)))
            }
            let upto = try store.log.upto(board, telemetry)
            #expect(
                try store.entries().compactMap(\.item.number) == Array(1...Int64(max(upto, 1))))
            #expect(try store.cursor(telemetry)?.rows == upto)
        }
    }

    @Test func numbersIncreasePerDeviceAcrossStreamsAndOpenings() throws {
        let folder = try StoreFolder()
        do {
            let store = try HubStore(folder)
            try store.ingest(batch(telemetry, 1, rows(1...2)))
            try store.ingest(batch(alarm, 1, rows(1...1)))
            try store.ingest(batch(alarm, 1, rows(1...1)), of: "board-2")
        }
        let store = try HubStore(folder, epoch: hubEpoch(2))
        try store.ingest(batch(telemetry, 3, [gap(3, 9)] + rows(10...10)))
        #expect(try store.entries().map(\.number) == [1, 2, 3, 4, 5])
        #expect(try store.entries(of: "board-2").map(\.number) == [1])
        #expect(try store.entries(stream: "alarm").map(\.number) == [3])
        let page = try store.log.page(board, stream: nil, after: 2, limit: 2)
        #expect(page.map(\.number) == [3, 4])
        // From the end, over all streams.
        let last = try store.log.page(board, stream: nil, after: -2, limit: 9)
        #expect(last.map(\.number) == [4, 5])
        let all = try store.log.page(board, stream: nil, after: -99, limit: 9)
        #expect(all.map(\.number) == [1, 2, 3, 4, 5])
        #expect(try store.log.page("board-3", stream: nil, after: -1, limit: 9).isEmpty)
    }

    @Test func aFailedWriteLeavesNoHoleInTheNumbers() throws {
        let store = try HubStore(StoreFolder())
        try store.ingest(batch(telemetry, 1, rows(1...1)))
        #expect(throws: stop) {
            try store.write { () throws(SQLiteError) in
                _ = try store.log.ingest(board, batch(telemetry, 2, rows(2...5)))
                throw stop
            }
        }
        #expect(try store.log.upto(board, telemetry) == 1)
        try store.ingest(batch(telemetry, 2, rows(2...2)))
        #expect(try store.entries().map(\.number) == [1, 2])
    }

    @Test func retentionTakesTelemetryFirstAndCounts() throws {
        let store = try HubStore(StoreFolder())
        try store.ingest(batch(alarm, 1, rows(1...10)))
        try store.ingest(batch(telemetry, 1, [gap(1, 5)] + rows(6...25)))
        try store.ingest(batch(alarm, 11, rows(11...11)))
        // 32 entries. Within a tenth of the bound nothing happens: counting is not free.
        try store.trim(30)
        #expect(try store.entries().count == 32)
        try store.trim(20)
        #expect(try store.entries().count == 20)
        #expect(try store.entries(stream: "alarm").count == 11)
        #expect(try store.entries(stream: "telemetry").compactMap(\.item.number) == Array(18...25))
        #expect(try store.cursor(telemetry)?.trimmedRows == 12)
        // Alarms go only once there is no telemetry left, and the oldest entries first.
        try store.trim(8)
        #expect(try store.entries(stream: "alarm").compactMap(\.item.number) == Array(5...11))
        #expect(try store.entries(stream: "telemetry").compactMap(\.item.gap).count == 1)
        #expect(try store.cursor(alarm)?.trimmedRows == 4)
        // What was trimmed is not asked for again.
        #expect(try store.ingest(batch(telemetry, 6, rows(6...26))) == 26)
        #expect(try store.entries(stream: "telemetry").compactMap(\.item.number) == [26])
    }

    /// A reader that follows by number would miss rows under a number that it has seen.
    @Test func retentionReusesNoNumber() throws {
        let folder = try StoreFolder()
        do {
            let store = try HubStore(folder)
            try store.ingest(batch(alarm, 1, rows(1...20)))
            try store.ingest(batch(telemetry, 1, rows(1...1)))
            try store.trim(10)
            #expect(try store.entries().last?.number == 21)
        }
        let store = try HubStore(folder, epoch: hubEpoch(2))
        try store.ingest(batch(alarm, 21, rows(21...21)))
        #expect(try store.entries().last?.number == 22)
    }

    @Test func aBootsClockCorrectsRowsFromBeforeItWasSet() throws {
        let store = try HubStore(StoreFolder())
        let early = LogItem.row(row(1, wall: WallTime(milliseconds: 3000), quality: .unset))
        let other = LogItem.row(
            row(2, wall: WallTime(milliseconds: 3000), quality: .unset, boot: 2))
        let plausible = LogItem.row(row(3, wall: now, quality: .plausible))
        try store.ingest(batch(telemetry, 1, [early, other, plausible]))
        func clock(_ offset: Int64, _ quality: ClockQuality) -> BootClock {
            BootClock(boot: BootID(rawValue: 1), offset: Milliseconds(offset), quality: quality)
        }
        func times() throws -> [LogTime] {
            try store.entries().compactMap { entry in
                if case .row(let row) = entry.item { row.time } else { nil }
            }
        }
        #expect(try times()[0].wall.milliseconds == 3000)
        try store.ingest(batch(telemetry, 4, [], clocks: [clock(now.milliseconds, .synchronized)]))
        // A worse clock that is told later changes nothing.
        try store.ingest(batch(telemetry, 4, [], clocks: [clock(7, .plausible)]))
        let corrected = try times()
        #expect(corrected[0].wall.milliseconds == now.milliseconds + 1000)
        #expect(corrected[0].quality == .synchronized)
        #expect(corrected[1].wall.milliseconds == 3000 && corrected[1].quality == .unset)
        #expect(corrected[2].wall == now && corrected[2].quality == .plausible)
    }

    @Test func keysKeepTheirZeroBytes() throws {
        let store = try HubStore(StoreFolder())
        guard case .row(let plain) = rows(1...1)[0] else { return }
        let item = LogItem.row(LogRow(time: plain.time, key: "a\0b", value: plain.value))
        try store.ingest(batch(telemetry, 1, [item]))
        #expect(try store.entries().map(\.item) == [item])
    }
}

@Suite struct HubHistoryTests {
    @Test func aHubKnowsEveryCommitOfItsOwnHistory() throws {
        let folder = try StoreFolder()
        let first: HubReference
        do {
            let store = try HubStore(folder)
            #expect(try store.knows(store.reference))
            try store.write { () throws(SQLiteError) in () }
            first = store.reference
            #expect(first == HubReference(epoch: hubEpoch(1), commit: 2))
            #expect(try store.knows(HubReference(epoch: first.epoch, commit: 1)))
            #expect(try !store.knows(HubReference(epoch: first.epoch, commit: 3)))
        }
        let store = try HubStore(folder, epoch: hubEpoch(2))
        #expect(try store.knows(first) && store.knows(store.reference))
        #expect(store.reference.epoch == hubEpoch(2))
    }

    @Test func aWipedOrRestoredHubDoesNotKnowWhatItLost() throws {
        let folder = try StoreFolder()
        let (kept, lost): (HubReference, HubReference)
        do {
            let store = try HubStore(folder)
            kept = store.reference
            try folder.copy("hub.db", to: "backup.db")
            try store.write { () throws(SQLiteError) in () }
            lost = store.reference
        }
        let restored = try HubStore(folder, epoch: hubEpoch(2), name: "backup.db")
        #expect(try restored.knows(kept) && !restored.knows(lost))
        let wiped = try HubStore(folder, epoch: hubEpoch(3), name: "wiped.db")
        #expect(try !wiped.knows(kept) && !wiped.knows(lost))
    }

    @Test func aFailedWriteIsNoPartOfTheHistory() throws {
        let store = try HubStore(StoreFolder())
        let (reference, clock) = (store.reference, store.clock)
        #expect(throws: stop) {
            try store.write { () throws(SQLiteError) in
                _ = store.clock.stamp(now)
                throw stop
            }
        }
        #expect(store.reference == reference && store.clock == clock)
        #expect(
            try !store.knows(HubReference(epoch: reference.epoch, commit: reference.commit + 1)))
    }

    @Test func theClockIsKept() throws {
        let folder = try StoreFolder()
        for stamp in [HybridTimestamp(wall: now), HybridTimestamp(rawValue: .max)] {
            do {
                let store = try HubStore(folder)
                try store.write { () throws(SQLiteError) in store.clock.observe(stamp) }
            }
            #expect(try HubStore(folder, epoch: hubEpoch(2)).clock.latest == stamp)
        }
    }

    @Test func tokensAreKnownByTheirHash() throws {
        let folder = try StoreFolder()
        do { try HubStore(folder).addToken(hash: "abc", name: "admin", at: now) }
        let store = try HubStore(folder, epoch: hubEpoch(2))
        #expect(try store.operators.all().map(\.hash) == ["abc"])
        #expect(throws: SQLiteError.self) { try store.addToken(hash: "abc", name: "x", at: now) }
    }
}

@Suite struct HubDeviceTests {
    private func record(_ id: String, labels: [String: String] = [:]) -> DeviceRecord {
        DeviceRecord(
            id: id, name: "Name \"of\" \0 \(id)", labels: labels, state: .active, registered: now,
            lastSeen: now)
    }

    @Test func devicesReadBackTheSame() throws {
        let folder = try StoreFolder()
        var one = record("b", labels: ["site": "barn \"2\"", "": "é"])
        do {
            let store = try HubStore(folder)
            try store.write { () throws(SQLiteError) in
                try store.devices.put(one)
                try store.devices.put(record("a"))
                (one.state, one.name) = (.removed, "new")
                one.lastSeen = WallTime(milliseconds: 0)
                try store.devices.put(one)
            }
        }
        let store = try HubStore(folder, epoch: hubEpoch(2))
        #expect(try store.devices.all() == [record("a"), one])
        try store.write { () throws(SQLiteError) in try store.devices.remove("a") }
        #expect(try store.devices.all() == [one])
    }

    @Test func removalDeletesAllThatIsStoredOfADeviceAndOfNoOther() throws {
        let store = try HubStore(StoreFolder())
        let path = try TwinPath("desired/a")
        let cell = Cell(
            path: path, dot: Dot(epoch: hubEpoch(1), counter: 1), stamp: 1, value: .int(1))
        let clock = BootClock(boot: BootID(rawValue: 1), offset: 1, quality: .plausible)
        for device in [board, "board-2"] {
            try store.ingest(batch(telemetry, 1, rows(1...3), clocks: [clock]), of: device)
            try store.write { () throws(SQLiteError) in
                let twin = store.twin.document(device)
                try twin.put(cell)
                try twin.keep(Removal(dot: cell.dot, removed: [cell.dot]))
                try twin.advance(hubEpoch(1), to: 1)
            }
        }
        #expect(try store.owns(board, epoch(1)))
        try store.write { () throws(SQLiteError) in try store.deleteData(of: board) }
        for (table, column) in [
            ("cell", "doc"), ("removal", "doc"), ("context", "doc"), ("log", "device"),
            ("cursor", "device"), ("boot_clock", "device"),
        ] {
            func count(_ device: String) throws -> Int64 {
                try store.connection.integer(
                    "SELECT count(*) FROM \(table) WHERE \(column)='\(device)'")
            }
            #expect(try count(board) == 0, "\(table)")
            #expect(try count("board-2") > 0, "\(table)")
        }
        #expect(try !store.owns("board-2", epoch(1)) && store.owns(board, epoch(1)))
        // A device that joins again starts from the beginning.
        #expect(try store.log.upto(board, telemetry) == 0)
        #expect(try store.ingest(batch(telemetry, 1, rows(1...1))) == 1)
    }

    /// A table that keeps something of a device, but is not named in `deleteData`, is found here.
    @Test func everyTableOfADeviceIsKnownToTheRemoval() throws {
        let store = try HubStore(StoreFolder())
        let tables = try store.connection.query(
            "SELECT m.name FROM sqlite_schema m, pragma_table_info(m.name) c "
                + "WHERE m.type='table' AND c.name IN ('doc','device') ORDER BY m.name"
        ) { $0.text(0) }
        // Whose an epoch was is kept: what it wrote to shared documents is still there, and no
        // other device may go on writing in its name. A certificate is kept until it has ended, for
        // what is not on the list of revoked ones is believed. Places are the hub's to take back, and
        // a lease is remembered until nobody can hold it.
        #expect(
            tables == [
                "boot_clock", "cell", "certificate", "context", "cursor", "epoch_owner", "identity",
                "lease", "log", "place", "removal",
            ])
    }
}
