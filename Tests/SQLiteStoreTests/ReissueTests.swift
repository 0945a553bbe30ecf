import Platform
import SyncProtocol
import Testing

@testable import SQLiteStore

/// What a board does when its hub takes writes for seen that were never made.
@Suite struct ReissueTests {
    let store: AgentStore
    let hub = MemoryTwin()

    init() throws { store = try AgentStore(StoreFolder(), epoch: epoch(1)) }

    /// Sends what the hub has not confirmed; `claimed` more than that with it.
    private func send(_ confirmed: CausalContext, claiming more: UInt64 = 0) throws {
        let (deltas, _) = try store.unconfirmed(confirmed, bytes: 1 << 20)
        let sent = deltas.map {
            IntervalDelta(
                epoch: $0.epoch, since: $0.since, upto: $0.upto + more, cells: $0.cells,
                removals: $0.removals)
        }
        #expect(hub.join(sent, keepsRemovals: true) != nil)
    }

    private func isShownAlike(_ paths: [String]) throws -> Bool {
        try paths.allSatisfy { text in
            let path = try TwinPath(text)
            return TwinView.value(hub.cells(at: path))
                == TwinView.value(try store.document.cells(at: path))
        }
    }

    @Test func allThatTheHubMayLackArrivesUnderHigherNumbers() throws {
        let paths = ["config/a", "reported/r", "notes/n", "sets/s", "counters/c"]
        try store.write([
            .set(TwinPath("config/a"), .int(1)), .add(TwinPath("sets/s"), .string("kept")),
            .add(TwinPath("sets/s"), .string("gone")), .increment(TwinPath("counters/c"), by: 2),
            .set(TwinPath("notes/n"), .string("first")),
        ])
        try send(CausalContext(), claiming: 64)
        let joined = try store.context()
        let claimed = hub.seen(store.epoch)
        #expect(claimed == joined[store.epoch] + 64)

        // What comes next is lost, as the hub believes that it has it.
        try store.write([
            .set(TwinPath("config/a"), .int(2)), .set(TwinPath("reported/r"), .int(3)),
            .remove(TwinPath("sets/s"), .string("gone")),
            .add(TwinPath("sets/s"), .string("late")), .increment(TwinPath("counters/c"), by: 5),
            .set(TwinPath("notes/n"), .string("second")),
        ])
        try send(joined)
        #expect(try !isShownAlike(paths))

        try store.reissue(above: claimed)
        #expect(try store.context()[store.epoch] > claimed)
        try send(joined)
        #expect(try isShownAlike(paths))
        #expect(try TwinView.value(store.document.cells(at: TwinPath("counters/c"))) == .int(7))
        // And what the board writes after that, too.
        try store.write([
            .set(TwinPath("config/a"), .int(9)), .remove(TwinPath("sets/s"), .string("late")),
        ])
        try send(joined)
        #expect(try isShownAlike(paths))
    }

    /// It is no new write, and must not win over what came meanwhile.
    @Test func stampsStayAsTheyWere() throws {
        try store.write("config/a", .int(1))
        let before = try #require(try store.cell("config/a"))
        try store.reissue(above: 100)
        let after = try #require(try store.cell("config/a"))
        #expect(after.stamp == before.stamp && after.value == before.value)
        #expect(after.dot == Dot(epoch: store.epoch, counter: 101))
        #expect(after.wins(over: before))
    }
}
