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
            guard case .state(let state) = replies.first else {
                Issue.record("\(replies)")
                return
            }
            #expect(replies.count == 1)
            #expect(state.request == 77)
            #expect(state.isLast)
            #expect(state.deltas.isEmpty)
            #expect(state.reference.epoch == hub.epoch)
            #expect(state.context == CausalContext())
            #expect(state.time == hub.clock.now().wall)
        }
    }

    @Test func theStateCarriesWhatTheDeviceLacksInFramesOfBoundedSize() async throws {
        var settings = FleetHub.Settings()
        settings.sync.frameBytes = 1000
        settings.sync.intervalBytes = 1000
        try await HubHarness.run(folder, settings: settings) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let text = Value.string(String(repeating: "x", count: 600))
            for number in 0..<6 {
                _ = try await hub.hub.setCell(
                    "board-1", path: "config/\(number)", value: text)
            }
            let replies = try await board.hello(recent: CausalContext([hub.epoch: 2]))
            #expect(replies.count > 1)
            #expect(hub.frames().allSatisfy { $0.count < 2000 })
            let states = replies.compactMap { frame -> Frame.State? in
                if case .state(let state) = frame { state } else { nil }
            }
            #expect(
                states.map(\.isLast)
                    == Array(repeating: false, count: replies.count - 1) + [true])
            #expect(states.last?.context[hub.epoch] == 6)
            #expect(replies.flatMap(\.cells).map(\.dot.counter) == [3, 4, 5, 6])
        }
    }

    @Test func anAnswerInSeveralFramesSaysInTheLastWhatItBrings() async throws {
        var settings = FleetHub.Settings()
        settings.sync.frameBytes = 1000
        settings.sync.intervalBytes = 1000
        try await HubHarness.run(folder, settings: settings) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            let text = Value.string(String(repeating: "x", count: 600))
            for number in 0..<4 {
                _ = try await hub.hub.setCell(
                    "board-1", path: "config/\(number)", value: text)
            }
            let replies = try await board.up()
            let downs = replies.compactMap { frame -> Frame.Down? in
                if case .down(let down) = frame { down } else { nil }
            }
            #expect(downs.count > 1)
            #expect(
                downs.map(\.isLast)
                    == Array(repeating: false, count: downs.count - 1) + [true])
            #expect(downs.last?.complete == CausalContext([hub.epoch: 4]))
            #expect(downs.dropLast().allSatisfy { $0.complete.isEmpty })
            #expect(replies.flatMap(\.cells).map(\.dot.counter) == [1, 2, 3, 4])
        }
    }

    @Test func aReferenceThatTheHubKnowsNeedsNoSeed() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            guard case .state(let state) = try await board.hello().first else {
                Issue.record("no state")
                return
            }
            let reference = state.reference
            #expect(try await board.hello(reference: reference).map(\.name) == ["state"])
            // A commit of the same epoch that this database has not lived through.
            let beyond = HubReference(epoch: reference.epoch, commit: 1_000_000)
            #expect(try await board.hello(reference: beyond).map(\.name) == ["want"])
        }
    }

    @Test func withoutASessionADeviceIsToldToGreet() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            #expect(try await board.up() == [.reset])
            _ = try await board.hello()
            let session = board.state.with { $0.wire }
            // One with another hub, as before a wiped one returned.
            board.speak(in: WireSession(device: board.epoch, hub: Epoch(nonce: 0xF1)))
            #expect(try await board.up() == [.reset])
            #expect(try await board.log("event", first: 1, [.int(1)]) == [.reset])
            // Another epoch of the same device, as a cloned card has, is another reader.
            let clone = FakeBoard(hub: hub, epoch: Epoch(nonce: 0x20))
            clone.speak(in: WireSession(device: clone.epoch, hub: hub.epoch, request: 1))
            #expect(try await clone.up() == [.reset])
            board.speak(in: session)
            #expect(try await board.up().map(\.name) == ["down"])
        }
    }

    @Test func aSessionDoesNotSpeakForAnotherDevice() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            let other = FakeBoard(hub: hub, id: "board-2", epoch: Epoch(nonce: 0x20))
            other.speak(in: board.state.with { $0.wire })
            let claim = other.delta(
                try other.cell("reported/board/x", .int(1), counter: 1, epoch: board.epoch))
            #expect(try await other.up([claim]) == [.reset])
            for id in ["board-1", "board-2"] {
                #expect(try await hub.hub.twin(id, prefix: nil)["cells"] == .array([]))
            }
        }
    }

    @Test func aDeltaWithoutItsBaseIsResetAndNothingOfItIsJoined() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let cell = try board.cell("reported/board/x", .int(1), counter: 9)
            #expect(try await board.up([board.delta(cell, since: 8)]) == [.reset])
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
            for question in UInt8(1)...2 {
                let replies = try await board.up([delta])
                guard case .down(let down) = replies.first else {
                    Issue.record("\(replies)")
                    return
                }
                #expect(replies.count == 1)
                #expect(down.question == question)
                #expect(down.acknowledged == CausalContext([board.epoch: 1]))
                #expect(down.deltas.isEmpty)
                #expect(down.winners.isEmpty)
                #expect(down.isLast)
            }
            let told = try await events.read(hub).filter { $0.kind == "twin" }
            #expect(told.map { $0.data["path"] } == [.string("reported/board/x")])
            let cell = try await hub.hub.cell("board-1", path: "reported/board/x")
            #expect(cell["writer"] == .string("device"))
            #expect(cell["type"] == .string("single-writer"))
            #expect(cell["status"] == nil)
        }
    }

    @Test func aGreetingBringsWritesAndIsAnsweredWithWinnersAndDead() async throws {
        try await HubHarness.run(folder) { hub in
            let first = FakeBoard(hub: hub)
            try await first.open()
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(1))
            let note = try first.cell("notes/a", .int(1), counter: 1)
            _ = try await first.up([first.delta(note)])
            _ = try await hub.hub.setCell("board-1", path: "notes/a", value: .int(2))

            // A greeting that says again what was replaced meanwhile, and what loses.
            let late = try first.cell("config/x", .int(2), counter: 2, stamp: 1)
            let fine = try first.cell("reported/board/x", .int(3), counter: 3)
            let replies = try await first.hello([first.delta(note, late, fine)])
            #expect(replies.map(\.name) == ["state"])
            #expect(replies.flatMap(\.winners).map(\.value) == [.int(1)])
            #expect(replies.flatMap(\.dead) == [note.dot])
            guard case .state(let state) = replies.first else { return }
            #expect(state.context[first.epoch] == 3)
            #expect(
                try await hub.hub.cell("board-1", path: "reported/board/x")["value"] == .int(3))
            #expect(
                try await hub.hub.cell("board-1", path: "notes/a")["value"]
                    == .array([.int(2)]))
        }
    }

    @Test func aGreetingWhoseBaseIsMissingIsAnsweredAndLeftToTheFirstQuestion() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            let cell = try board.cell("reported/board/x", .int(1), counter: 9)
            let replies = try await board.hello([board.delta(cell, since: 8)])
            guard case .state(let state) = replies.first else {
                Issue.record("\(replies)")
                return
            }
            // Nothing of it is confirmed.
            #expect(state.context[board.epoch] == 0)
            let whole = try await board.up([board.delta(cell)])
            #expect(whole.first?.acknowledged[board.epoch] == 9)
        }
    }

    @Test func aLogUnderAHubsEpochIsRefused() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let events = await hub.watch()
            let batch = LogBatch(
                sequence: LogSequence(stream: "event", epoch: hub.epoch), first: 1,
                items: [.row(board.row(.int(1)))], clocks: [])
            #expect(try await board.send(batch).map(\.name) == ["refused"])
            #expect(try await hub.hub.logCursors("board-1")["cursors"] == .array([]))
            let told = try await events.read(hub)
            #expect(told.contains { $0.data["state"] == .string("frame_refused") })
        }
    }

    @Test func framesThatOnlyAHubSendsAreRefused() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let sequence = LogSequence(stream: "event", epoch: board.epoch)
            let reference = HubReference(epoch: hub.epoch, commit: 1)
            for frame in [
                Frame.want(request: 1, have: CausalContext()), .hint(hub: hub.epoch),
                .refused(reason: "no"), .reset,
                .logAcknowledged(sequence: sequence, upto: 1),
                .down(Frame.Down(question: nil, commit: 1, deltas: [])),
                .state(
                    Frame.State(
                        request: 1, reference: reference, time: hub.clock.now().wall,
                        context: CausalContext(), deltas: [], isLast: true)),
            ] {
                #expect(try await board.ask(frame).map(\.name) == ["refused"], "\(frame.name)")
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

    @Test func whoLosesIsToldTheWinner() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(1))
            // The board has joined the hub's write, so that no delta brings it again.
            _ = try await board.up(joined: CausalContext([hub.epoch: 1]))
            let late = try board.cell("config/x", .int(2), counter: 1, stamp: 1)
            let replies = try await board.up([board.delta(late)])
            #expect(replies.flatMap(\.winners).map(\.value) == [.int(1)])
            #expect(try await hub.hub.cell("board-1", path: "config/x")["value"] == .int(1))
        }
    }

    @Test func whatTheDeltasBringIsNotSaidAgainAsAWinner() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(1))
            let late = try board.cell("config/x", .int(2), counter: 1, stamp: 1)
            let replies = try await board.up([board.delta(late)])
            #expect(replies.flatMap(\.cells).map(\.value) == [.int(1)])
            #expect(replies.flatMap(\.winners).isEmpty)
        }
    }

    @Test func aQuestionIsAnsweredWithItsNumber() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            // The number wraps.
            for expected in [UInt8.max, 0, 1] {
                board.state.with { $0.question = expected &- 1 }
                guard case .down(let down) = try await board.up().first else {
                    Issue.record("no answer")
                    return
                }
                #expect(down.question == expected)
            }
        }
    }

    @Test func anIdleQuestionIsNoCommit() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            let before = await hub.commits()
            for _ in 0..<10 { #expect(try await board.up().map(\.name) == ["down"]) }
            #expect(await hub.commits() == before)
            // One that brings something is.
            let cell = try board.cell("reported/board/x", .int(1), counter: 1)
            _ = try await board.up([board.delta(cell)])
            #expect(await hub.commits() == before + 1)
        }
    }

    @Test func openSessionsAboutOneDocumentAreBounded() async throws {
        try await HubHarness.run(folder) { hub in
            let boards = (0...DeviceMemory.sessionsMaximum).map {
                FakeBoard(hub: hub, epoch: Epoch(nonce: 0x10 + UInt64($0) * 2))
            }
            for board in boards { _ = try await board.hello() }
            #expect(try await boards[0].up().map(\.name) == ["reset"])
            for board in boards.dropFirst() {
                #expect(try await board.up().map(\.name) == ["down"])
            }
        }
    }

    /// One commit takes a batch of frames: an answer made early in it does not tell of what came
    /// later in it, and yet bears its number.
    @Test func whatCameInOneBatchAfterAnAnswerIsToldAfterTheNextGreeting() async throws {
        try await HubHarness.run(folder) { hub in
            let first = FakeBoard(hub: hub, epoch: Epoch(nonce: 0x10))
            let second = FakeBoard(hub: hub, epoch: Epoch(nonce: 0x20))
            let state = try #require(try await first.hello().last)
            guard case .state(let opening) = state else {
                Issue.record("\(state)")
                return
            }
            _ = try await first.confirm([state])
            let cell = try second.cell("config/x", .int(1), counter: 1)
            let greeting = second.encode(
                .hello(
                    Frame.Hello(
                        request: 9, epoch: second.epoch, reference: nil, recent: CausalContext(),
                        deltas: [second.delta(cell)])))
            let answers = try await first.deliver([first.encode(first.question()), greeting])
            let answer = try #require(
                answers.compactMap { frame in
                    if case .down(let down) = frame, down.question != nil { down } else { nil }
                }.first)
            #expect(answer.deltas.isEmpty)
            let reference = HubReference(epoch: opening.reference.epoch, commit: answer.commit)
            let replies = try await first.hello(reference: reference)
            #expect(replies.flatMap(\.cells).map(\.value) == [.int(1)])
        }
    }
}
