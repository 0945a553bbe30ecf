import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub
@testable import SQLiteStore

/// What the hub passes on without being asked, and to whom it passes on what others wrote.
@Suite struct HubRelayTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func aWishIsPushedInOneFrame() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            let before = hub.frames().count
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(7))
            #expect(hub.frames().count == before + 1)
            guard case .down(let down) = board.news().first else {
                Issue.record("no news")
                return
            }
            #expect(down.question == nil)
            #expect(down.deltas.flatMap(\.cells).map(\.value) == [.int(7)])
            // What the device confirms is not pushed again.
            _ = try await board.up(joined: CausalContext([hub.epoch: 1]))
            _ = try await hub.hub.setCell("board-1", path: "config/y", value: .int(8))
            #expect(board.news().flatMap(\.cells).map(\.value) == [.int(8)])
            // What it does not confirm is, as it may have been lost.
            _ = try await hub.hub.setCell("board-1", path: "config/z", value: .int(9))
            #expect(board.news().flatMap(\.cells).map(\.value) == [.int(8), .int(9)])
        }
    }

    @Test func newsThatWereLostComeWithTheNextAnswer() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(7))
            board.loseNews()
            #expect(try await board.up().flatMap(\.cells).map(\.value) == [.int(7)])
        }
    }

    @Test func aDeviceWithoutASessionIsHinted() async throws {
        try await HubHarness.run(folder) { hub in
            _ = try await FakeBoard(hub: hub).hello()
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(7))
            #expect(hub.sent() == ["state", "hint"])
        }
    }

    @Test func whatOneDeviceWritesReachesTheOthersOfASharedDocument() async throws {
        try await HubHarness.run(folder) { hub in
            let boards = ["a", "b"].map { FakeBoard(hub: hub, id: $0, document: "group/lamps") }
            for board in boards { try await board.open() }
            let events = await hub.watch()
            let cell = try boards[0].cell("sets/on", .string("hall"), counter: 1)
            let own = try await boards[0].up([boards[0].delta(cell)])
            #expect(own.flatMap(\.cells).isEmpty)
            #expect(boards[1].news().flatMap(\.cells) == [cell])

            // The other removes what it has seen, and the first hears of it.
            let removal = Removal(
                dot: Dot(epoch: boards[1].epoch, counter: 1), removed: [cell.dot])
            let delta = IntervalDelta(
                epoch: boards[1].epoch, since: 0, upto: 1, cells: [], removals: [removal])
            _ = try await boards[1].up([delta], joined: CausalContext([boards[0].epoch: 1]))
            guard case .down(let down) = boards[0].news().first else {
                Issue.record("no news")
                return
            }
            #expect(down.deltas.flatMap(\.removals) == [removal])
            let told = try await events.read(hub).filter { $0.kind == "twin" }
            #expect(
                told.map { $0.data["document"] }
                    == Array(repeating: .string("group/lamps"), count: 2))
            #expect(told.map { $0.data["value"] } == [.array([.string("hall")]), .null])
            // Neither device's own twin has it.
            for id in ["a", "b"] {
                #expect(try await hub.hub.twin(id, prefix: nil)["cells"] == .array([]))
            }
        }
    }

    @Test func sharedDocumentsOfDifferentNamesAreApart() async throws {
        try await HubHarness.run(folder) { hub in
            let lamps = FakeBoard(hub: hub, id: "a", document: "group/lamps")
            let doors = FakeBoard(hub: hub, id: "b", document: "group/doors")
            for board in [lamps, doors] { try await board.open() }
            let cell = try lamps.cell("config/dim", .int(1), counter: 1)
            _ = try await lamps.up([lamps.delta(cell)])
            #expect(doors.news().isEmpty)
            #expect(try await doors.up().flatMap(\.cells).isEmpty)
        }
    }

    @Test func moreRemovalsThanAreKeptGiveAnAwayDeviceTheWhole() async throws {
        var settings = FleetHub.Settings()
        settings.sync.removalsMaximum = 4
        try await HubHarness.run(folder, settings: settings) { hub in
            let away = FakeBoard(hub: hub)
            try await away.open()
            let elements = try (1...3).map {
                try away.cell("sets/x", .int(Int64($0)), counter: UInt64($0))
            }
            let twin = MemoryTwin()
            for cell in elements { twin.put(cell) }
            twin.advance(away.epoch, to: 3)
            guard
                case .down(let down) = try await away.up([
                    IntervalDelta(epoch: away.epoch, since: 0, upto: 3, cells: elements)
                ]).first
            else { return }
            let reference = HubReference(epoch: hub.epoch, commit: down.commit)

            // While it is away: its elements go, and many others come and go.
            for number in 1...2 {
                _ = try await hub.hub.changeCell(
                    "board-1", path: "sets/x", .remove(.int(Int64(number))))
            }
            for number in 10..<30 {
                _ = try await hub.hub.changeCell(
                    "board-1", path: "sets/x", .add(.int(Int64(number))))
                _ = try await hub.hub.changeCell(
                    "board-1", path: "sets/x", .remove(.int(Int64(number))))
            }
            #expect(try await hub.hub.removals("board-1") <= 4)

            away.loseNews()
            let replies = try await away.hello(
                reference: reference, recent: CausalContext([away.epoch: 3]))
            guard case .state(let state) = replies.first else {
                Issue.record("\(replies)")
                return
            }
            #expect(state.deltas.allSatisfy { $0.since == 0 })
            #expect(twin.join(state.deltas, keepsRemovals: false) != nil)
            let view = TwinView.value(twin.cells(at: try TwinPath("sets/x")))
            #expect(view == .array([.int(3)]))
            // What it says again of the old is no resurrection.
            _ = try await away.up([
                IntervalDelta(epoch: away.epoch, since: 0, upto: 3, cells: elements)
            ])
            #expect(
                try await hub.hub.cell("board-1", path: "sets/x")["value"] == .array([.int(3)]))
        }
    }

    /// In the middle of a session, too.
    @Test func aSessionThatFallsBehindTheRemovalsKeptIsReset() async throws {
        var settings = FleetHub.Settings()
        settings.sync.removalsMaximum = 4
        try await HubHarness.run(folder, settings: settings) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            for number in 0..<20 {
                for change in [
                    CellChange.add(.int(Int64(number))), .remove(.int(Int64(number))),
                ] {
                    _ = try await hub.hub.changeCell("board-1", path: "sets/x", change)
                }
            }
            // An element that the hub adds and removes in its own slot needs a record as well.
            #expect(try await board.up() == [.reset])
            // A whole answer counts as joined once the device says so.
            try await board.open()
        }
    }
}

extension FleetHub {
    /// Removal records held of a document.
    func removals(_ document: String) throws -> Int64 {
        try store.connection.integer("SELECT count(*) FROM removal WHERE doc='\(document)'")
    }
}
