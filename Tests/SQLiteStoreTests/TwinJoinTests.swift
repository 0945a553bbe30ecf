import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import SQLiteStore

private func cell(
    _ path: String, _ epoch: Epoch, _ counter: UInt64, stamp: UInt64, _ value: Int64 = 0
) throws -> Cell {
    Cell(
        path: try TwinPath(path), dot: Dot(epoch: epoch, counter: counter), stamp: stamp,
        value: .int(value))
}

/// Cells of one epoch, the interval ending at the last of them.
private func delta(_ since: UInt64, _ cells: [Cell], upto: UInt64? = nil) -> IntervalDelta {
    IntervalDelta(
        epoch: cells.first?.dot.epoch ?? hubEpoch(1), since: since,
        upto: upto ?? cells.last?.dot.counter ?? since, cells: cells)
}

private let hub = hubEpoch(1)

/// What two replicas must agree on.
private struct Twin: Equatable {
    let cells: [Cell]
    let context: CausalContext

    init(_ store: AgentStore) throws {
        cells = try store.document.cells().sorted { $0.dot < $1.dot }
        context = try store.context()
    }
}

extension AgentStore {
    fileprivate func join(_ deltas: [IntervalDelta]) throws -> Bool {
        try join(HubAnswer(deltas: deltas)) != nil
    }
}

