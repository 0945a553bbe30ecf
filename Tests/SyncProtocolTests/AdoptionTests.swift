import Platform
import SyncProtocol
import Testing

private let own = Epoch(nonce: 2)
private let hub = Epoch(nonce: 3)

private func cell(
    _ path: String, _ epoch: Epoch, _ counter: UInt64, stamp: UInt64, _ value: Value
) throws -> Cell {
    Cell(
        path: try TwinPath(path), dot: Dot(epoch: epoch, counter: counter), stamp: stamp,
        value: value)
}

/// What a device takes from the answer to its own writes: the hub's copy is the truth where the hub
/// has seen what is here.
@Suite struct AdoptionTests {
    private static func twin(_ cells: Cell...) -> MemoryTwin {
        let twin = MemoryTwin()
        for cell in cells {
            twin.put(cell)
            twin.advance(cell.dot.epoch, to: cell.dot.counter)
        }
        return twin
    }

    @Test func aLoweredStampIsTaken() throws {
        let ahead = try cell("config/k", own, 1, stamp: 9000, .int(1))
        let lowered = try cell("config/k", own, 1, stamp: 50, .int(1))
        let twin = Self.twin(ahead)
        let outcome = twin.adopt(winners: [lowered], dead: [], seen: CausalContext([own: 1]))
        #expect(twin.register(ahead.path) == lowered && outcome.changed == [lowered])
        // Twice is once.
        let again = twin.adopt(winners: [lowered], dead: [], seen: CausalContext([own: 1]))
        #expect(again == JoinOutcome())
    }

    /// The hub lowered a stamp and its own write won, which the board had dropped as the loser.
    @Test func aWinnerWithALowerStampIsTakenWhereTheHubSawWhatIsHere() throws {
        let here = try cell("config/k", own, 1, stamp: 9000, .int(1))
        let winner = try cell("config/k", hub, 4, stamp: 60, .int(2))
        let twin = Self.twin(here)
        _ = twin.adopt(winners: [winner], dead: [], seen: CausalContext([own: 1]))
        #expect(twin.register(here.path) == winner)
    }

    @Test func aWriteThatTheHubHasNotSeenCompetesAsUsual() throws {
        let newer = try cell("config/k", own, 2, stamp: 100, .int(1))
        let seen = CausalContext([own: 1])
        let weak = try cell("config/k", hub, 4, stamp: 60, .int(2))
        let strong = try cell("config/k", hub, 5, stamp: 101, .int(3))
        let twin = Self.twin(newer)
        #expect(twin.adopt(winners: [weak], dead: [], seen: seen) == JoinOutcome())
        #expect(twin.register(newer.path) == newer)
        #expect(twin.adopt(winners: [strong], dead: [], seen: seen).changed == [strong])
    }

    @Test func whatIsMissingHereIsPut() throws {
        let winner = try cell("desired/k", hub, 4, stamp: 60, .int(2))
        let twin = MemoryTwin()
        #expect(twin.adopt(winners: [winner], dead: [], seen: .init()).changed == [winner])
        #expect(twin.register(winner.path) == winner)
    }

    @Test func theDeadLeaveWhereTheirKindHasRemovals() throws {
        let note = try cell("notes/n", own, 1, stamp: 0, .int(1))
        let element = try cell("sets/s", own, 2, stamp: 0, .int(1))
        let count = try cell("counters/c", own, 3, stamp: 0, .int(1))
        let register = try cell("config/k", own, 4, stamp: 1, .int(1))
        let twin = Self.twin(note, element, count, register)
        let dead = [note, element, count, register].map(\.dot) + [Dot(epoch: hub, counter: 0)]
        let outcome = twin.adopt(winners: [], dead: dead, seen: .init())
        #expect(outcome.removed == [note, element])
        #expect(twin.count == 2 && twin.cell(count.dot) == count)
        // A hub gives counters from 1; whoever names another names nothing.
        #expect(twin.cell(Dot(epoch: own, counter: 0)) == nil)
    }

    /// No other kind has winners: their cells are slots of their own.
    @Test func winnersOfOtherKindsAreLeftAlone() throws {
        let count = try cell("counters/c", hub, 1, stamp: 0, .int(1))
        let twin = MemoryTwin()
        #expect(twin.adopt(winners: [count], dead: [], seen: .init()) == JoinOutcome())
        #expect(twin.count == 0)
    }
}
