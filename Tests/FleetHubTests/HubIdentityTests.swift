import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

/// Who speaks for a device: restarts, restored cards, cloned cards, and liars.
@Suite struct HubIdentityTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func board(_ hub: HubHarness, _ nonce: UInt64) -> FakeBoard {
        FakeBoard(hub: hub, epoch: Epoch(nonce: nonce))
    }

    @Test func twoBoardsThatBothLiveAreAFork() async throws {
        try await HubHarness.run(folder) { hub in
            let events = await hub.watch()
            let first = Self.board(hub, 0x10)
            let second = Self.board(hub, 0x20)
            try await first.open()
            try await second.open()
            #expect(try await events.named("fork_detected", hub).isEmpty)
            // The first is alive after all: it hears a reset and greets.
            #expect(try await first.up() == [.reset])
            try await first.open()
            let told = try await events.named("fork_detected", hub)
            #expect(
                told.map { $0.data["epochs"] } == [
                    .array([.string(first.epoch.text), .string(second.epoch.text)])
                ])
            #expect(told.first?.data["device"] == .string("board-1"))
            // Both go on, with the same document.
            let report = first.delta(try first.cell("reported/board/x", .int(1), counter: 1))
            #expect(try await first.up([report]).map(\.name) == ["down"])
            #expect(try await second.up() == [.reset])
            let replies = try await second.hello()
            #expect(replies.flatMap(\.cells).map(\.value) == [.int(1)])
        }
    }

    @Test func restartsAreNoFork() async throws {
        try await HubHarness.run(folder) { hub in
            let events = await hub.watch()
            for nonce in stride(from: UInt64(0x10), to: 0x60, by: 2) {
                let board = Self.board(hub, nonce)
                try await board.open()
                // Broken links on the way: the same epoch greets again.
                try await board.open()
            }
            #expect(try await events.named("fork_detected", hub).isEmpty)
        }
    }

    @Test func aFrameThatWasLongOnItsWayIsNoFork() async throws {
        try await HubHarness.run(folder) { hub in
            let events = await hub.watch()
            let before = Self.board(hub, 0x10)
            let greeting = before.encode(
                .hello(
                    Frame.Hello(
                        request: 1, epoch: before.epoch, reference: nil,
                        recent: CausalContext())))
            _ = try await before.deliver([greeting])
            let question = before.encode(before.question())
            _ = try await before.deliver([question])
            let after = Self.board(hub, 0x20)
            try await after.open()
            // The question comes again, then the greeting and the question once more.
            #expect(try await before.deliver([question]) == [.reset])
            _ = try await before.deliver([greeting])
            _ = try await before.deliver([question])
            #expect(try await after.up().map(\.name) == ["down"])
            #expect(try await events.named("fork_detected", hub).isEmpty)
        }
    }

    /// The words of a session outlive a greeting that the link brings twice.
    @Test func aGreetingThatComesTwiceDoesNotDisturbItsSession() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            let greeting = board.encode(
                .hello(
                    Frame.Hello(
                        request: 1, epoch: board.epoch, reference: nil, recent: CausalContext())))
            _ = try await board.deliver([greeting])
            let first = board.delta(try board.cell("reported/board/x", .int(1), counter: 1))
            _ = try await board.up([first])
            _ = try await board.deliver([greeting])
            // The name is known to the hub by now, so that it is not spelled again.
            let next = try board.cell("reported/board/x", .int(2), counter: 2)
            let replies = try await board.up([board.delta(next, since: 1)])
            #expect(replies.map(\.name) == ["down"])
            #expect(
                try await hub.hub.cell("board-1", path: "reported/board/x")["value"] == .int(2))
        }
    }

    @Test func aRestoredCardIsReported() async throws {
        try await HubHarness.run(folder) { hub in
            let before = Self.board(hub, 0x10)
            try await before.open()
            let cells = try (1...3).map {
                try before.cell("reported/board/x", .int(Int64($0)), counter: UInt64($0))
            }
            _ = try await before.up([before.delta(cells[2])])
            let events = await hub.watch()
            // A restart knows all of it, a backup less.
            let restarted = Self.board(hub, 0x20)
            _ = try await restarted.hello(recent: CausalContext([before.epoch: 3]))
            #expect(try await events.named("restore_detected", hub).isEmpty)
            let restored = Self.board(hub, 0x30)
            let replies = try await restored.hello(recent: CausalContext([before.epoch: 2]))
            // It gets back what it lost.
            #expect(replies.flatMap(\.cells).map(\.value) == [.int(3)])
            let told = try await events.named("restore_detected", hub)
            #expect(told.map { $0.data["device"] } == [.string("board-1")])
        }
    }

    /// Who is behind with what others wrote was just away.
    @Test func beingBehindInASharedDocumentIsNoRestore() async throws {
        try await HubHarness.run(folder) { hub in
            let boards = ["a", "b"].map { FakeBoard(hub: hub, id: $0, document: "group/lamps") }
            for board in boards { try await board.open() }
            let first = try boards[0].cell("config/dim", .int(1), counter: 1)
            let second = try boards[0].cell("config/dim", .int(2), counter: 2)
            _ = try await boards[0].up([boards[0].delta(first)])
            _ = try await boards[0].up([boards[0].delta(second, since: 1)])
            let events = await hub.watch()
            let replies = try await boards[1].hello(
                recent: CausalContext([boards[0].epoch: 1]))
            #expect(replies.flatMap(\.cells).map(\.value) == [.int(2)])
            #expect(try await events.named("restore_detected", hub).isEmpty)
        }
    }

    /// The same in a shared document, where most epochs are others'.
    @Test func anOldCardIsReportedInASharedDocument() async throws {
        try await HubHarness.run(folder) { hub in
            let other = FakeBoard(hub: hub, id: "board-2", document: "group/lamps")
            try await other.open()
            _ = try await other.up([other.delta(try other.cell("config/x", .int(1), counter: 1))])
            let before = FakeBoard(
                hub: hub, epoch: Epoch(nonce: 0x10), document: "group/lamps")
            try await before.open()
            let cell = try before.cell("config/dim", .int(1), counter: 1)
            _ = try await before.up([before.delta(cell)])
            let events = await hub.watch()
            let restarted = FakeBoard(
                hub: hub, epoch: Epoch(nonce: 0x20), document: "group/lamps")
            let known = CausalContext([before.epoch: 1, other.epoch: 1])
            _ = try await restarted.confirm(try await restarted.hello(recent: known))
            #expect(try await events.named("restore_detected", hub).isEmpty)
            let old = FakeBoard(hub: hub, epoch: Epoch(nonce: 0x30), document: "group/lamps")
            let replies = try await old.hello(recent: CausalContext([other.epoch: 1]))
            _ = try await old.confirm(replies)
            #expect(try await events.named("restore_detected", hub).count == 1)
        }
    }

    /// Also where the hub has all of it: it is not this device's past.
    @Test func anotherDevicesCardIsRefused() async throws {
        try await HubHarness.run(folder) { hub in
            let owner = FakeBoard(hub: hub, id: "board-2")
            try await owner.open()
            _ = try await owner.up([owner.delta(try owner.cell("config/x", .int(1), counter: 1))])
            let events = await hub.watch()
            let stranger = Self.board(hub, 0x30)
            let replies = try await stranger.hello(recent: CausalContext([owner.epoch: 1]))
            #expect(replies.map(\.name) == ["refused"])
            #expect(try await events.named("frame_refused", hub).count == 1)
            #expect(try await events.named("hub_reset_detected", hub).isEmpty)
            // The board goes on as soon as it knows its own past only.
            let own = Self.board(hub, 0x40)
            try await own.open()
        }
    }

    enum Claim: CaseIterable, Sendable { case hub, lostHub, otherDevice }

    @Test(arguments: Claim.allCases)
    func whatIsAnothersToWriteIsRefusedWhole(claim: Claim) async throws {
        try await HubHarness.run(folder) { hub in
            let other = FakeBoard(hub: hub, id: "board-2")
            try await other.open()
            let board = FakeBoard(hub: hub)
            try await board.open()
            let events = await hub.watch()
            let epoch =
                switch claim {
                case .hub: hub.epoch
                case .lostHub: Epoch(nonce: 0xF1)
                case .otherDevice: other.epoch
                }
            let honest = board.delta(try board.cell("reported/board/x", .int(1), counter: 1))
            let lie = board.delta(try board.cell("config/x", .int(9), counter: 1, epoch: epoch))
            #expect(try await board.up([honest, lie]).map(\.name) == ["refused"])
            #expect(try await board.hello([honest, lie]).map(\.name) == ["refused"])
            for id in ["board-1", "board-2"] {
                #expect(try await hub.hub.twin(id, prefix: nil)["cells"] == .array([]))
            }
            let told = try await events.named("frame_refused", hub)
            #expect(told.count == 2)
            let words = claim == .otherDevice ? "of another device" : "of a hub"
            #expect(
                told.allSatisfy {
                    $0.data["reason"]?.stringValue?.contains("claims writes " + words) == true
                })
            #expect(
                await hub.hub.metrics().contains("fleethub_frames_refused_total 2\n"))
        }
    }

    @Test func aGreetingInAnothersEpochIsRefused() async throws {
        try await HubHarness.run(folder) { hub in
            let other = FakeBoard(hub: hub, id: "board-2")
            try await other.open()
            for epoch in [other.epoch, hub.epoch] {
                let liar = FakeBoard(hub: hub, epoch: epoch)
                #expect(try await liar.hello().map(\.name) == ["refused"])
            }
            #expect(try await other.up().map(\.name) == ["down"])
        }
    }

    @Test func reportsHaveNoPlaceInASharedDocument() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub, document: "group/lamps")
            try await board.open()
            let events = await hub.watch()
            let fine = try board.cell("config/dim", .int(1), counter: 1)
            let report = try board.cell("reported/x", .int(1), counter: 2)
            #expect(try await board.up([board.delta(fine, report)]).map(\.name) == ["refused"])
            #expect(try await board.hello([board.delta(fine, report)]).map(\.name) == ["refused"])
            #expect(try await events.named("frame_refused", hub).count == 2)
            // Nothing of the frame was taken.
            #expect(try await board.hello().flatMap(\.cells).isEmpty)
        }
    }

    @Test func noDeviceOpensAnothersDocument() async throws {
        try await HubHarness.run(folder) { hub in
            try await FakeBoard(hub: hub, id: "board-2").open()
            let nosy = FakeBoard(hub: hub, document: "board-2")
            _ = try await nosy.hello()
            #expect(hub.sent() == ["refused"])
        }
    }

    /// The greatest counter that a frame can carry: forged, or of a broken board.
    @Test func aForgedCounterHurtsNobodyElse() async throws {
        try await HubHarness.run(folder) { hub in
            let other = FakeBoard(hub: hub, id: "board-2")
            try await other.open()
            let board = FakeBoard(hub: hub)
            try await board.open()
            let greatest = UInt64(Int64.max)
            let cell = try board.cell("reported/board/x", .int(1), counter: greatest)
            #expect(
                try await board.up([board.delta(cell)]).first?.acknowledged[board.epoch]
                    == greatest)
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(1))
            #expect(board.news().flatMap(\.cells).map(\.value) == [.int(1)])
            #expect(try await other.up().map(\.name) == ["down"])
        }
    }

    /// In a copy a device may speak of anybody's writes, so it can lie of the hub's as well.
    @Test func aForgedCopyStopsNeitherTheHubNorOthers() async throws {
        try await HubHarness.run(folder) { hub in
            let other = FakeBoard(hub: hub, id: "board-2")
            try await other.open()
            let board = FakeBoard(hub: hub)
            _ = try await board.hello(
                request: 1, reference: HubReference(epoch: Epoch(nonce: 0xF1), commit: 1))
            let forged = try board.cell(
                "config/x", .int(1), counter: UInt64(Int64.max), epoch: hub.epoch)
            _ = try await board.seed(1, [board.delta(forged)], isLast: true)
            for id in ["board-1", "board-2"] {
                _ = try await hub.hub.setCell(id, path: "config/y", value: .int(2))
                #expect(try await hub.hub.cell(id, path: "config/y")["value"] == .int(2))
            }
            #expect(other.news().flatMap(\.cells).map(\.value) == [.int(2)])
        }
    }

    @Test func openingsRememberedAreBounded() async throws {
        try await HubHarness.run(folder) { hub in
            for nonce in 0..<UInt64(3 * DeviceMemory.openingsMaximum) {
                _ = try await Self.board(hub, 0x10 + 2 * nonce).hello()
            }
            #expect(await hub.hub.openings() == DeviceMemory.openingsMaximum)
        }
    }

    @Test func documentsOfOneDeviceAreBounded() async throws {
        try await HubHarness.run(folder) { hub in
            // Its own is one of them.
            let bound = DeviceMemory.documentsMaximum - 1
            _ = try await FakeBoard(hub: hub).hello()
            for number in 0..<bound {
                let board = FakeBoard(hub: hub, document: "group/\(number)")
                #expect(try await board.hello().map(\.name) == ["state"])
            }
            let further = FakeBoard(hub: hub, document: "group/\(bound)")
            _ = try await further.hello()
            #expect(hub.sent().last == "refused")
            // Its own document is always open to it, and so are those that it has.
            #expect(try await FakeBoard(hub: hub).hello(request: 9).map(\.name) == ["state"])
            let again = FakeBoard(hub: hub, document: "group/0")
            #expect(try await again.hello(request: 9).map(\.name) == ["state"])
        }
    }
}

extension FleetHub {
    /// Openings remembered of the board.
    func openings() -> Int { replica["board-1", "board-1"].openings.count }
}