@Suite struct TwinJoinTests {
    @Test func aDeltaWithoutItsBaseJoinsNothing() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        let first = delta(0, [try cell("desired/a", hubEpoch(2), 1, stamp: 1)])
        let gapped = delta(3, [try cell("desired/b", hub, 4, stamp: 1)])
        let before = try Twin(store)
        let isJoined =
            try store.join(
                HubAnswer(
                    deltas: [first, gapped], winners: [try cell("desired/c", hub, 9, stamp: 1)],
                    reference: HubReference(epoch: hub, commit: 1))) != nil
        #expect(!isJoined)
        #expect(try Twin(store) == before)
        #expect(try store.hubReference() == nil)
    }

    @Test func partsOfOneFrameBuildOnEachOther() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        let parts = [
            delta(0, [try cell("desired/a", hub, 2, stamp: 1)], upto: 3),
            delta(3, [try cell("desired/b", hub, 4, stamp: 1)]),
        ]
        #expect(try !store.join(Array(parts.reversed())))
        #expect(try store.join(parts))
        #expect(try store.context() == CausalContext([hub: 4]))
    }

    @Test func theLaterStampWinsThenTheHigherEpoch() throws {
        let (low, high) = (hubEpoch(1), hubEpoch(2))
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let deltas = [
                delta(0, [try cell("desired/a", low, 1, stamp: 5, 1)]),
                delta(0, [try cell("desired/a", high, 1, stamp: 5, 2)]),
                delta(0, [try cell("desired/a", epoch(9), 1, stamp: 4, 3)]),
            ]
            let store = try AgentStore(StoreFolder(), epoch: epoch(1))
            for index in order { #expect(try store.join([deltas[index]])) }
            #expect(try store.value("desired/a") == .int(2))
        }
    }

    @Test func aCellThatWasSeenIsLeftAlone() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        #expect(try store.join([delta(0, [try cell("desired/a", hub, 2, stamp: 5)])]))
        // Dot 1 was overwritten before it got here; a late frame must not bring it back.
        #expect(try store.join([delta(0, [try cell("desired/b", hub, 1, stamp: 9)])]))
        #expect(try store.cell("desired/b") == nil)
        #expect(try store.context() == CausalContext([hub: 2]))
    }

    @Test func anEmptyIntervalMovesTheContext() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        #expect(try store.join([IntervalDelta(epoch: hub, since: 0, upto: 7, cells: [])]))
        #expect(try store.context() == CausalContext([hub: 7]))
    }

    @Test func aJoinedStampIsInThePastOfTheNextWish() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        let future = HybridTimestamp(wall: WallTime(milliseconds: now.milliseconds + 99 * day))
        #expect(
            try store.join([delta(0, [try cell("desired/a", hub, 1, stamp: future.rawValue)])]))
        // Not before it anywhere, and after it where it replaces it.
        let other = try store.write("desired/b", .int(1))
        #expect(other.first.map { $0.stamp >= future.rawValue } == true)
        let written = try store.write("desired/a", .int(1))
        #expect(written.first.map { $0.stamp > future.rawValue } == true)
        #expect(try store.value("desired/a") == .int(1))
    }

    @Test func theReferenceIsKeptWithWhatItStandsFor() throws {
        let folder = try StoreFolder()
        let reference = HubReference(epoch: hub, commit: 3)
        do {
            let store = try AgentStore(folder, epoch: epoch(1))
            #expect(
                try store.join(HubAnswer(deltas: [], reference: reference)) != nil)
        }
        #expect(try AgentStore(folder, epoch: epoch(2)).hubReference() == reference)
    }

    /// Several boards and a hub write; a replica that gets their deltas in any order, twice or in
    /// pieces, ends with the same state.
    @Test func joinIsIdempotentCommutativeAndAssociative() throws {
        var generator = SeededGenerator.announced(for: "joinIsIdempotentCommutativeAndAssociative")
        let folder = try StoreFolder()
        for round in 0..<15 {
            var deltas: [IntervalDelta] = []
            for writer in [epoch(1), epoch(2), hubEpoch(1), hubEpoch(2)] {
                // As a store would: of each path only the latest write is there.
                var latest: [String: Cell] = [:]
                let count = UInt64.random(in: 1...12, using: &generator)
                for counter in 1...count {
                    let path = "desired/\(Int.random(in: 0...3, using: &generator))"
                    latest[path] = try cell(
                        path, writer, counter, stamp: counter / 2, Int64(counter))
                }
                let cells = latest.values.sorted { $0.dot.counter < $1.dot.counter }
                let cut = UInt64.random(in: 0...count, using: &generator)
                deltas.append(
                    IntervalDelta(
                        epoch: writer, since: 0, upto: cut,
                        cells: cells.filter { $0.dot.counter <= cut }))
                deltas.append(
                    IntervalDelta(
                        epoch: writer, since: cut, upto: count,
                        cells: cells.filter { $0.dot.counter > cut }))
            }
            let straight = try AgentStore(folder, epoch: epoch(9), name: "\(round)-straight.db")
            #expect(try straight.join(deltas))
            let expected = try Twin(straight)
            #expect(try straight.join(deltas))
            #expect(try Twin(straight) == expected)

            let shuffled = try AgentStore(folder, epoch: epoch(9), name: "\(round)-shuffled.db")
            // What lacks its base is refused and comes again, as over a link that reorders.
            for _ in 0..<3 {
                for delta in (deltas + deltas).shuffled(using: &generator) {
                    _ = try shuffled.join([delta])
                }
            }
            #expect(try Twin(shuffled) == expected)

            // Two replicas that took different parts agree once each has seen the other's.
            let half = try AgentStore(folder, epoch: epoch(9), name: "\(round)-half.db")
            for (number, delta) in deltas.enumerated() where (number / 2) % 2 == 0 {
                #expect(try half.join([delta]))
            }
            for part in try straight.seed(bytes: 40) { #expect(try half.join(part)) }
            #expect(try Twin(half) == expected)
        }
    }
}

@Suite struct TwinAdoptTests {
    private func store(_ folder: StoreFolder) throws -> AgentStore {
        let store = try AgentStore(folder, epoch: epoch(1))
        try store.write(
            "desired/a", .int(1), at: WallTime(milliseconds: now.milliseconds + 99 * day))
        return store
    }

