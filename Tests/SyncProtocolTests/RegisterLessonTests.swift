import Platform
import SyncProtocol
import TestSupport
import Testing

private func pair() -> (a: TwinReplica, b: TwinReplica) { (TwinReplica(2), TwinReplica(4)) }

private func exchange(_ replicas: TwinReplica...) {
    for _ in 0..<2 {
        for replica in replicas { for other in replicas { replica.pull(from: other) } }
    }
}

/// Faults that other engines had with registers, counters and identities, as scenarios for ours.
@Suite struct RegisterLessonTests {
    // cr-sqlite, Corrosion pull request 136: equal versions needed one more order, and it was
    // wrong way round at one of both sides.
    @Test func crsqlite136EqualStampsHaveOneWinnerEverywhere() throws {
        for values: [Int64] in [[1, 2], [2, 1], [7, 7]] {
            let (a, b) = pair()
            try a.write(.set(TwinPath("config/k"), .int(values[0])))
            try b.write(.set(TwinPath("config/k"), .int(values[1])))
            let (ab, ba) = (a.copy(), b.copy())
            ab.pull(from: b)
            ba.pull(from: a)
            // The greater epoch, whatever the values are.
            #expect(try ab.value("config/k") == .int(values[1]))
            #expect(ab.content == ba.content)
        }
    }

    // cr-sqlite issue 380: changes of one version had one sequence number twice, where a commit
    // mixed its own writes with merged ones.
    @Test func crsqlite380EveryWriteHasADotOfItsOwn() throws {
        let (a, b) = pair()
        var dots: [Dot] = []
        for round in 0..<20 {
            try b.write(.set(TwinPath("config/b\(round)"), .int(1)))
            dots += try a.write(.set(TwinPath("config/k\(round % 3)"), .int(2))).changed.map(\.dot)
            a.pull(from: b)
            dots += try a.write(.add(TwinPath("sets/s"), .int(Int64(round)))).changed.map(\.dot)
        }
        #expect(dots.map(\.counter) == Array(1...40))
        #expect(dots.allSatisfy { $0.epoch == a.epoch })
    }

    // cr-sqlite, test_sync_prop: floats did not survive the way through a decimal form.
    @Test func crsqliteDoublesKeepTheirBitsOnTheWay() throws {
        let numbers: [Double] = [
            0.1 + 0.2, 1 / 3, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -1e-300,
            9_007_199_254_740_994,
            .infinity, 2.5, 100,
        ]
        let a = TwinReplica(2)
        for (index, number) in numbers.enumerated() {
            try a.write(.set(TwinPath("config/k\(index)"), .number(number)))
        }
        let frame = Frame.seed(request: 1, deltas: a.missing(), isLast: true)
        var (device, hub) = frame.ends(in: .blank(a.epoch))
        guard case .seed(_, let deltas, _) = try hub.read(device.write(frame)) else {
            Issue.record("another frame")
            return
        }
        let b = TwinReplica(4)
        b.join(deltas)
        for (index, number) in numbers.enumerated() {
            #expect(try b.value("config/k\(index)") == .number(number))
        }
    }

    // Pekko LWWMapSpec and LWWRegisterSpec: by the clock alone a later write loses to one that it
    // has seen, where the writer's clock is behind.
    @Test func pekkoAWriteWinsOverWhatItsWriterHasSeen() throws {
        let (a, b) = pair()
        a.now += 3_600_000
        try a.write(.set(TwinPath("config/k"), .int(1)))
        b.pull(from: a)
        try b.write(.set(TwinPath("config/k"), .int(2)))
        try b.write(.delete(TwinPath("config/other")))
        exchange(a, b)
        #expect(try a.value("config/k") == .int(2) && b.value("config/k") == .int(2))
        // Also where the clock stands in 1970, and for a deletion.
        b.now = 0
        try b.write(.delete(TwinPath("config/k")))
        exchange(a, b)
        #expect(try a.value("config/k") == nil)
    }

    // Pekko LWWMapSpec: a removed entry that is written again is there again.
    @Test func pekkoADeletedRegisterIsWrittenAgain() throws {
        let (a, b) = pair()
        try a.write(.set(TwinPath("config/k"), .int(1)))
        try a.write(.delete(TwinPath("config/k")))
        exchange(a, b)
        #expect(try b.value("config/k") == nil)
        try b.write(.set(TwinPath("config/k"), .int(3)))
        exchange(a, b)
        #expect(try a.value("config/k") == .int(3))
    }

    // Pekko PNCounterSpec: increments and decrements of several nodes, merged more than once.
    @Test func pekkoCountersAddUpWhateverIsMergedTwice() throws {
        let (a, b) = pair()
        let path = try TwinPath("counters/c")
        for by: Int64 in [16, 1, -3] { try a.write(.increment(path, by: by)) }
        for by: Int64 in [7, -1, -20] { try b.write(.increment(path, by: by)) }
        exchange(a, b)
        exchange(a, b)
        #expect(a.value(path) == .int(0) && b.value(path) == .int(0))
        // A node that opens its store again counts on in a cell of its own.
        a.reopen(as: 10)
        try a.write(.increment(path, by: 5))
        exchange(a, b)
        #expect(b.value(path) == .int(5))
    }

