import Platform
import TestSupport
import Testing

@testable import SyncProtocol

/// Sums and ranges, in memory.
@Suite struct AuditTests {
    private static func twin(_ cells: some Sequence<Cell>) -> MemoryTwin {
        let twin = MemoryTwin()
        for cell in cells {
            twin.put(cell)
            twin.advance(cell.dot.epoch, to: cell.dot.counter)
        }
        return twin
    }

    private static func cells(_ count: Int) throws -> [Cell] {
        try (1...count).map {
            Cell(
                path: try TwinPath("reported/a/\($0)"),
                dot: Dot(epoch: Epoch(nonce: 2), counter: UInt64($0)),
                stamp: 1, value: .int(Int64($0)))
        }
    }

    @Test func theRootKnowsNoOrder() throws {
        let cells = try Self.cells(100)
        #expect(Self.twin(cells).root() == Self.twin(cells.reversed()).root())
        #expect(Self.twin([]).root() == 0)
    }

    /// Each thing that a cell says counts.
    @Test func aRootTellsCellsApart() throws {
        let (one, two) = (Epoch(nonce: 2), Epoch(nonce: 4))
        let cells = [
            ("config/a", one, 1, 1, Value.int(1)), ("config/b", one, 1, 1, .int(1)),
            ("config/a", two, 1, 1, .int(1)), ("config/a", one, 2, 1, .int(1)),
            ("config/a", one, 1, 2, .int(1)), ("config/a", one, 1, 1, .int(2)),
            ("config/a", one, 1, 1, .null), ("config/a", one, 1, 1, .double(1)),
            ("notes/a", one, 1, 1, .int(1)), ("sets/a", one, 1, 1, .int(1)),
        ].map { ($0.0, $0.1, UInt64($0.2), UInt64($0.3), $0.4) }
        let digests = try cells.map {
            Cell(
                path: try TwinPath($0.0), dot: Dot(epoch: $0.1, counter: $0.2), stamp: $0.3,
                value: $0.4
            ).digest
        }
        #expect(Set(digests).count == digests.count)
    }

    /// Every level divides all cells, and so do the differences between two twins.
    @Test func rangesNarrowDownToWhatDiffers() throws {
        var generator = SeededGenerator.announced(for: "rangesNarrowDownToWhatDiffers")
        for _ in 0..<20 {
            let cells = try Self.cells(generator.number(1...600))
            let lost = Set(
                (0..<generator.number(1...5)).map { _ in generator.number(1...cells.count) })
            let whole = Self.twin(cells)
            let part = Self.twin(cells.filter { !lost.contains(Int($0.dot.counter)) })
            var found: Set<Int> = []
            var ranges = [CellRange.whole]
            var rounds = 0
            while !ranges.isEmpty {
                rounds += 1
                let difference = whole.differences(from: part.sums(of: ranges), bytes: 4000)
                #expect(difference.cells.count <= 16 * difference.leaves.count)
                for cell in difference.cells where part.cell(cell.dot) == nil {
                    found.insert(Int(cell.dot.counter))
                }
                ranges = difference.splits
            }
            #expect(found == lost)
            #expect(rounds <= 4)
        }
    }

    @Test func whatHasNoRoomIsAskedForAgain() throws {
        let twin = Self.twin(try Self.cells(200))
        let nothing = MemoryTwin().sums(of: [.whole])
        let difference = twin.differences(from: nothing, bytes: 300)
        #expect(difference.cells.reduce(0) { $0 + MemoryTwin.size($1) } <= 300)
        #expect(difference.leaves.count + difference.splits.count == 16)
        // One that is longer than all room goes alone.
        let long = Cell(
            path: try TwinPath("config/a"), dot: Dot(epoch: Epoch(nonce: 2), counter: 1), stamp: 1,
            value: .string(String(repeating: "a", count: 1000)))
        #expect(Self.twin([long]).differences(from: nothing, bytes: 300).cells == [long])
    }

    /// Nothing of a comparison is taken for longer than its bounds.
    @Test func anAuditEnds() {
        var repair = RangeRepair()
        _ = repair.begin(own: 1, hub: 2)
        var asked = 0
        while let ranges = repair.ask(bytes: 1 << 20) {
            asked += 1
            #expect(ranges.count <= AuditBounds.ranges)
            repair.add(Array(repeating: .whole, count: 100_000))
        }
        #expect(asked == AuditBounds.rounds)
        #expect(!repair.awaits(repair.number))
    }

    /// Two roots that no audit brings nearer are left alone, longer and longer.
    @Test func whatCannotBeMendedIsLeftAlone() {
        var repair = RangeRepair()
        var audits: [Int] = []
        for root in 0..<2000 where repair.begin(own: 1, hub: 2) {
            audits.append(root)
            while repair.ask(bytes: 1000) != nil {}
        }
        #expect(audits.prefix(6) == [0, 3, 8, 17, 34, 67])
        #expect(audits.count < 20)
        // Another root: something has moved.
        var passed = 0
        while !repair.begin(own: 1, hub: 2) { passed += 1 }
        #expect(passed <= AuditBounds.pause)
        while repair.ask(bytes: 1000) != nil {}
        let looks = repair.begin(own: 1, hub: 3)
        #expect(looks)
    }

