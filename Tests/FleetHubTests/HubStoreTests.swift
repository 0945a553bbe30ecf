import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

/// Larger than what is free in the database's last pages.
private let large = Value.string(String(repeating: "x", count: 40_000))

@Suite struct HubStoreTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: StoreFailure.allCases)
    func whatCannotBeCommittedIsNotAnsweredUntilItIs(failure: StoreFailure) async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            _ = try await board.log("event", first: 1, [.int(1)])
            try await hub.deliver(.connected(.mqtt))
            #expect(await hub.hub.health()["status"] == .string("ok"))
            let events = await hub.watch()
            try await hub.hub.begin(failure)
            for _ in 0..<2 {
                #expect(try await board.log("event", first: 2, [large]).isEmpty)
            }
            let report = board.delta(try board.cell("reported/board/x", large, counter: 1))
            #expect(try await board.up([report]).isEmpty)

            let health = await hub.hub.health()
            #expect(health["status"] == .string("degraded"))
            #expect(health["mqtt"] == .string("connected"))
            #expect(health["coap"] == .string("off"))
            // Reads go on.
            #expect(
                try await hub.hub.log("board-1", stream: nil, after: 0, limit: 10)["rows"]?
                    .arrayValue?.count == 1)
            #expect(try await hub.hub.device("board-1")["id"] == .string("board-1"))

            try await hub.hub.end(failure)
            #expect(try await board.log("event", first: 2, [large]).map(\.name) == ["ack"])
            #expect(try await board.up([report]).map(\.name) == ["down"])
            #expect(await hub.hub.health()["store"] == .string("ok"))
            let rows = try await hub.hub.log("board-1", stream: nil, after: 0, limit: 10)
            #expect(rows["rows"]?.arrayValue?.map { $0["n"] } == [.int(1), .int(2)])
            let states = try await events.read(hub).compactMap { $0.data["store"]?.stringValue }
            #expect(states.first == failure.health)
            #expect(states.last == "ok")
        }
    }

    @Test func aDeviceThatCannotBeStoredIsNotRegistered() async throws {
        try await HubHarness.run(folder) { hub in
            try await hub.hub.begin(.readOnly)
            let board = FakeBoard(hub: hub)
            #expect(try await board.hello().isEmpty)
            #expect(try await hub.hub.devices(selector: nil)["devices"] == .array([]))
            try await hub.hub.end(.readOnly)
            #expect(try await board.hello().map(\.name) == ["state"])
        }
    }

    @Test(arguments: StoreFailure.allCases)
    func whatAnOperatorWritesIsRefusedAndNothingChanges(failure: StoreFailure) async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(1))
            let sent = hub.sent().count
            try await hub.hub.begin(failure)
            let set = await #expect(throws: HubError.self) {
                try await hub.hub.setCell("board-1", path: "config/x", value: large)
            }
            #expect(set?.code == .unavailable)
            let named = await #expect(throws: HubError.self) {
                try await hub.hub.updateDevice(
                    "board-1", name: "n", labels: ["l": String(repeating: "x", count: 40_000)])
            }
            #expect(named?.code == .unavailable)
            #expect(await hub.hub.health()["store"] == .string(failure.health))
            #expect(hub.sent().count == sent)
            let cell = try await hub.hub.cell("board-1", path: "config/x")
            #expect(cell["value"] == .int(1))
            #expect(try await hub.hub.device("board-1")["name"] == .string("board-1"))

            try await hub.hub.end(failure)
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(2))
            let news = try await board.up().flatMap(\.cells)
            #expect(news.map(\.value) == [.int(2)])
            // The dot of the write that failed was given to nobody, so it is the next one's.
            #expect(news.map(\.dot.counter) == [2])
        }
    }

    @Test func oneBatchIsOneCommit() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            #expect(await hub.commits() == 1)
            let sequence = LogSequence(stream: "event", epoch: board.epoch)
            let frames = (1...5).map { number in
                board.encode(
                    .log(
                        LogBatch(
                            sequence: sequence, first: UInt64(number),
                            items: [.row(board.row(.int(Int64(number))))], clocks: [])))
            }
            let replies = try await board.deliver(frames)
            #expect(replies.map(\.name) == Array(repeating: "ack", count: 5))
            #expect(await hub.commits() == 2)
        }
    }

    @Test func theMetricsSayHowItGoes() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            _ = try await board.log("event", first: 1, [.int(1), .int(2)])
            _ = try await board.ask(.want(request: 1, have: CausalContext()))
            try await hub.deliver(.connected(.mqtt))
            let watcher = await hub.watch()
            try await hub.hub.begin(.readOnly)
            _ = try await board.log("event", first: 3, [.int(3)])
            let lines = await hub.hub.metrics().split(separator: "\n").map(String.init)
            for line in [
                "fleethub_devices 1", "fleethub_devices_online 1", "fleethub_event_watchers 1",
                "fleethub_store_ok 0", #"fleethub_link_connected{link="mqtt"} 1"#,
                "fleethub_frames_received_total 4", "fleethub_frames_unreadable_total 0",
                "fleethub_frames_refused_total 1", "fleethub_commits_total 3",
                "fleethub_commits_failed_total 1", "fleethub_log_rows_total 2",
                "# TYPE fleethub_devices gauge", "# TYPE fleethub_commits_total counter",
            ] {
                #expect(lines.contains(line), "\(line)")
            }
            #expect(lines.allSatisfy { $0.hasPrefix("# ") || $0.hasPrefix("fleethub_") })
            try await hub.hub.end(.readOnly)
            _ = try await watcher.read(hub)
        }
    }

    @Test func watchersAreEndedWithTheHub() async throws {
        let stream = Guarded<AsyncStream<HubEvent>?>(nil)
        try await HubHarness.run(folder) { hub in
            let events = await hub.hub.events(after: nil)
            stream.with { $0 = events }
        }
        let events = try #require(stream.with { $0 })
        for await _ in events {}
    }

    /// Nothing is published meanwhile: an idle hub must not keep who has gone.
    @Test func aWatcherThatLeavesIsForgottenAtOnce() async throws {
        try await HubHarness.run(folder) { hub in
            func watchers(_ count: Int) async -> Bool {
                await hub.hub.metrics().contains("fleethub_event_watchers \(count)\n")
            }
            let watching = Task { for await _ in await hub.hub.events(after: nil) {} }
            try await eventually("a watcher") { await watchers(1) }
            watching.cancel()
            try await eventually("none") { await watchers(0) }
        }
    }

    @Test func whoReturnsToALaterHubIsToldOfTheGap() async throws {
        try await HubHarness.run(folder) { hub in
            let events = EventReader(await hub.hub.events(after: 17))
            let first = await events.read { _ in true }
            #expect(first.map { $0.data["state"] } == [.string("missed")])
            #expect(first.map { $0.data["time"] } == [.string(RFC3339.text(hub.clock.now().wall))])
        }
    }

    @Test func eventsOfTheHubResumeByTheirId() async throws {
        try await HubHarness.run(folder) { hub in
            let first = await hub.watch()
            _ = try await FakeBoard(hub: hub).hello()
            let seen = try await first.read(hub)
            let id = try #require(seen.last?.id)
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(1))
            let later = EventReader(await hub.hub.events(after: id))
            let missed = try await later.read(hub)
            #expect(missed.allSatisfy { $0.id > id })
            #expect(missed.contains { $0.kind == "twin" })
        }
    }
}
