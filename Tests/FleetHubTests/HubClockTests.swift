import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

/// Stamps of boards whose clocks are far ahead.
@Suite struct HubClockTests {
    enum Way: CaseIterable, Sendable { case up, hello, seed }

    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: Way.allCases)
    func aStampFromTheFutureIsLoweredAndTheDeviceIsTold(way: Way) async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            let wall = hub.clock.now().wall.milliseconds
            func stamp(_ ahead: Int64) -> UInt64 {
                HybridTimestamp(wall: WallTime(milliseconds: wall + ahead)).rawValue
            }
            let ahead: Int64 = 73 * 365 * 86_400_000
            let fine = try board.cell("config/a", .int(1), counter: 1, stamp: stamp(60_000))
            let future = try board.cell("config/b", .int(2), counter: 2, stamp: stamp(ahead))
            let events = await hub.watch()
            let delta = board.delta(fine, future)
            let replies: [Frame]
            switch way {
            case .up:
                try await board.open()
                replies = try await board.up([delta])
            case .hello: replies = try await board.hello([delta])
            case .seed:
                let lost = HubReference(epoch: Epoch(nonce: 0xF1), commit: 9)
                _ = try await board.hello(request: 1, reference: lost)
                replies = try await board.seed(1, [delta], isLast: true)
            }
            let winners = replies.flatMap(\.winners)
            #expect(winners.map(\.path.text) == ["config/b"])
            #expect(winners.first?.dot == future.dot)
            #expect(winners.first?.value == .int(2))
            let lowered = try #require(winners.first?.stamp)
            #expect(lowered < stamp(61_000))
            let told = try await events.named("clock_ahead", hub)
            #expect(told.map { $0.data["path"] } == [.string("config/b")])
            #expect(told.map { $0.data["ahead_ms"] } == [.int(ahead)])

            // So the operator's next write wins, here and at the board.
            if way != .up { _ = try await board.confirm(replies) }
            _ = try await hub.hub.setCell("board-1", path: "config/b", value: .int(3))
            let news = board.news().flatMap(\.cells).filter { $0.path.text == "config/b" }
            #expect(news.last?.value == .int(3))
            #expect(news.last.map { $0.stamp > lowered } == true)
        }
    }

    /// The same bytes again, after the lowered stamp was lost on the way.
    @Test func whatWasLoweredOnceIsNotLoweredAgain() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            let future = try board.cell("config/b", .int(2), counter: 1, stamp: .max >> 1)
            let events = await hub.watch()
            let first = try await board.up([board.delta(future)]).flatMap(\.winners)
            let second = try await board.up([board.delta(future)]).flatMap(\.winners)
            #expect(first.count == 1)
            #expect(first == second)
            #expect(try await events.named("clock_ahead", hub).count == 1)
        }
    }

    /// A board in 1970: its writes lose to what was there, and it is told so.
    @Test func aStampFromThePastLosesAndIsKeptAsItIs() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            _ = try await hub.hub.setCell("board-1", path: "config/a", value: .int(1))
            let events = await hub.watch()
            let old = try board.cell("config/a", .int(2), counter: 1, stamp: 1)
            let alone = try board.cell("config/b", .int(3), counter: 2, stamp: 1)
            _ = try await board.up([board.delta(old, alone)])
            #expect(try await hub.hub.cell("board-1", path: "config/a")["value"] == .int(1))
            #expect(try await hub.hub.cell("board-1", path: "config/b")["value"] == .int(3))
            #expect(try await events.named("clock_ahead", hub).isEmpty)
        }
    }

    /// Lowered by a hub in 1970, a later write would lose to an earlier one of the hub's backup.
    @Test func aHubWithoutATimeOfItsOwnBelievesItsDevices() async throws {
        try await HubHarness.run(folder) { hub in
            hub.clock.start(at: WallTime(milliseconds: 0))
            let board = FakeBoard(hub: hub)
            try await board.open()
            let events = await hub.watch()
            let right = HybridTimestamp(wall: Release.date).rawValue
            let wrong = HybridTimestamp(wall: WallTime(milliseconds: 4_070_908_800_000)).rawValue
            let cells = [
                try board.cell("config/a", .int(1), counter: 1, stamp: right),
                try board.cell("config/b", .int(2), counter: 2, stamp: wrong),
            ]
            let winners = try await board.up([
                IntervalDelta(epoch: board.epoch, since: 0, upto: 2, cells: cells)
            ]).flatMap(\.winners)
            // What no clock of this decade says is lowered all the same.
            #expect(winners.map(\.path.text) == ["config/b"])
            let told = try await events.named("clock_ahead", hub)
            #expect(told.map { $0.data["path"] } == [.string("config/b")])
        }
    }
}
