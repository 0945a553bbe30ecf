import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import SQLiteStore

private let telemetry = sequence("telemetry", epoch(1))
private let event = sequence("event", epoch(1))
private let alarm = sequence("alarm", epoch(1))

private func days(_ count: Int64) -> WallTime {
    WallTime(milliseconds: now.milliseconds + count * day)
}

extension AgentStore {
    /// Rows that are stored, by number.
    fileprivate func stored(_ sequence: LogSequence) throws -> [Int64] {
        try items(sequence).compactMap(\.number)
    }

    fileprivate func gaps(_ sequence: LogSequence) throws -> [LogGap] {
        try items(sequence).compactMap(\.gap)
    }
}

@Suite struct BoundsTests {
    @Test func theLowestClassIsEvictedFirstAndOfItTheOldest() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1), bytesMaximum: 220_000)
        for (stream, priority) in [
            ("alarm", MessagePriority.alarm), ("event", .event), ("telemetry", .telemetry),
        ] {
            try store.append((1...400).map { row($0, bytes: 150) }, to: stream, priority)
        }
        let dropped = try store.enforceBounds(sent: [:], now: nil)
        #expect(try store.bytesUsed() <= 220_000)
        // All of the telemetry and the beginning of the events had to go.
        #expect(try store.stored(alarm).count == 400)
        #expect(try store.stored(telemetry).isEmpty)
        let events = try store.stored(event)
        #expect(!events.isEmpty && events.count < 400 && events.last == 400)
        #expect(
            try store.gaps(event)
                == [LogGap(first: 1, last: UInt64(400 - events.count), reason: .evicted)])
        #expect(try store.gaps(telemetry) == [LogGap(first: 1, last: 400, reason: .evicted)])
        #expect(dropped.reduce(0) { $0 + $1.rows } == store.totals.dropped)
        #expect(dropped.allSatisfy { $0.reason == .evicted && $0.stream != "alarm" })
        #expect(store.totals.pending == UInt64(400 + events.count))
    }

    @Test func belowTheBoundNothingIsDropped() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1), bytesMaximum: 1 << 20)
        try store.append((1...100).map { row($0, bytes: 150) })
        #expect(try store.enforceBounds(sent: [:], now: now).isEmpty)
        #expect(try store.stored(telemetry).count == 100)
    }

    /// The epochs' names are random; their order of birth is not that of their names.
    @Test(arguments: [[epoch(1), epoch(2)], [epoch(2), epoch(1)]])
    func theOldestEpochIsEvictedFirst(epochs: [Epoch]) throws {
        let folder = try StoreFolder()
        for epoch in epochs {
            try AgentStore(folder, epoch: epoch).append((1...300).map { row($0, bytes: 150) })
        }
        let store = try AgentStore(folder, epoch: epoch(9), bytesMaximum: 120_000)
        try store.append([row(1)])
        _ = try store.enforceBounds(sent: [:], now: nil)
        let (older, newer) = (
            try store.stored(sequence("telemetry", epochs[0])),
            try store.stored(sequence("telemetry", epochs[1]))
        )
        #expect(older.count < 300 && newer.count == 300)
        #expect(try store.stored(sequence("telemetry", epoch(9))) == [1])
    }

    @Test func whatIsOnItsWayStays() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1), bytesMaximum: 60_000)
        try store.append((1...400).map { row($0, bytes: 150) })
        try store.acknowledge(telemetry, upto: 10)
        _ = try store.enforceBounds(sent: [telemetry: 50], now: nil)
        let items = try store.items(telemetry, from: 11)
        #expect(items.prefix(40).compactMap(\.number) == Array(11...50))
        #expect(items.dropFirst(40).first?.gap?.first == 51)
        #expect(try store.bytesUsed() <= 60_000)
        // Where all of it is on its way, the bound has to wait.
        _ = try store.enforceBounds(sent: [telemetry: 400], now: days(999))
        #expect(try store.stored(telemetry).contains(400))
    }

    @Test func oneRunOfDroppedRowsIsOneRecord() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1), bytesMaximum: 100_000)
        for round in 0..<10 {
            try store.append((1...100).map { row(round * 100 + $0, bytes: 150) })
            _ = try store.enforceBounds(sent: [:], now: nil)
        }
        #expect(try store.gaps(telemetry).count == 1)
        #expect(try store.connection.integer("SELECT count(*) FROM gap") == 1)
        #expect(try store.gaps(telemetry).first?.count == store.totals.dropped)
    }

    @Test func rowsOfKnownAgeExpire() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1), ageMaximum: 30 * 86_400_000)
        try store.append([
            row(1, wall: days(0)), row(2, wall: days(1)), row(3, wall: days(40)),
        ])
        // Nothing is too old while nobody knows the time.
        #expect(try store.enforceBounds(sent: [:], now: nil).isEmpty)
        #expect(try store.enforceBounds(sent: [:], now: days(30)).isEmpty)
        let dropped = try store.enforceBounds(sent: [:], now: days(45))
        #expect(dropped.map(\.rows) == [2] && dropped.first?.reason == .expired)
        #expect(try store.gaps(telemetry) == [LogGap(first: 1, last: 2, reason: .expired)])
        #expect(try store.stored(telemetry) == [3])
    }

    /// A clock that nobody vouched for may be months behind: fresh rows would look old.
    @Test func rowsOfAMerelyPlausibleClockStay() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1), ageMaximum: 30 * 86_400_000)
        try store.append([row(1, wall: days(0), quality: .plausible)])
        #expect(try store.enforceBounds(sent: [:], now: days(45)).isEmpty)
    }

    /// A board without a battery clock boots in 1970 each time, so that rows of no known age stand
    /// between old ones. They stay, and every row is counted.
    @Test func rowsOfUnknownAgeBetweenOldOnesStay() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        let year1970 = WallTime(milliseconds: 5000)
        try store.append([
            row(1, wall: days(0)), row(2, wall: year1970, quality: .unset), row(3, wall: days(1)),
            row(4, wall: days(60)), row(5, wall: days(2)),
        ])
        let dropped = try store.enforceBounds(sent: [:], now: days(61))
        #expect(try store.stored(telemetry) == [2, 4])
        #expect(dropped.reduce(0) { $0 + $1.rows } == 3)
        #expect(store.totals == store.totals(written: 5, acknowledged: 0, dropped: 3))
        #expect(
            try store.gaps(telemetry)
                == [1, 3, 5].map { LogGap(first: $0, last: $0, reason: .expired) })
        try store.acknowledge(telemetry, upto: 5)
        #expect(store.totals == store.totals(written: 5, acknowledged: 2, dropped: 3))
    }

    @Test func eachReasonHasItsOwnRecord() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1), bytesMaximum: 40_000)
        try store.append([row(1, wall: days(-40)), row(2, wall: days(-40))])
        try store.append((3...300).map { row($0, bytes: 150) })
        _ = try store.enforceBounds(sent: [:], now: now)
        let gaps = try store.gaps(telemetry)
        #expect(gaps.map(\.reason) == [.expired, .evicted])
        #expect(gaps.first == LogGap(first: 1, last: 2, reason: .expired))
        #expect(gaps.last?.first == 3)
    }

    /// Whatever happens, each row that was written is acknowledged, dropped or still to come, and
    /// the numbers that a hub would see have no hole.
    @Test func everyRowIsCountedOnce() throws {
        var generator = SeededGenerator.announced(for: "everyRowIsCountedOnce")
        for _ in 0..<8 {
            let folder = try StoreFolder()
            var boot: UInt64 = 1
            var store = try AgentStore(folder, epoch: epoch(boot), bytesMaximum: 80_000)
            var written: UInt64 = 0
            var hub: [LogSequence: UInt64] = [:]
            for _ in 0..<120 {
                switch Int.random(in: 0..<8, using: &generator) {
                case 0...3:
                    let (stream, priority) =
                        [
                            ("alarm", MessagePriority.alarm), ("event", .event),
                            ("telemetry", .telemetry),
                        ]
                        .randomElement(using: &generator) ?? ("event", .event)
                    let rows = (0..<Int.random(in: 1...30, using: &generator)).map { number in
                        row(
                            number, wall: days(Int64.random(in: -50...0, using: &generator)),
                            quality: generator.once(in: 3) ? .unset : .synchronized,
                            bytes: Int.random(in: 0...300, using: &generator))
                    }
                    try store.append(rows, to: stream, priority)
                    written += UInt64(rows.count)
                case 4:
                    let sent = store.outbox.streams.mapValues { stream in
                        min(stream.last, stream.acknowledged + 20)
                    }
                    _ = try store.enforceBounds(
                        sent: sent, now: generator.once(in: 2) ? now : nil)
                case 5, 6:
                    guard
                        let stream = store.outbox.streams.values
                            .sorted(by: { $0.sequence < $1.sequence })
                            .randomElement(using: &generator),
                        let batch = try store.outbox.batch(
                            stream.sequence, from: stream.acknowledged + 1, bytes: 3000)
                    else { continue }
                    #expect(batch.first == hub[stream.sequence, default: 0] + 1)
                    hub[stream.sequence] = batch.last
                    try store.acknowledge(stream.sequence, upto: batch.last)
                default:
                    boot += 1
                    if generator.once(in: 2) { try store.close() }
                    store = try AgentStore(folder, epoch: epoch(boot), bytesMaximum: 80_000)
                }
                let totals = store.totals
                let rows = try store.connection.integer("SELECT count(*) FROM log")
                #expect(totals.written == written)
                #expect(totals.written == totals.acknowledged + totals.dropped + UInt64(rows))
            }
            #expect(try store.quickCheck() == [])
        }
    }
}
