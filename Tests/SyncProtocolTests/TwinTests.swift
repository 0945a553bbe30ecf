import Platform
import SyncProtocol
import TestSupport
import Testing

@Suite struct TwinPathTests {
    @Test(arguments: [
        ("reported/a", CellKind.singleWriter), ("desired/workloads/web", .lastWriterWins),
        ("config/é/😀", .lastWriterWins), ("reported/ spaced ", .singleWriter),
        ("notes/rack", .multiValue), ("sets/tags", .addWinsSet), ("counters/starts", .counter),
    ])
    func theFirstSegmentDecidesTheKind(text: String, kind: CellKind) throws {
        let path = try TwinPath(text)
        #expect(path.kind == kind && path.text == text)
        #expect(path.isWritable(by: .device))
        #expect(path.isWritable(by: .hub) == (kind != .singleWriter))
    }

    @Test(arguments: [
        ("", TwinPath.Fault.empty), ("reported", .badSegment), ("reported/", .badSegment),
        ("/reported/a", .badSegment), ("reported//a", .badSegment), ("reported/a/", .badSegment),
        ("reported/a\nb", .badSegment), ("reported/a\0", .badSegment),
        ("reported/\u{7F}", .badSegment), ("Reported/a", .unknownPrefix("Reported")),
        ("note/a", .unknownPrefix("note")), ("reported2/a", .unknownPrefix("reported2")),
    ])
    func refusesWhatIsNoPath(text: String, fault: TwinPath.Fault) {
        #expect(throws: fault) { try TwinPath(text) }
    }

    @Test func lengthIsBoundedInBytes() throws {
        let most = "config/" + String(repeating: "x", count: TwinPath.bytesMaximum - 7)
        #expect(try TwinPath(most).answer == nil)
        #expect(throws: TwinPath.Fault.tooLong) { try TwinPath(most + "x") }
        #expect(throws: TwinPath.Fault.tooLong) {
            try TwinPath("config/" + String(repeating: "é", count: 125))
        }
        #expect(try TwinPath("desired/a").answer?.text == "reported/desired/a")
    }

    /// As the store has them: there the two are two rows.
    @Test func pathsAreComparedByBytes() throws {
        let (composed, decomposed) = (
            try TwinPath("config/\u{E9}"), try TwinPath("config/e\u{301}")
        )
        #expect(composed != decomposed)
        #expect(decomposed < composed && !(composed < decomposed))
        #expect(try TwinPath("config/a") < TwinPath("config/a/b"))
    }
}

@Suite struct CellOrderTests {
    private static func cell(_ generator: inout SeededGenerator) throws -> Cell {
        Cell(
            path: try TwinPath("config/a"),
            dot: Dot(
                epoch: Epoch(nonce: UInt64(generator.number(0...2))),
                counter: UInt64(generator.number(1...3))),
            stamp: UInt64(generator.number(0...2)), value: .null)
    }

    /// Any two replicas pick the same winner of the same writes, in whatever order they come.
    @Test func winningIsATotalOrder() throws {
        var generator = SeededGenerator.announced(for: "winningIsATotalOrder")
        for _ in 0..<2000 {
            let (a, b, c) = (
                try Self.cell(&generator), try Self.cell(&generator), try Self.cell(&generator)
            )
            #expect(!a.wins(over: a))
            if a.dot == b.dot, a.stamp == b.stamp {
                #expect(!a.wins(over: b) && !b.wins(over: a))
            } else {
                #expect(a.wins(over: b) != b.wins(over: a))
            }
            if a.wins(over: b), b.wins(over: c) { #expect(a.wins(over: c)) }
        }
    }

    @Test func stampComesFirstThenEpochThenCounter() throws {
        func cell(_ stamp: UInt64, _ epoch: UInt64, _ counter: UInt64) throws -> Cell {
            Cell(
                path: try TwinPath("config/a"),
                dot: Dot(epoch: Epoch(nonce: epoch), counter: counter), stamp: stamp, value: .null)
        }
        #expect(try cell(2, 1, 1).wins(over: cell(1, 9, 9)))
        #expect(try cell(1, 2, 1).wins(over: cell(1, 1, 9)))
        #expect(try cell(1, 1, 2).wins(over: cell(1, 1, 1)))
        #expect(try cell(.max, 0, 0).wins(over: cell(.max - 1, .max, 0)))
    }
}

@Suite struct EpochTests {
    @Test func theLowestBitIsTheRole() {
        for random: UInt64 in [0, 1, .max, .max - 1, 0x8000_0000_0000_0000] {
            let (hub, device) = (
                Epoch(random: random, role: .hub), Epoch(random: random, role: .device)
            )
            #expect(hub.role == .hub && device.role == .device)
            #expect(hub.nonce >> 1 == random >> 1 && device.nonce >> 1 == random >> 1)
        }
    }

    @Test func textReadsBackTheSame() {
        for nonce: UInt64 in [0, 1, 0xABC, .max] {
            let epoch = Epoch(nonce: nonce)
            #expect(epoch.text.utf8.count == 16)
            #expect(Epoch(text: epoch.text) == epoch)
        }
    }

    @Test(arguments: [
        "", "abc", "00000000000000000", "000000000000000g", "+000000000000001", "-000000000000000",
    ])
    func otherTextIsNoEpoch(text: String) { #expect(Epoch(text: text) == nil) }
}

@Suite struct CausalContextTests {
    private let device = Epoch(nonce: 2)
    private let hub = Epoch(nonce: 3)