    /// A lost frame is no failure: the next root is looked at.
    @Test func whatWasLostIsTriedAgain() {
        var repair = RangeRepair()
        for _ in 0..<100 {
            let looks = repair.begin(own: 1, hub: 2)
            #expect(looks)
            _ = repair.ask(bytes: 1000)
        }
    }

    /// Who has nothing to say asks for the root each time, who has something now and then.
    @Test func aRootIsAskedForNowAndThen() {
        var repair = RangeRepair()
        var asked: [Bool] = [repair.onQuestion(isIdle: false)]
        repair.onRoot()
        for _ in 0..<65 { asked.append(repair.onQuestion(isIdle: false)) }
        #expect(asked == [true] + Array(repeating: false, count: 63) + [true, true])
        repair.onRoot()
        asked = [repair.onQuestion(isIdle: false), repair.onQuestion(isIdle: true)]
        #expect(asked == [false, true])
    }

    @Test func twoCellsOfOneWriteAndUnseenOnesGo() throws {
        let cells = try Self.cells(3)
        let twin = Self.twin(cells)
        let again = Cell(
            path: try TwinPath("reported/b"), dot: cells[0].dot, stamp: 1, value: .int(1))
        let unseen = Cell(
            path: try TwinPath("config/b"), dot: Dot(epoch: Epoch(nonce: 4), counter: 1), stamp: 1,
            value: .int(1))
        twin.put(again)
        twin.put(unseen)
        _ = twin.scrub()
        #expect(twin.all.flatMap(\.cells) == Array(cells[1...]))
        var outcome = JoinOutcome()
        #expect(!twin.takes(unseen, isFromHub: true))
        #expect(twin.takes(cells[0], isFromHub: true))
        twin.restore(cells[0], &outcome)
        #expect(outcome.changed == [cells[0]])
        #expect(twin.root() == Self.twin(cells).root())
    }

    /// What both tell each other of cells that they hold otherwise, as a comparison does of leaves.
    private static func exchange(_ device: MemoryTwin, _ hub: MemoryTwin) {
        var outcome = JoinOutcome()
        for cell in hub.all.flatMap(\.cells) where device.takes(cell, isFromHub: true) {
            device.restore(cell, &outcome)
        }
        for cell in device.all.flatMap(\.cells) where hub.takes(cell, isFromHub: false) {
            hub.restore(cell, &outcome)
        }
    }

    /// Two writes lie crosswise in each other's slots, and on each side both beat what the other
    /// side tells. Were each slot judged for itself, neither would ever yield.
    @Test func crossedWritesAreUncrossed() throws {
        let (one, two) = (
            Dot(epoch: Epoch(nonce: 2), counter: 1), Dot(epoch: Epoch(nonce: 2), counter: 2)
        )
        func cell(_ path: String, _ dot: Dot, _ stamp: UInt64) throws -> Cell {
            Cell(path: try TwinPath(path), dot: dot, stamp: stamp, value: .int(1))
        }
        let stamps: [UInt64] = [1, 2, 3]
        for own in stamps {
            for other in stamps {
                for third in stamps {
                    for fourth in stamps {
                        let device = Self.twin([
                            try cell("config/b", one, own), try cell("config/a", two, other),
                        ])
                        let hub = Self.twin([
                            try cell("config/a", one, third), try cell("config/b", two, fourth),
                        ])
                        for twin in [device, hub] { twin.advance(one.epoch, to: 2) }
                        for _ in 0..<3 { Self.exchange(device, hub) }
                        #expect(device.root() == hub.root())
                        #expect(device.all.flatMap(\.cells).count == 2)
                    }
                }
            }
        }
    }

    /// Any cells whatever on both sides come to the same in few exchanges.
    @Test func anyTwoTwinsComeToTheSame() throws {
        var generator = SeededGenerator.announced(for: "anyTwoTwinsComeToTheSame")
        let kinds = ["config", "reported", "notes", "sets", "counters"]
        for _ in 0..<2000 {
            var twins: [MemoryTwin] = []
            for _ in 0..<2 {
                var cells: [Dot: Cell] = [:]
                for _ in 0..<generator.number(0...12) {
                    let cell = Cell(
                        path: try TwinPath(
                            "\(kinds[generator.number(0...4)])/\(generator.number(0...1))"),
                        dot: Dot(
                            epoch: Epoch(nonce: generator.once(in: 2) ? 2 : 4),
                            counter: UInt64(generator.number(1...9))),
                        stamp: UInt64(generator.number(1...3)),
                        value: .int(Int64(generator.number(1...2))))
                    cells[cell.dot] = cell
                }
                let twin = Self.twin(cells.values.sorted { $0.dot < $1.dot })
                for epoch: UInt64 in [2, 4] { twin.advance(Epoch(nonce: epoch), to: 9) }
                _ = twin.scrub()
                twins.append(twin)
            }
            var rounds = 0
            while twins[0].root() != twins[1].root(), rounds < 12 {
                Self.exchange(twins[0], twins[1])
                rounds += 1
            }
            #expect(twins[0].root() == twins[1].root())
        }
    }
}
