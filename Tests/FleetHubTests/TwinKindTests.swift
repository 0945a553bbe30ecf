import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

/// Notes, sets and counters as operators write and see them.
@Suite struct TwinKindTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func value(_ hub: HubHarness, _ path: String) async throws -> Value? {
        try await hub.hub.cell("board-1", path: path)["value"]
    }

    @Test func aSetIsShownAsTheElementsOfBothSides() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            let first = try await hub.hub.changeCell(
                "board-1", path: "sets/labels", .add(.string("north")))
            #expect(
                first
                    == .object([
                        ("path", .string("sets/labels")),
                        ("value", .array([.string("north")])),
                    ]))
            _ = try await board.up([
                board.delta(try board.cell("sets/labels", .string("east"), counter: 1))
            ])
            let shown = try await hub.hub.cell("board-1", path: "sets/labels")
            #expect(
                shown
                    == .object([
                        ("path", .string("sets/labels")),
                        ("value", .array([.string("east"), .string("north")])),
                        ("type", .string("set")), ("writer", .string("both")),
                    ]))
            let twin = try await hub.hub.twin("board-1", prefix: "sets/")
            #expect(twin["cells"] == .array([shown]))

            _ = try await hub.hub.changeCell(
                "board-1", path: "sets/labels", .remove(.string("north")))
            #expect(
                try await hub.hub.cell("board-1", path: "sets/labels")["writer"]
                    == .string("device"))
            // What is not there can be removed as well.
            let same = try await hub.hub.changeCell(
                "board-1", path: "sets/labels", .remove(.string("west")))
            #expect(same["value"] == .array([.string("east")]))
            let gone = try await hub.hub.changeCell("board-1", path: "sets/labels", .delete)
            #expect(gone["value"] == .null)
            let error = await #expect(throws: HubError.self) {
                try await hub.hub.cell("board-1", path: "sets/labels")
            }
            #expect(error?.code == .notFound)
            let empty = try await hub.hub.twin("board-1", prefix: nil)
            #expect(empty["cells"] == .array([]))
        }
    }

    @Test func whatTheBoardHoldsAndTheHubRemovedIsToldToIt() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            let own = try board.cell("sets/labels", .string("east"), counter: 1)
            _ = try await board.up([board.delta(own)])
            _ = board.news()
            _ = try await hub.hub.changeCell(
                "board-1", path: "sets/labels", .remove(.string("east")))
            let news = board.news()
            #expect(news.map(\.name) == ["down"])
            guard case .down(let down) = news.first else { return }
            #expect(down.deltas.flatMap(\.removals).flatMap(\.removed) == [own.dot])
            #expect(down.deltas.flatMap(\.cells).isEmpty)
        }
    }

    @Test func aNoteKeepsWhatWasWrittenAtTheSameTime() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            let set = try await hub.hub.setCell(
                "board-1", path: "notes/shift", value: .string("b"))
            #expect(set["value"] == .array([.string("b")]))
            #expect(set["status"] == nil)
            // The board has not seen it.
            _ = try await board.up([
                board.delta(try board.cell("notes/shift", .string("a"), counter: 1))
            ])
            let both = try await hub.hub.cell("board-1", path: "notes/shift")
            #expect(both["value"] == .array([.string("a"), .string("b")]))
            #expect(both["type"] == .string("multi-value"))
            #expect(both["writer"] == .string("both"))
            #expect(both["status"] == nil)
            let one = try await hub.hub.setCell("board-1", path: "notes/shift", value: .int(3))
            #expect(one["value"] == .array([.int(3)]))
            let gone = try await hub.hub.setCell("board-1", path: "notes/shift", value: .null)
            #expect(gone["value"] == .null)
            let twin = try await hub.hub.twin("board-1", prefix: nil)
            #expect(twin["cells"] == .array([]))
        }
    }

    @Test func aCounterIsTheSumOfBothSidesAndBeginsAnewOnceDeleted() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            for _ in 0..<2 {
                _ = try await hub.hub.changeCell("board-1", path: "counters/x", .increment(3))
            }
            _ = try await board.up([
                board.delta(try board.cell("counters/x", .int(-1), counter: 1))
            ])
            let shown = try await hub.hub.cell("board-1", path: "counters/x")
            #expect(shown["value"] == .int(5))
            #expect(shown["type"] == .string("counter"))
            #expect(shown["writer"] == .string("both"))
            _ = try await hub.hub.changeCell("board-1", path: "counters/x", .delete)
            let error = await #expect(throws: HubError.self) {
                try await hub.hub.cell("board-1", path: "counters/x")
            }
            #expect(error?.code == .notFound)
            let anew = try await hub.hub.changeCell("board-1", path: "counters/x", .increment(2))
            #expect(anew["value"] == .int(2))
            // What the board counted is void, so it is no writer of what shows.
            #expect(
                try await hub.hub.cell("board-1", path: "counters/x")["writer"] == .string("hub"))
        }
    }

    @Test func aCounterDoesNotPassItsRange() async throws {
        try await HubHarness.run(folder) { hub in
            try await FakeBoard(hub: hub).open()
            _ = try await hub.hub.changeCell("board-1", path: "counters/x", .increment(.max))
            let error = await #expect(throws: HubError.self) {
                try await hub.hub.changeCell("board-1", path: "counters/x", .increment(1))
            }
            #expect(error?.code == .conflict)
            #expect(error?.message.contains("64 bits") == true)
            #expect(try await value(hub, "counters/x") == .int(.max))
            _ = try await hub.hub.changeCell("board-1", path: "counters/x", .increment(-1))
            #expect(try await value(hub, "counters/x") == .int(.max - 1))
        }
    }

    @Test(arguments: [
        ("config/x", CellChange.add(.int(1)), HubError.Code.invalid, "holds one value"),
        ("desired/x", .increment(1), .invalid, "holds one value"),
        ("notes/x", .remove(.int(1)), .invalid, "is a note"),
        ("sets/x", .increment(1), .invalid, "is a set"),
        ("counters/x", .add(.int(1)), .invalid, "is a counter"),
        ("reported/x", .delete, .refused, "Only the device writes"),
        ("reported/x", .increment(1), .refused, "Only the device writes"),
        ("nowhere/x", .delete, .invalid, "no twin path"),
    ])
    func aChangeOfAnotherKindIsRefusedInPlainWords(
        path: String, change: CellChange, code: HubError.Code, words: String
    ) async throws {
        try await HubHarness.run(folder) { hub in
            try await FakeBoard(hub: hub).open()
            let error = await #expect(throws: HubError.self) {
                try await hub.hub.changeCell("board-1", path: path, change)
            }
            #expect(error?.code == code)
            #expect(error?.message.contains(words) == true, "\(String(describing: error))")
            #expect(error?.hint.isEmpty == false)
            #expect(try await hub.hub.twin("board-1", prefix: nil)["cells"] == .array([]))
        }
    }

    /// Null would look like a deletion of all that is there.
    @Test(arguments: ["sets/x", "counters/x"])
    func aSetOrCounterIsNotSet(path: String) async throws {
        try await HubHarness.run(folder) { hub in
            try await FakeBoard(hub: hub).open()
            for value in [Value.null, .int(1)] {
                let error = await #expect(throws: HubError.self) {
                    try await hub.hub.setCell("board-1", path: path, value: value)
                }
                #expect(error?.code == .invalid)
            }
        }
    }

    @Test func longPathsAreFineWhereNoAnswerIsExpected() async throws {
        try await HubHarness.run(folder) { hub in
            try await FakeBoard(hub: hub).open()
            let path = "sets/" + String(repeating: "x", count: TwinPath.bytesMaximum - 5)
            _ = try await hub.hub.changeCell("board-1", path: path, .add(.int(1)))
            #expect(try await value(hub, path) == .array([.int(1)]))
        }
    }

    @Test func eventsTellWhatAPathShowsNow() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            let events = await hub.watch()
            _ = try await hub.hub.changeCell("board-1", path: "sets/a", .add(.int(1)))
            _ = try await board.up([
                board.delta(
                    try board.cell("sets/a", .int(2), counter: 1),
                    try board.cell("sets/a", .int(3), counter: 2),
                    try board.cell("counters/x", .int(7), counter: 3))
            ])
            // The board takes one back: its element is no longer in the interval.
            let removal = Removal(
                dot: Dot(epoch: board.epoch, counter: 4),
                removed: [Dot(epoch: board.epoch, counter: 1)])
            _ = try await board.up([
                IntervalDelta(
                    epoch: board.epoch, since: 3, upto: 4, cells: [], removals: [removal])
            ])
            // Nothing new: nobody is told.
            _ = try await hub.hub.changeCell("board-1", path: "sets/a", .remove(.int(9)))
            let told = try await events.read(hub).filter { $0.kind == "twin" }
            #expect(
                told.map { $0.data["value"] } == [
                    .array([.int(1)]), .int(7), .array([.int(1), .int(2), .int(3)]),
                    .array([.int(1), .int(3)]),
                ])
            #expect(told.allSatisfy { $0.data["status"] == nil })
        }
    }

    @Test func onlyWishesArePending() async throws {
        try await HubHarness.run(folder) { hub in
            try await FakeBoard(hub: hub).open()
            _ = try await hub.hub.changeCell("board-1", path: "sets/a", .add(.int(1)))
            _ = try await hub.hub.changeCell("board-1", path: "counters/a", .increment(1))
            _ = try await hub.hub.setCell("board-1", path: "notes/a", value: .int(1))
            _ = try await hub.hub.setCell("board-1", path: "config/a", value: .int(1))
            let twin = try await hub.hub.device("board-1")["twin"]
            #expect(twin?["pending"] == .int(1))
            let cells = try await hub.hub.twin("board-1", prefix: nil)["cells"]?.arrayValue ?? []
            #expect(
                cells.map { $0["status"] } == [.string("pending"), nil, nil, nil])
        }
    }
}