    /// The hub lowers stamps from a future that its clock denies; its copy of the same write then
    /// is the truth, though it would lose by its stamp.
    @Test func theHubsCopyOfASeenWriteIsTakenWithItsLowerStamp() throws {
        let store = try store(StoreFolder())
        let lowered = try cell("desired/a", epoch(1), 1, stamp: 5, 1)
        let seen = CausalContext([epoch(1): 1])
        #expect(try store.join(HubAnswer(deltas: [], winners: [lowered], covered: seen)) != nil)
        #expect(try store.cell("desired/a") == lowered)
    }

    @Test func anotherWriteThatWonAtTheHubIsTaken() throws {
        let store = try store(StoreFolder())
        let winner = try cell("desired/a", hub, 4, stamp: 5, 2)
        let seen = CausalContext([epoch(1): 1])
        #expect(try store.join(HubAnswer(deltas: [], winners: [winner], covered: seen)) != nil)
        #expect(try store.cell("desired/a") == winner)
    }

    @Test func aWriteThatTheHubHasNotSeenIsKept() throws {
        let store = try store(StoreFolder())
        try store.write("desired/a", .int(2))
        let lowered = try cell("desired/a", epoch(1), 1, stamp: 5, 1)
        let seen = CausalContext([epoch(1): 1])
        #expect(try store.join(HubAnswer(deltas: [], winners: [lowered], covered: seen)) != nil)
        #expect(try store.value("desired/a") == .int(2))
        // Unless the hub's has the later stamp, as in any join.
        let later = try cell("desired/a", hub, 4, stamp: .max, 3)
        #expect(try store.join(HubAnswer(deltas: [], winners: [later], covered: seen)) != nil)
        #expect(try store.value("desired/a") == .int(3))
    }

    @Test func aWinnerOfAnUnknownKeyIsTaken() throws {
        let store = try store(StoreFolder())
        let winner = try cell("config/b", hub, 4, stamp: 1, 9)
        #expect(
            try store.join(HubAnswer(deltas: [], winners: [winner])) != nil)
        #expect(try store.value("config/b") == .int(9))
    }

    @Test func adoptingTwiceChangesNothing() throws {
        let store = try store(StoreFolder())
        let lowered = try cell("desired/a", epoch(1), 1, stamp: 5, 1)
        let seen = CausalContext([epoch(1): 1])
        for _ in 0..<2 {
            _ = try store.join(HubAnswer(deltas: [], winners: [lowered], covered: seen))
        }
        let before = try Twin(store)
        _ = try store.join(HubAnswer(deltas: [], winners: [lowered], covered: seen))
        #expect(try Twin(store) == before)
    }
}

