import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent

@Suite struct AgentControlTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func set(
        _ board: AgentHarness, _ path: String, _ value: Value
    ) async throws -> Value {
        try await board.ask(
            ("op", .string("set")), ("path", .string(path)), ("value", value))
    }

    @Test func whatIsSetIsDurableBeforeTheAnswer() async throws {
        try await AgentHarness.run(folder) { board in
            let answer = try await Self.set(board, "config/x", .int(7))
            #expect(answer["ok"] == .bool(true))
            #expect(answer["value"] == .int(7))
            // Another connection sees it: it was committed, not only staged.
            let other = AgentStoreProbe(folder: folder)
            #expect(try other.value("config/x") == .int(7))
        }
        try await AgentHarness.run(folder, seed: 2) { board in
            let kept = try await board.value("config/x")
            #expect(kept == .int(7))
        }
    }

    @Test(arguments: StoreFailure.allCases)
    func whatCannotBeSetIsRefusedAndStaysUndone(failure: StoreFailure) async throws {
        try await AgentHarness.run(folder) { board in
            try await board.advance(5000)
            try await board.agent.begin(failure)
            let large = Value.string(String(repeating: "x", count: 12_000))
            let answer = try await Self.set(board, "config/x", large)
            #expect(answer["ok"] == .bool(false))
            #expect(answer["exit"] == .int(1))
            try await board.agent.end(failure)
            try await board.advance(5000)
            #expect(try await board.value("config/x") == nil)
        }
    }

    /// Also kinds that a set has no meaning for.
    @Test(arguments: [
        "reported/board/load_1m", "reported/devices/lamp/state", "sets/x", "counters/x",
    ])
    func whatIsNotTheOperatorsToSetIsRefused(path: String) async throws {
        try await AgentHarness.run(folder) { board in
            let answer = try await Self.set(board, path, .int(1))
            #expect(answer["ok"] == .bool(false))
            #expect(answer["exit"] == .int(5))
        }
    }

    @Test(arguments: ["", "config", "config//x", "remarks/x", "config/a\u{7}"])
    func aPathThatIsNoneIsAUsageError(path: String) async throws {
        try await AgentHarness.run(folder) { board in
            let answer = try await Self.set(board, path, .int(1))
            #expect(answer["exit"] == .int(2))
        }
    }

    @Test func aRequestThatIsNoneIsAUsageError() async throws {
        try await AgentHarness.run(folder) { board in
            for request in [
                Value.null, .array([]), .object([("op", .string("dance"))]),
                .object([("op", .string("set"))]), .object([("op", .int(1))]),
            ] {
                let answer = await board.control.ask(request)
                #expect(answer["ok"] == .bool(false))
                #expect(answer["exit"] == .int(2))
            }
        }
    }

    @Test func aPrefixGivesWhatIsBelowItAndNothingBeside() async throws {
        try await AgentHarness.run(folder) { board in
            for path in ["config/a", "config/a/b", "config/ab"] {
                _ = try await Self.set(board, path, .int(1))
            }
            func paths(_ prefix: String) async throws -> [String?] {
                let answer = try await board.ask(
                    ("op", .string("get")), ("path", .string(prefix)))
                return (answer["cells"]?.arrayValue ?? []).map { $0["path"]?.stringValue }
            }
            #expect(try await paths("config/a") == ["config/a", "config/a/b"])
            #expect(try await paths("config/a/") == ["config/a/b"])
            #expect(try await paths("config/").count == 3)
            let missing = try await board.ask(
                ("op", .string("get")), ("path", .string("config/z")))
            #expect(missing["exit"] == .int(3))
        }
    }

    @Test func theStatusHasEveryField() async throws {
        try await AgentHarness.run(
            folder,
            configure: { configuration, _, _ in configuration.uplink.dailyBytesMax = 1 << 20 }
        ) { board in
            try await board.deliver(BusEvent.connected)
            try await board.publish("zigbee2mqtt/attic", #"{"smoke":true}"#)
            try await board.publish("zigbee2mqtt/attic", "{oh")
            try await board.advance(5000)
            let status = try await board.status()
            #expect(status["device"] == .string("board-1"))
            #expect(status["version"] == .string("test"))
            #expect(status["epoch"]?.stringValue?.count == 16)
            #expect(status["uptime_ms"] == .int(5000))
            #expect(
                status["local_broker"]
                    == .object([
                        ("state", .string("connected")), ("messages_received", .int(2)),
                        ("messages_acknowledged", .int(2)), ("unreadable", .int(1)),
                        ("dropped", .int(0)),
                    ]))
            #expect(
                status["uplink"]
                    == .object([
                        ("state", .string("disconnected")), ("bytes_sent", .int(0)),
                        ("bytes_received", .int(0)), ("budget_left", .int(1 << 20)),
                        ("since", status["uplink"]?["since"] ?? .null),
                    ]))
            let log = try #require(status["log"])
            #expect(log["acked"] == .int(0))
            #expect(log["gap"] == .int(0))
            #expect(log["pending"] == log["written"])
            #expect(log["bytes"]?.intValue ?? 0 > 0)
            #expect(status["twin"]?["cells"] == status["twin"]?["pending"])
            #expect(status["workloads"] == .array([]))
            #expect(status["clock"]?["quality"] == .string("synchronized"))
            #expect(
                status["clock"]?["time"] == .string(RFC3339.text(board.clock.now().wall)))
        }
    }

    @Test func aWishAtTheBoardReachesTheHub() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.synchronize()
            try await board.answerUp()
            _ = try await Self.set(board, "config/x", .int(7))
            #expect(board.sentCells()["config/x"] == .int(7))
        }
    }
}
