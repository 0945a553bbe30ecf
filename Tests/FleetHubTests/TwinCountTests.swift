import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

/// The counts in the list of devices, against the twin itself.
@Suite struct TwinCountTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Checks cells, pending and refused of a device in the list, and that they are the twin's.
    private func expect(
        _ cells: Int, _ pending: Int, _ refused: Int, _ hub: HubHarness,
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let list = try await hub.hub.devices(selector: nil)["devices"]?.arrayValue ?? []
        let device = list.first { $0["id"] == .string("board-1") }
        let expected = Value.object([
            ("cells", .int(Int64(cells))), ("pending", .int(Int64(pending))),
            ("refused", .int(Int64(refused))),
        ])
        #expect(device?["twin"] == expected, sourceLocation: location)
        #expect(
            try await hub.hub.device("board-1")["twin"] == expected, sourceLocation: location)
        let twin = try await hub.hub.twin("board-1", prefix: nil)["cells"]?.arrayValue ?? []
        #expect(twin.count == cells, sourceLocation: location)
        let states = twin.compactMap { $0["status"]?.stringValue }
        #expect(states.count { $0 == "pending" } == pending, sourceLocation: location)
        #expect(states.count { $0 == "refused" } == refused, sourceLocation: location)
    }

    @Test func theyFollowWritesOfBothSidesAndARestart() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            try await expect(0, 0, 0, hub)
            for path in ["config/a", "desired/b", "desired/c"] {
                _ = try await hub.hub.setCell("board-1", path: path, value: .int(1))
            }
            try await expect(3, 3, 0, hub)

            let wishes = try await board.up().flatMap(\.cells).sorted { $0.path < $1.path }
            try #require(wishes.count == 3)
            _ = try await board.up([
                board.delta(
                    try board.cell("reported/board/x", .int(1), counter: 1),
                    try board.answer(wishes[0], "applied", counter: 2),
                    try board.answer(wishes[1], "refused", reason: "no", counter: 3),
                    // Looks like an answer and is to no wish.
                    try board.answer(
                        try board.cell("desired/z", .null, counter: 9), "refused", counter: 4))
            ])
            try await expect(7, 1, 1, hub)

            // The board's operator wishes, too; and the hub wishes anew what was refused.
            _ = try await board.up([
                board.delta(try board.cell("config/own", .int(1), counter: 5), since: 4)
            ])
            try await expect(8, 2, 1, hub)
            _ = try await hub.hub.setCell("board-1", path: "desired/b", value: .int(2))
            try await expect(8, 3, 0, hub)
            _ = try await FakeBoard(hub: hub, id: "other").hello()
            _ = try await hub.hub.setCell("other", path: "config/a", value: .int(1))
            try await expect(8, 3, 0, hub)
        }
        try await HubHarness.run(folder, epoch: 0xAC01) { hub in try await expect(8, 3, 0, hub) }
    }

    @Test func theyStartAnewAfterARemoval() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            _ = try await hub.hub.setCell("board-1", path: "config/a", value: .int(1))
            try await expect(1, 1, 0, hub)
            try await hub.hub.removeDevice("board-1", forget: true)
            _ = try await board.hello()
            try await expect(0, 0, 0, hub)
        }
    }

    @Test func aWriteThatFailedIsNotCounted() async throws {
        try await HubHarness.run(folder) { hub in
            _ = try await FakeBoard(hub: hub).hello()
            try await hub.hub.begin(.readOnly)
            await #expect(throws: HubError.self) {
                try await hub.hub.setCell("board-1", path: "config/a", value: .int(1))
            }
            try await expect(0, 0, 0, hub)
            try await hub.hub.end(.readOnly)
        }
    }

    /// A fleet's list must not cost what all its twins hold.
    @Test func theyReadNoReports() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            _ = try await hub.hub.setCell("board-1", path: "config/a", value: .int(1))
            _ = try await board.up([
                board.delta(try board.cell("reported/board/x", .int(1), counter: 1))
            ])
            try await hub.hub.spoil("reported/board/x")
            await #expect(throws: HubError.self) {
                try await hub.hub.twin("board-1", prefix: nil)
            }
            #expect(
                try await hub.hub.device("board-1")["twin"]
                    == .object([
                        ("cells", .int(2)), ("pending", .int(1)), ("refused", .int(0)),
                    ]))
        }
    }
}