    @Test func advancesOnlyForward() {
        var context = CausalContext()
        #expect(context[device] == 0 && !context.covers(Dot(epoch: device, counter: 1)))
        context.advance(device, to: 5)
        context.advance(device, to: 3)
        context.advance(hub, to: 0)
        #expect(context == CausalContext([device: 5]))
        #expect(context.covers(Dot(epoch: device, counter: 5)))
        #expect(!context.covers(Dot(epoch: device, counter: 6)))
        #expect(!context.covers(Dot(epoch: hub, counter: 1)))
    }

    @Test func mergingTakesTheHigherOfEach() {
        var generator = SeededGenerator.announced(for: "mergingTakesTheHigherOfEach")
        for _ in 0..<500 {
            let (a, b) = (generator.context(), generator.context())
            var (ab, ba) = (a, b)
            ab.merge(b)
            ba.merge(a)
            #expect(ab == ba)
            for entry in ab.sorted { #expect(entry.counter == max(a[entry.epoch], b[entry.epoch])) }
            let before = ab
            ab.merge(a)
            #expect(ab == before)
        }
    }

    @Test func isSorted() {
        let context = CausalContext([hub: 1, device: 2, Epoch(nonce: 1): 3])
        #expect(context.sorted.map(\.epoch.nonce) == [1, 2, 3])
    }
}

@Suite struct HybridLogicalClockTests {
    private static let now = WallTime(milliseconds: 1_790_000_000_000)
    private static let year2099 = WallTime(milliseconds: 4_070_908_800_000)

    @Test func followsAClockThatRuns() {
        var clock = HybridLogicalClock()
        let first = clock.stamp(Self.now)
        #expect(first.wall == Self.now && first == HybridTimestamp(wall: Self.now))
        // One commit has one stamp.
        #expect(clock.stamp(Self.now) == first)
        let second = clock.stamp(WallTime(milliseconds: Self.now.milliseconds + 1))
        #expect(second.wall.milliseconds == Self.now.milliseconds + 1)
    }

    @Test(arguments: [Int64.min, -1, 0, 4_070_908_800_000, .max])
    func neverGoesBackWhereTheWallJumps(milliseconds: Int64) {
        var clock = HybridLogicalClock()
        let before = clock.stamp(Self.now)
        let jumped = clock.stamp(WallTime(milliseconds: milliseconds))
        let after = clock.stamp(Self.now)
        #expect(jumped >= before && after == max(jumped, before))
    }

    /// A board in 1970 does not lose every argument: it takes the time from what it has seen.
    @Test func isNeverBehindWhatWasSeen() {
        var generator = SeededGenerator.announced(for: "isNeverBehindWhatWasSeen")
        var clock = HybridLogicalClock()
        var latest = WallTime(milliseconds: 0)
        for _ in 0..<2000 {
            if generator.once(in: 3) {
                let stamp = HybridTimestamp(rawValue: generator.next() >> 16)
                clock.observe(stamp)
                latest = max(latest, stamp.wall)
            } else {
                let wall = Int64.random(in: 0...Self.year2099.milliseconds, using: &generator)
                latest = max(latest, WallTime(milliseconds: wall))
                #expect(clock.stamp(WallTime(milliseconds: wall)).wall == latest)
            }
        }
    }

    /// The counter part is the key's own: whoever replaces a write wins over it.
    @Test func aStampThatReplacesAnotherIsLater() {
        let now = HybridTimestamp(wall: Self.now)
        #expect(now.replacing(nil) == now)
        #expect(now.replacing(now.rawValue - 1) == now)
        #expect(now.replacing(now.rawValue).rawValue == now.rawValue + 1)
        let ahead = HybridTimestamp(wall: Self.year2099)
        #expect(now.replacing(ahead.rawValue).rawValue == ahead.rawValue + 1)
        // More writes to one key in a millisecond than 16 bits hold run into the next.
        let last = now.rawValue | 0xFFFF
        #expect(now.replacing(last).wall.milliseconds == Self.now.milliseconds + 1)
    }

    /// The hub denied a time from the future: the board's next stamps are of the present again.
    @Test func aTimeThatWasDeniedIsForgotten() {
        var clock = HybridLogicalClock()
        _ = clock.stamp(Self.year2099)
        #expect(clock.stamp(Self.now).wall == Self.year2099)
        clock.lower(to: HybridTimestamp(wall: Self.now))
        let later = WallTime(milliseconds: Self.now.milliseconds + 5)
        #expect(clock.stamp(later).wall == later)
        // One that lies ahead of everything seen changes nothing.
        clock.lower(to: HybridTimestamp(wall: Self.year2099))
        #expect(clock.stamp(later).wall == later)
    }

    @Test func theEndsAreKept() {
        #expect(HybridTimestamp(wall: WallTime(milliseconds: .min)).rawValue == 0)
        let end = HybridTimestamp(wall: WallTime(milliseconds: .max))
        #expect(end.rawValue == UInt64.max << 16)
        let clock = HybridLogicalClock(latest: HybridTimestamp(rawValue: .max))
        #expect(end.replacing(clock.latest.rawValue).rawValue == .max)
    }
}
