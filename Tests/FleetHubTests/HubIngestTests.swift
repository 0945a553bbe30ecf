import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

@Suite struct HubIngestTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func rows(_ board: FakeBoard, _ range: ClosedRange<UInt64>) -> Frame {
        .log(
            LogBatch(
                sequence: LogSequence(stream: "telemetry", epoch: board.epoch),
                first: range.lowerBound,
                items: range.map { .row(board.row(.int(Int64($0)))) }, clocks: []))
    }

    private static func stored(_ hub: HubHarness, _ device: String = "board-1") async throws
        -> [Int64]
    {
        let page = try await hub.hub.log(device, stream: nil, after: 0, limit: 1000)
        return (page["rows"]?.arrayValue ?? []).compactMap { $0["value"]?.intValue }
    }

    private static func ingest(_ hub: HubHarness, _ device: String = "board-1") async throws
        -> Value?
    {
        try await hub.hub.device(device)["ingest"]
    }

    /// Whatever order frames come in, and however often: the cursor has no hole and no row is there
    /// twice.
    @Test func framesInAnyOrderAndTwiceLeaveNoHole() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let parts: [ClosedRange<UInt64>] = [
                5...6, 1...2, 2...4, 1...2, 7...9, 5...6, 3...8, 9...10, 7...9,
            ]
            var upto: [UInt64] = []
            for part in parts {
                for case .logAcknowledged(_, let number) in try await board.ask(
                    Self.rows(board, part))
                {
                    upto.append(number)
                }
            }
            #expect(upto == [0, 2, 4, 4, 4, 6, 8, 10, 10])
            #expect(try await Self.stored(hub) == Array(1...10))
        }
    }

    @Test func aGroupOfManyFramesIsOneCommit() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            let before = await hub.commits()
            _ = try await board.deliver(
                (1...20).map { board.encode(Self.rows(board, $0...$0)) })
            #expect(await hub.commits() == before + 1)
            #expect(try await Self.stored(hub) == Array(1...20))
        }
    }

    @Test func aFloodIsSlowedThenCutOffThenLetInAgain() async throws {
        var settings = FleetHub.Settings()
        settings.queue.framesPerDevice = 8
        settings.queue.framesPerSlowedDevice = 4
        settings.floods.strikesMaximum = 20
        settings.floods.cutFirst = 30_000
        try await HubHarness.run(folder, settings: settings) { hub in
            let board = FakeBoard(hub: hub)
            let other = FakeBoard(hub: hub, id: "board-2")
            try await board.open()
            try await other.open()
            let events = await hub.watch()
            let frame = board.encode(Self.rows(board, 1...1))
            #expect(try await Self.ingest(hub) == nil)

            // More than its lane: slowed, and what fits is answered.
            try await hub.deliver([[UInt8]](repeating: frame, count: 12), from: "board-1")
            #expect(hub.sent(to: "board-1").count { $0 == "ack" } == 8)
            #expect(try await events.named("slowed", hub).count == 1)
            #expect(try await Self.ingest(hub)?["state"] == .string("slowed"))
            #expect(try await Self.ingest(hub)?["dropped_frames"] == .int(4))

            // Goes on: cut off, told so, and nothing of it is read.
            try await hub.deliver([[UInt8]](repeating: frame, count: 40), from: "board-1")
            #expect(try await events.named("cut_off", hub).count == 1)
            #expect(try await Self.ingest(hub)?["state"] == .string("cut_off"))
            #expect(try await Self.ingest(hub)?["seconds_left"] == .int(30))
            #expect(hub.sent(to: "board-1").last == "refused")
            let answers = hub.frames(to: "board-1").count
            try await hub.deliver([frame], from: "board-1")
            #expect(hub.frames(to: "board-1").count == answers)
            let metrics = await hub.hub.metrics()
            #expect(metrics.contains("fleethub_devices_cut_off 1\n"))

            // Meanwhile nobody else notices.
            _ = try await other.ask(Self.rows(other, 1...3))
            #expect(try await Self.stored(hub, "board-2") == [1, 2, 3])
            #expect(try await Self.ingest(hub, "board-2") == nil)

            // Its time is over.
            for _ in 0..<31 { try await hub.tick() }
            #expect(try await events.named("let_in", hub).count == 1)
            _ = try await board.ask(Self.rows(board, 2...2))
            #expect(try await Self.stored(hub) == [1, 2])
            for _ in 0..<121 { try await hub.tick() }
            #expect(try await events.named("calm", hub).count == 1)
            #expect(try await Self.ingest(hub) == nil)
        }
    }

    @Test func greetingsBeyondTheRateAreToldWhenToComeAgain() async throws {
        var settings = FleetHub.Settings()
        settings.greetings.burst = 2
        settings.greetings.perSecond = 1
        try await HubHarness.run(folder, settings: settings) { hub in
            var answers: [String] = []
            for number in 1...4 {
                answers += try await FakeBoard(hub: hub, id: "board-\(number)").hello().map(\.name)
            }
            #expect(answers == ["state", "state", "refused", "refused"])
            let last = FakeBoard(hub: hub, id: "board-5")
            #expect(
                try await last.hello()
                    == [.refused(reason: "the hub is busy with greetings; retry-after=3")])
            // Sessions that stand are not concerned.
            hub.clock.advance(4000)
            #expect(try await last.hello().map(\.name) == ["state"])
            #expect(await hub.hub.metrics().contains("fleethub_greetings_deferred_total 3\n"))
        }
    }

    @Test func whatABoardSaidBeforeItWentIsHeardFirst() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            let frame = board.encode(Self.rows(board, 1...1))
            hub.endpoint.yield(
                .frames([DeviceFrame(device: "board-1", bytes: frame)], through: 1))
            try await hub.deliver(.presence(device: "board-1", isOnline: false))
            #expect(try await Self.stored(hub) == [1])
            #expect(try await hub.hub.device("board-1")["connected"] == .bool(false))
        }
    }
}
