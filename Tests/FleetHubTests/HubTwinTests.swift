import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

private let web = Value.object([("command", .array([.string("/bin/web")]))])

@Suite struct HubTwinTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func aWishIsStoredPushedAndPendingUntilTheBoardAnswersIt() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            try await board.open()
            let events = await hub.watch()
            let result = try await hub.hub.setCell(
                "board-1", path: "config/x", value: .int(7))
            #expect(
                result
                    == .object([
                        ("path", .string("config/x")), ("value", .int(7)),
                        ("status", .string("pending")),
                    ]))
            let news = board.news()
            #expect(news.map(\.name) == ["down"])
            #expect(news.flatMap(\.cells).map(\.value) == [.int(7)])
            let shown = try await hub.hub.cell("board-1", path: "config/x")
            #expect(shown["status"] == .string("pending"))
            #expect(shown["writer"] == .string("hub"))
            #expect(shown["type"] == .string("last-writer-wins"))
            #expect(try await hub.hub.device("board-1")["twin"]?["pending"] == .int(1))
            let told = try await events.read(hub).filter { $0.kind == "twin" }
            #expect(told.map { $0.data["status"] } == [.string("pending")])
        }
    }

    @Test func theBoardsAnswerBelongsToOneWishOnly() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(1))
            let first = try #require(try await board.up().flatMap(\.cells).first)
            func status() async throws -> Value? {
                try await hub.hub.cell("board-1", path: "config/x")["status"]
            }
            _ = try await board.up([
                board.delta(try board.answer(first, "applied", counter: 1))
            ])
            #expect(try await status() == .string("applied"))

            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(2))
            #expect(try await status() == .string("pending"))
            let second = try #require(
                try await board.up(joined: CausalContext([hub.epoch: 1]))
                    .flatMap(\.cells).first)
            #expect(second.value == .int(2))
            let refusal = try board.answer(second, "refused", reason: "too loud", counter: 2)
            _ = try await board.up([board.delta(refusal, since: 1)])
            #expect(try await status() == .string("refused"))
            let cell = try await hub.hub.cell("board-1", path: "config/x")
            #expect(cell["reason"] == .string("too loud"))
            let twin = try await hub.hub.device("board-1")["twin"]
            #expect(
                twin
                    == .object([
                        ("cells", .int(2)), ("pending", .int(0)), ("refused", .int(1)),
                    ]))
        }
    }

    @Test(arguments: [
        ("reported/board/x", HubError.Code.refused), ("sets/x", .invalid),
        ("counters/x", .invalid), ("other/x", .invalid), ("config", .invalid),
        ("config//x", .invalid), ("", .invalid),
        ("config/" + String(repeating: "x", count: 245), .invalid),
    ])
    func whatTheHubMayNotWriteIsRefused(path: String, code: HubError.Code) async throws {
        try await HubHarness.run(folder) { hub in
            _ = try await FakeBoard(hub: hub).hello()
            let error = await #expect(throws: HubError.self) {
                try await hub.hub.setCell("board-1", path: path, value: .int(1))
            }
            #expect(error?.code == code)
            let twin = try await hub.hub.twin("board-1", prefix: nil)
            #expect(twin["cells"] == .array([]))
        }
    }

    @Test func aPrefixLimitsTheTwin() async throws {
        try await HubHarness.run(folder) { hub in
            _ = try await FakeBoard(hub: hub).hello()
            for path in ["config/a", "config/b", "desired/workloads/web"] {
                _ = try await hub.hub.setCell("board-1", path: path, value: .int(1))
            }
            func paths(_ prefix: String?) async throws -> [String?] {
                let twin = try await hub.hub.twin("board-1", prefix: prefix)
                return (twin["cells"]?.arrayValue ?? []).map { $0["path"]?.stringValue }
            }
            #expect(try await paths(nil).count == 3)
            #expect(try await paths("config/") == ["config/a", "config/b"])
            #expect(try await paths("reported/").isEmpty)
            let error = await #expect(throws: HubError.self) {
                try await hub.hub.cell("board-1", path: "config/z")
            }
            #expect(error?.code == .notFound)
        }
    }

    @Test func wishesOutliveTheHub() async throws {
        try await HubHarness.run(folder) { hub in
            _ = try await FakeBoard(hub: hub).hello()
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(7))
        }
        try await HubHarness.run(folder, epoch: 0xAC01) { hub in
            let board = FakeBoard(hub: hub)
            #expect(try await board.hello().flatMap(\.cells).map(\.value) == [.int(7)])
            // The later write wins over the earlier hub's, whatever its nonce.
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(8))
            #expect(try await hub.hub.cell("board-1", path: "config/x")["value"] == .int(8))
        }
    }

    @Test func aWorkloadIsPlacedOnAllThatASelectorMatches() async throws {
        try await HubHarness.run(folder) { hub in
            for (id, site) in [("a", "barn"), ("b", "mill"), ("c", "barn")] {
                _ = try await FakeBoard(hub: hub, id: id).hello()
                _ = try await hub.hub.updateDevice(id, name: nil, labels: ["site": site])
            }
            let answer = try await hub.hub.apply(
                selector: "site=barn", device: nil, kind: "workload", name: "web", spec: web)
            #expect(
                answer["results"]?.arrayValue?.map { $0["device"] }
                    == ["a", "c"].map { .string($0) })
            // It greeted and asked nothing yet, so it is told to ask.
            #expect(hub.sent(to: "c").last == "hint")
            #expect(hub.sent(to: "b") == ["state"])
            let cell = try await hub.hub.cell("a", path: "desired/workloads/web")
            #expect(cell["value"] == web)

            let one = try await hub.hub.apply(
                selector: nil, device: "b", kind: "workload", name: "web", spec: web)
            #expect(one["results"]?.arrayValue?.count == 1)
        }
    }

    @Test func whatCannotBePlacedIsRefused() async throws {
        try await HubHarness.run(folder) { hub in
            _ = try await FakeBoard(hub: hub).hello()
            func code(
                _ selector: String? = nil, device: String? = nil, kind: String = "workload",
                name: String = "web", spec: Value = web
            ) async -> HubError.Code? {
                let error = await #expect(throws: HubError.self) {
                    try await hub.hub.apply(
                        selector: selector, device: device, kind: kind, name: name, spec: spec)
                }
                return error?.code
            }
            #expect(await code("site=moon") == .notFound)
            #expect(await code("site") == .invalid)
            #expect(await code(device: "ghost") == .notFound)
            #expect(await code(kind: "lamp") == .invalid)
            #expect(await code(spec: .object([])) == .invalid)
            #expect(await code(spec: .object([("command", .array([]))])) == .invalid)
            #expect(await code(name: "") == .invalid)
            let twin = try await hub.hub.twin("board-1", prefix: nil)
            #expect(twin["cells"] == .array([]))
        }
    }

    @Test func workloadsAreListedWithWishAndReport() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            _ = try await FakeBoard(hub: hub, id: "other").hello()
            for name in ["web", "pump"] {
                _ = try await hub.hub.apply(
                    selector: nil, device: "board-1", kind: "workload", name: name, spec: web)
            }
            let wishes = try await board.up().flatMap(\.cells)
            let wish = try #require(
                wishes.first { $0.path.text == "desired/workloads/web" })
            let report = Value.object([
                ("state", .string("running")), ("pid", .int(40)), ("restarts", .int(2)),
            ])
            _ = try await board.up([
                board.delta(
                    try board.answer(wish, "applied", counter: 1),
                    try board.cell("reported/workloads/web", report, counter: 2))
            ])
            func list(_ device: String?, _ selector: String?) async throws -> [Value]? {
                try await hub.hub.workloads(device: device, selector: selector)["workloads"]?
                    .arrayValue
            }
            let expected: [Value] = [
                .object([
                    ("device", .string("board-1")), ("name", .string("pump")),
                    ("status", .string("pending")),
                ]),
                .object([
                    ("device", .string("board-1")), ("name", .string("web")),
                    ("status", .string("applied")), ("state", .string("running")),
                    ("pid", .int(40)), ("restarts", .int(2)),
                ]),
            ]
            #expect(try await list("board-1", nil) == expected)
            #expect(try await list(nil, nil) == expected)
            #expect(try await list("other", nil) == [])
            #expect(try await list(nil, "site=moon") == [])

            // Taken back: shown until the process has gone.
            _ = try await hub.hub.apply(
                selector: nil, device: "board-1", kind: "workload", name: "web", spec: .null)
            #expect(try await list("board-1", nil)?.count == 2)
            let gone = try board.cell("reported/workloads/web", .null, counter: 3)
            _ = try await board.up([board.delta(gone, since: 2)])
            #expect(try await list("board-1", nil)?.map { $0["name"] } == [.string("pump")])
        }
    }

    @Test func devicesAreHintedInPortionsWhenTheBrokerIsBack() async throws {
        var settings = FleetHub.Settings()
        settings.hintsPerTick = 2
        try await HubHarness.run(folder, settings: settings) { hub in
            for id in ["a", "b", "c"] { _ = try await FakeBoard(hub: hub, id: id).hello() }
            try await hub.deliver(.disconnected(.mqtt, reason: "gone"))
            try await hub.deliver(.connected(.mqtt))
            func hinted() -> [String] {
                ["a", "b", "c"].filter { hub.sent(to: $0).last == "hint" }
            }
            #expect(hinted().isEmpty)
            try await hub.tick()
            #expect(hinted() == ["a", "b"])
            try await hub.tick()
            #expect(hinted() == ["a", "b", "c"])
        }
    }
}
