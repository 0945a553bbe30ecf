import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

@Suite struct HubSessionTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func aGreetingIsAnsweredWithTheState() async throws {
        try await HubHarness.run(folder) { hub in
            let replies = try await FakeBoard(hub: hub).hello(request: 77)
            guard case .state(77, hub.epoch, let reference, let context, [], true) = replies.first
            else {
                Issue.record("\(replies)")
                return
            }
            #expect(replies.count == 1)
            #expect(reference.epoch == hub.epoch)
            #expect(context == CausalContext())
        }
    }

    @Test func theStateCarriesWhatTheDeviceLacksInFramesOfBoundedSize() async throws {
        var settings = FleetHub.Settings()
        settings.frameBytes = 1000
        try await HubHarness.run(folder, settings: settings) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let text = Value.string(String(repeating: "x", count: 600))
            for number in 0..<6 {
                _ = try await hub.hub.setCell(
                    "board-1", path: "config/\(number)", value: text)
            }
            let replies = try await board.hello(context: CausalContext([hub.epoch: 2]))
            #expect(replies.count > 1)
            let flags = replies.map { frame in
                if case .state(_, _, _, _, _, let isLast) = frame { isLast } else { false }
            }
            #expect(flags == Array(repeating: false, count: replies.count - 1) + [true])
            #expect(replies.flatMap(\.cells).map(\.dot.counter) == [3, 4, 5, 6])
        }
    }

    @Test func aHubWithoutItsHistoryWantsItAndIsWholeAgain() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            let lost = Epoch(nonce: 0xF1)
            let context = CausalContext([board.epoch: 1, lost: 4])
            let reference = HubReference(epoch: lost, commit: 9)
            let first = try await board.hello(
                request: 5, reference: reference, context: context)
            #expect(first == [.want(request: 5)])

            let own = board.delta(try board.cell("reported/board/x", .int(1), counter: 1))
            let wish = try board.cell("config/x", .int(2), counter: 4, epoch: lost)
            let part = try await hub.ask(.seed(request: 5, deltas: [own], isLast: false))
            #expect(part.isEmpty)
            let last = try await hub.ask(
                .seed(request: 5, deltas: [board.delta(wish)], isLast: true))
            guard case .state(5, hub.epoch, _, context, [], true) = last.first else {
                Issue.record("\(last)")
                return
            }
            #expect(try await hub.hub.cell("board-1", path: "config/x")["value"] == .int(2))
            #expect(
                try await hub.hub.cell("board-1", path: "reported/board/x")["value"] == .int(1))
            // The session stands.
            #expect(try await board.up().map(\.name) == ["down"])
        }
    }

    @Test func aSeedThatNobodyAskedForIsNotTaken() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello(request: 1)
            let stranger = try board.cell(
                "config/x", .int(2), counter: 1, epoch: Epoch(nonce: 0xF1))
            let replies = try await hub.ask(
                .seed(request: 1, deltas: [board.delta(stranger)], isLast: true))
            #expect(replies.isEmpty)
            let error = await #expect(throws: HubError.self) {
                try await hub.hub.cell("board-1", path: "config/x")
            }
            #expect(error?.code == .notFound)
        }
    }

    @Test func aReferenceThatTheHubKnowsNeedsNoSeed() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            guard case .state(_, _, let reference, _, _, _) = try await board.hello().first else {
                Issue.record("no state")
                return
            }
            #expect(try await board.hello(reference: reference).map(\.name) == ["state"])
            // A commit of the same epoch that this database has not lived through.
            let beyond = HubReference(epoch: reference.epoch, commit: 1_000_000)
            #expect(try await board.hello(reference: beyond).map(\.name) == ["want"])
        }
    }

    @Test func withoutASessionADeviceIsToldToGreet() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            let reset = [Frame.reset(session: hub.epoch)]
            #expect(try await board.up() == reset)
            _ = try await board.hello()
            #expect(try await board.up(session: Epoch(nonce: 0xF1)) == reset)
            let batch = try await board.log(
                "event", first: 1, [.int(1)], session: Epoch(nonce: 0xF1))
            #expect(batch == reset)
            // Another epoch of the same device, as a cloned card has, is another reader.
            let clone = FakeBoard(hub: hub, epoch: Epoch(nonce: 0x20))
            #expect(try await clone.up() == reset)
            #expect(try await board.up().map(\.name) == ["down"])
        }
    }

    @Test func aDeltaWithoutItsBaseIsResetAndNothingOfItIsJoined() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let cell = try board.cell("reported/board/x", .int(1), counter: 9)
            let replies = try await board.up([board.delta(cell, since: 8)])
            #expect(replies == [.reset(session: hub.epoch)])
            let twin = try await hub.hub.twin("board-1", prefix: nil)
            #expect(twin["cells"] == .array([]))
        }
    }

    @Test func whatADeviceWroteIsJoinedAcknowledgedAndToldOnce() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let events = await hub.watch()
            let delta = board.delta(try board.cell("reported/board/x", .int(1), counter: 1))
            for _ in 0..<2 {
                let replies = try await board.up([delta])
                guard case .down(_, _, let acknowledged, [], [], true) = replies.first else {
                    Issue.record("\(replies)")
                    return
                }
                #expect(acknowledged == CausalContext([board.epoch: 1]))
            }
            let told = try await events.read(hub).filter { $0.kind == "twin" }
            #expect(told.map { $0.data["path"] } == [.string("reported/board/x")])
            let cell = try await hub.hub.cell("board-1", path: "reported/board/x")
            #expect(cell["writer"] == .string("device"))
            #expect(cell["type"] == .string("single-writer"))
            #expect(cell["status"] == nil)
        }
    }

    @Test func aDeviceThatClaimsAHubsWritesIsRefusedWhole() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let events = await hub.watch()
            let honest = board.delta(try board.cell("reported/board/x", .int(1), counter: 1))
            for claimed in [hub.epoch, Epoch(nonce: 0xF1)] {
                let claim = board.delta(
                    try board.cell("config/x", .int(9), counter: 1, epoch: claimed))
                #expect(try await board.up([honest, claim]).map(\.name) == ["refused"])
            }
            let twin = try await hub.hub.twin("board-1", prefix: nil)
            #expect(twin["cells"] == .array([]))
            let told = try await events.read(hub)
                .filter { $0.data["state"] == .string("refused") }
            #expect(told.count == 2)
            #expect(
                told.first?.data["reason"]?.stringValue?.contains("claims writes of a hub")
                    == true)
        }
    }

    @Test func aLogUnderAHubsEpochIsRefused() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let batch = LogBatch(
                sequence: LogSequence(stream: "event", epoch: hub.epoch), first: 1,
                items: [.row(board.row(.int(1)))], clocks: [])
            #expect(try await board.send(batch).map(\.name) == ["refused"])
            #expect(try await hub.hub.logCursors("board-1")["cursors"] == .array([]))
        }
    }

    @Test func framesThatOnlyAHubSendsAreRefused() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let sequence = LogSequence(stream: "event", epoch: board.epoch)
            for frame in [
                Frame.want(request: 1), .reset(session: hub.epoch), .hint(session: hub.epoch),
                .refused(reason: "no"),
                .logAcknowledged(session: hub.epoch, sequence: sequence, upto: 1),
            ] {
                #expect(try await hub.ask(frame).map(\.name) == ["refused"])
            }
        }
    }

    @Test func aFrameThatCannotBeReadIsCountedToldAndHarmless() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let events = await hub.watch()
            for bytes in [[], [1], Array(repeating: UInt8(7), count: 100)] {
                try await hub.deliver(bytes, from: "board-1")
            }
            let told = try await events.read(hub)
                .filter { $0.data["state"] == .string("unreadable frame") }
            #expect(told.count == 3)
            #expect(await hub.hub.metrics().contains("fleethub_frames_unreadable_total 3\n"))
            #expect(try await board.up().map(\.name) == ["down"])
        }
    }

    @Test func aStampFromTheFutureIsReplacedAndTheDeviceIsTold() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let wall = hub.clock.now().wall.milliseconds
            func stamp(_ ahead: Int64) -> UInt64 {
                HybridTimestamp(wall: WallTime(milliseconds: wall + ahead)).rawValue
            }
            let fine = try board.cell("config/a", .int(1), counter: 1, stamp: stamp(60_000))
            let future = try board.cell(
                "config/b", .int(2), counter: 2, stamp: stamp(73 * 365 * 86_400_000))
            let replies = try await board.up([board.delta(fine, future)])
            let winners = replies.flatMap(\.winners)
            #expect(winners.map(\.path.text) == ["config/b"])
            #expect(winners.first?.dot == future.dot)
            #expect(winners.first?.value == .int(2))
            let replaced = try #require(winners.first?.stamp)
            #expect(replaced < stamp(61_000))

            // So the operator's next write wins, here and at the board.
            _ = try await hub.hub.setCell("board-1", path: "config/b", value: .int(3))
            let news = try await board.up().flatMap(\.cells)
            #expect(news.first { $0.path.text == "config/b" }?.value == .int(3))
            #expect(news.allSatisfy { $0.stamp > replaced })
        }
    }

    @Test func whoLosesIsToldTheWinner() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(1))
            let late = try board.cell("config/x", .int(2), counter: 1, stamp: 1)
            let replies = try await board.up([board.delta(late)])
            #expect(replies.flatMap(\.winners).map(\.value) == [.int(1)])
            #expect(try await hub.hub.cell("board-1", path: "config/x")["value"] == .int(1))
        }
    }

    @Test func openSessionsOfOneDeviceAreBounded() async throws {
        try await HubHarness.run(folder) { hub in
            let boards = (0...SessionTable.perDevice).map {
                FakeBoard(hub: hub, epoch: Epoch(nonce: 0x10 + UInt64($0) * 2))
            }
            for board in boards { _ = try await board.hello() }
            #expect(try await boards[0].up().map(\.name) == ["reset"])
            for board in boards.dropFirst() {
                #expect(try await board.up().map(\.name) == ["down"])
            }
        }
    }
}