@Suite struct TwinDeltaTests {
    @Test(arguments: [1, 60, 200, 1000, 1 << 20])
    func partsOfAnySizeJoinToTheSameState(bytes: Int) throws {
        var generator = SeededGenerator.announced(for: "partsOfAnySizeJoinToTheSameState(\(bytes))")
        let folder = try StoreFolder()
        for boot in 1...4 {
            let store = try AgentStore(folder, epoch: epoch(UInt64(boot)))
            for _ in 0..<30 {
                let path = "desired/\(Int.random(in: 0...25, using: &generator))"
                let size = Int.random(in: 0...80, using: &generator)
                try store.write(path, .bytes([UInt8](repeating: 1, count: size)))
            }
        }
        let source = try AgentStore(folder, epoch: epoch(8))
        let expected = try Twin(source)

        let whole = try AgentStore(folder, epoch: epoch(9), name: "seeded.db")
        let parts = try source.seed(bytes: bytes)
        for part in parts { #expect(try whole.join(part)) }
        #expect(try Twin(whole) == expected)
        // An interval stays whole, so no part has less than one opening's writes.
        #expect((parts.count == 1) == (bytes > 1000) && parts.count <= 4)

        let stepwise = try AgentStore(folder, epoch: epoch(9), name: "stepwise.db")
        var isMore = true
        while isMore {
            let step = try source.unconfirmed(try stepwise.context(), bytes: bytes)
            #expect(try stepwise.join(step.deltas))
            isMore = step.isMore
        }
        #expect(try Twin(stepwise) == expected)
        #expect(try source.unconfirmed(expected.context, bytes: bytes).deltas.isEmpty)
    }

    /// Frames are cut by these bytes: values must count, also those of many epochs together.
    @Test func partsAreAboutAsLongAsAsked() throws {
        let folder = try StoreFolder()
        for boot in 1...30 {
            let store = try AgentStore(folder, epoch: epoch(UInt64(boot)))
            try store.write("desired/\(boot)", .bytes([UInt8](repeating: 1, count: 3000)))
        }
        let source = try AgentStore(folder, epoch: epoch(99))
        for part in try source.seed(bytes: 8192) {
            let frame = encode(.seed(request: 0, deltas: part, isLast: true))
            #expect(frame.count < 8192 + 3200)
        }
    }

    @Test func partsAreCutBetweenEpochs() throws {
        let folder = try StoreFolder()
        for boot in 1...3 {
            let store = try AgentStore(folder, epoch: epoch(UInt64(boot)))
            for number in 0..<2 {
                try store.write(
                    "desired/\(boot)-\(number)", .bytes([UInt8](repeating: 1, count: 5000)))
            }
        }
        let parts = try AgentStore(folder, epoch: epoch(9)).seed(bytes: 100)
        #expect(parts.map { $0.flatMap(\.cells).count } == [2, 2, 2])
    }

    @Test func anIntervalTooLongForAnyFrameIsCut() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        let size = FrameBounds.interval / 5
        for number in 0..<12 {
            try store.write(
                "desired/\(number)", .bytes([UInt8](repeating: 1, count: size)))
        }
        let parts = try store.seed(bytes: 100)
        #expect(parts.map { $0.flatMap(\.cells).count } == [4, 4, 4])
    }

    /// A winner may be adopted before the writes around it are joined. A delta that names it would
    /// reach beyond its own interval, and no peer reads that.
    @Test func aDeltaHoldsNothingBeyondItsInterval() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        #expect(try store.join([delta(0, [try cell("desired/a", hub, 1, stamp: 1)])]))
        let winner = try cell("desired/b", hub, 5, stamp: 1)
        #expect(
            try store.join(HubAnswer(deltas: [], winners: [winner])) != nil)
        let parts = try store.seed(bytes: 1 << 20)
        #expect(parts.flatMap { $0 }.flatMap(\.cells).map(\.dot.counter) == [1])
        for part in parts {
            let frame = Frame.seed(request: 0, deltas: part, isLast: true)
            #expect(try decode(encode(frame)) == frame)
        }
    }

    @Test func anEmptyStoreSeedsOneEmptyPart() throws {
        let parts = try AgentStore(StoreFolder(), epoch: epoch(1)).seed(bytes: 100)
        #expect(parts == [[]])
    }

    @Test func prefixesSelectPaths() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        for path in ["reported/a", "reported/a/b", "reported/ab", "desired/a", "config/é"] {
            try store.write(path, .int(1))
        }
        func paths(_ prefix: String) throws -> [String] {
            try store.document.cells(prefix: prefix).map(\.path.text)
        }
        #expect(try paths("").count == 5 && store.document.count() == 5)
        #expect(try paths("reported/a") == ["reported/a", "reported/a/b", "reported/ab"])
        #expect(try paths("reported/a/") == ["reported/a/b"])
        #expect(try paths("config/") == ["config/é"] && paths("x").isEmpty)
        #expect(try store.twin.document("another").cells().isEmpty)
    }

    @Test func anUnreadableRowIsADamagedDatabase() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        try store.write("desired/a", .int(1))
        try store.connection.execute("UPDATE cell SET value=x'FF'")
        let error = #expect(throws: SQLiteError.self) { try store.cell("desired/a") }
        #expect(error?.kind == .damaged)
    }
}