    // Pekko PNCounterSpec: sums beyond 64 bits. One board's own is refused, the sum of all stays
    // at the end, and is right again when it comes back.
    @Test func pekkoCountersEndAtSixtyFourBits() throws {
        let (a, b) = pair()
        let path = try TwinPath("counters/c")
        try a.write(.increment(path, by: .max))
        #expect(throws: TwinWriteFault.overflow(path)) { try a.write(.increment(path, by: 1)) }
        try b.write(.increment(path, by: .max))
        exchange(a, b)
        #expect(a.value(path) == .int(.max) && b.value(path) == .int(.max))
        try b.write(.increment(path, by: -.max))
        try a.write(.increment(path, by: -1))
        exchange(a, b)
        #expect(a.value(path) == .int(.max - 1))
    }

    // riak_dt issue 98: a counter in a removable map lost increments, or got old ones back.
    @Test func riak98AResetCounterForgetsWhatItSawAndNothingElse() throws {
        let (a, b) = pair()
        let path = try TwinPath("counters/c")
        try a.write(.increment(path, by: 5))
        try b.write(.increment(path, by: 3))
        exchange(a, b)
        try b.write(.delete(path))
        #expect(b.value(path) == nil)
        try b.write(.increment(path, by: 2))
        // Not seen by the reset, yet of the generation that it ends: it goes with it.
        try a.write(.increment(path, by: 7))
        exchange(a, b)
        #expect(a.value(path) == .int(2) && b.value(path) == .int(2))
        try a.write(.increment(path, by: 1))
        exchange(a, b)
        #expect(b.value(path) == .int(3))
        // Two resets at once are one.
        try a.write(.delete(path))
        try b.write(.delete(path))
        exchange(a, b)
        try a.write(.increment(path, by: 4))
        exchange(a, b)
        #expect(a.value(path) == .int(4) && b.value(path) == .int(4))
    }

    // Pekko VersionVectorSpec: before, after, same and concurrent.
    @Test func pekkoContextsAreOrderedInPart() {
        let (n, m) = (Epoch(nonce: 2), Epoch(nonce: 4))
        let empty = CausalContext()
        let (one, two) = (CausalContext([n: 1]), CausalContext([n: 2]))
        let (other, both) = (CausalContext([m: 1]), CausalContext([n: 1, m: 1]))
        #expect(two.covers(one) && !one.covers(two) && one.covers(one))
        #expect(one.covers(empty) && !empty.covers(one))
        #expect(!one.covers(other) && !other.covers(one))
        #expect(both.covers(one) && both.covers(other) && !both.covers(two) && !two.covers(both))
        var merged = two
        merged.merge(both)
        #expect(merged.covers(two) && merged.covers(both))
        #expect(merged == CausalContext([n: 2, m: 1]))
        #expect(merged.limited(to: one) == one && one.limited(to: other).isEmpty)
    }

    // Automerge, "duplicate seq": with a restored backup or a cloned card every later sync failed
    // for good. Yrs, Loro and cr-sqlite diverged in silence.
    @Test func automergeTwoBoardsOfOneImageBothGoOn() throws {
        let (board, hub) = (TwinReplica(2), TwinReplica(1))
        try board.write(.set(TwinPath("reported/r"), .int(0)))
        try board.write(.set(TwinPath("config/k"), .int(0)))
        let (first, second) = (board.copy(as: 10), board.copy(as: 12))
        for (index, clone) in [first, second].enumerated() {
            let number = Int64(index)
            try clone.write(.set(TwinPath("reported/r"), .int(10 + number)))
            try clone.write(.add(TwinPath("sets/s"), .int(number)))
            try clone.write(.increment(TwinPath("counters/c"), by: 1))
            try clone.write(.set(TwinPath("notes/n"), .int(number)))
        }
        exchange(board, hub, first, second)
        #expect(first.content == second.content && hub.content == first.content)
        #expect(try hub.value("sets/s") == .array([.int(0), .int(1)]))
        #expect(try hub.value("notes/n") == .array([.int(0), .int(1)]))
        #expect(try hub.value("counters/c") == .int(2))
        // Which report shows does not matter, but that it is one of those that nobody replaced.
        #expect(try hub.value("reported/r") == .int(11))
    }

    // AntidoteDB, register_mv: all that no other write has seen, and one write resolves it.
    @Test func antidoteConflictingNotesShowUntilOneReplacesThem() throws {
        let (a, b) = pair()
        let path = try TwinPath("notes/n")
        try a.write(.set(path, .string("left")))
        try b.write(.set(path, .string("right")))
        exchange(a, b)
        #expect(a.value(path) == .array([.string("left"), .string("right")]))
        try b.write(.set(path, .string("both")))
        exchange(a, b)
        #expect(a.value(path) == .array([.string("both")]) && a.content == b.content)
        // A deletion takes what it saw; what was written meanwhile stays.
        try a.write(.delete(path))
        try b.write(.set(path, .string("late")))
        exchange(a, b)
        #expect(a.value(path) == .array([.string("late")]))
    }
}
