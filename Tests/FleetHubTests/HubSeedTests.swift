import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

/// A hub that lost its history gets it back from the devices.
@Suite struct HubSeedTests {
    let folder: TemporaryFolder
    /// An opening of the hub's store that this database knows nothing of.
    private static let lost = Epoch(nonce: 0xF1)

    init() throws { folder = try TemporaryFolder() }

    @Test func aHubWithoutItsHistoryWantsItAndIsWholeAgain() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            let events = await hub.watch()
            let context = CausalContext([board.epoch: 1, Self.lost: 4])
            let reference = HubReference(epoch: Self.lost, commit: 9)
            let first = try await board.hello(
                request: 5, reference: reference, recent: context)
            #expect(first == [.want(request: 5, have: CausalContext())])

            let own = board.delta(try board.cell("reported/board/x", .int(1), counter: 1))
            let wish = try board.cell("config/x", .int(2), counter: 4, epoch: Self.lost)
            let part = try await board.seed(5, [own], isLast: false)
            #expect(part == [.want(request: 5, have: CausalContext([board.epoch: 1]))])
            let last = try await board.seed(5, [board.delta(wish)], isLast: true)
            guard case .state(let state) = last.first else {
                Issue.record("\(last)")
                return
            }
            #expect(last.count == 1)
            #expect(state.request == 5)
            #expect(state.isLast)
            #expect(state.context == context)
            #expect(try await hub.hub.cell("board-1", path: "config/x")["value"] == .int(2))
            #expect(
                try await hub.hub.cell("board-1", path: "reported/board/x")["value"] == .int(1))
            // The session stands, and the lost hub's dots are not given again.
            #expect(try await board.confirm(last).map(\.name) == ["down"])
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(3))
            #expect(board.news().flatMap(\.cells).map(\.dot.epoch) == [hub.epoch])
            let told = try await events.named("hub_reset_detected", hub)
            #expect(told.count == 1)
        }
    }

    @Test func aCopyGoesOnWhereItsPartWasLost() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            let events = await hub.watch()
            let reference = HubReference(epoch: Self.lost, commit: 9)
            let recent = CausalContext([board.epoch: 3])
            let first = try board.cell("reported/board/a", .int(1), counter: 1)
            let second = try board.cell("reported/board/b", .int(2), counter: 2)
            let third = try board.cell("reported/board/c", .int(3), counter: 3)
            _ = try await board.hello(request: 1, reference: reference, recent: recent)
            let have = CausalContext([board.epoch: 1])
            #expect(
                try await board.seed(1, [board.delta(first)], isLast: false)
                    == [.want(request: 1, have: have)])
            // The second part was lost, the third came: it is asked for what is missing.
            #expect(
                try await board.seed(1, [board.delta(third, since: 2)], isLast: true)
                    == [.want(request: 1, have: have)])
            // The link broke, and the board greets anew.
            #expect(
                try await board.hello(request: 2, reference: reference, recent: recent)
                    == [.want(request: 2, have: have)])
            // A late part of the former greeting.
            _ = try await board.seed(1, [board.delta(second, since: 1)], isLast: false)
            let state = try await board.seed(
                2, [board.delta(second, third, since: 1)], isLast: true)
            #expect(state.map(\.name) == ["state"])
            let twin = try await hub.hub.twin("board-1", prefix: nil)
            #expect(
                twin["cells"]?.arrayValue?.map { $0["value"] } == [.int(1), .int(2), .int(3)])
            let told = try await events.read(hub).compactMap { $0.data["state"]?.stringValue }
            #expect(told.count { $0 == "hub_reset_detected" } == 1)
            #expect(!told.contains("frame_refused"))
        }
    }

    @Test func aPartThatComesTwiceChangesNothing() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            let events = await hub.watch()
            _ = try await board.hello(
                request: 1, reference: HubReference(epoch: Self.lost, commit: 9))
            let cell = try board.cell("reported/board/a", .int(1), counter: 1)
            let frame = board.encode(
                .seed(request: 1, deltas: [board.delta(cell)], isLast: true))
            let state = try await board.deliver([frame])
            #expect(state.map(\.name) == ["state"])
            #expect(try await board.confirm(state).map(\.name) == ["down"])
            #expect(try await board.deliver([frame]).isEmpty)
            #expect(try await board.up().map(\.name) == ["down"])
            #expect(try await events.named("frame_refused", hub).isEmpty)
        }
    }

    /// It is no offence either: a copy may be on its way while another session takes over.
    @Test func aCopyThatNobodyAskedForChangesNothing() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello(request: 1)
            let events = await hub.watch()
            let stranger = try board.cell("config/x", .int(2), counter: 1, epoch: Self.lost)
            let replies = try await board.seed(2, [board.delta(stranger)], isLast: true)
            #expect(replies.isEmpty)
            let error = await #expect(throws: HubError.self) {
                try await hub.hub.cell("board-1", path: "config/x")
            }
            #expect(error?.code == .notFound)
            #expect(try await events.named("frame_refused", hub).isEmpty)
        }
    }

    /// Two copies of one document, of which each has something that the other lacks.
    @Test func twoDevicesSeedWhatTheyShare() async throws {
        try await HubHarness.run(folder) { hub in
            let boards = ["a", "b"].map { FakeBoard(hub: hub, id: $0, document: "group/lamps") }
            let reference = HubReference(epoch: Self.lost, commit: 9)
            for board in boards {
                _ = try await board.hello(request: 7, reference: reference)
                let own = try board.cell("sets/on", .string(board.id), counter: 1)
                let shared = try board.cell(
                    "config/dim", .int(5), counter: 2, epoch: Self.lost)
                let deltas = [board.delta(own), board.delta(shared)]
                let state = try await board.seed(7, deltas, isLast: true)
                #expect(state.map(\.name) == ["state"])
                #expect(try await board.confirm(state).map(\.name) == ["down"])
            }
            // What came by a copy is not in step with what sessions know: it is fetched anew.
            #expect(boards[0].news() == [.hint(hub: hub.epoch)])
            #expect(try await boards[0].up() == [.reset])
            let elements = try await boards[0].hello().flatMap(\.cells)
                .filter { $0.kind == .addWinsSet }.map(\.value)
            #expect(elements.contains(.string("b")))
        }
    }
}
