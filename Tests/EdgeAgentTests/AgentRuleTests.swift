import Platform
import TestSupport
import Testing

@testable import EdgeAgent

@Suite struct AgentRuleTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func set(_ board: AgentHarness, _ text: Value) async throws {
        let answer = try await board.ask(
            ("op", .string("set")), ("path", .string("config/rules/water")), ("value", text))
        #expect(answer["ok"] == .bool(true))
        try await board.advance(200)
    }

    private static func published(_ board: AgentHarness) -> [String] {
        board.bus.state.with { $0.published.map { String(decoding: $0.payload, as: UTF8.self) } }
    }

    private static func state(_ board: AgentHarness) async throws -> String? {
        try await board.advance(200)
        return try await board.value("reported/rules/water")?["state"]?.stringValue
    }

    @Test func itSetsADeviceAsAWishWouldAndBack() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("shellies/relay/relay/0", "off")
            try await Self.set(
                board, .string("when soil/moisture < 30 for 1m set relay/relay.0 on for 60s"))
            #expect(try await Self.state(board) == "idle")
            try await board.publish("zigbee2mqtt/soil", #"{"moisture":25}"#)
            #expect(try await Self.state(board) == "holding")
            try await board.advance(60_000)
            #expect(try await Self.state(board) == "active")
            #expect(Self.published(board) == ["on"])
            // A typo does not stop it.
            try await Self.set(board, .string("when soil/moisture < 30 fr 1m"))
            let refusal = try await board.value("reported/config/rules/water")
            #expect(
                refusal?["reason"]
                    == .string(
                        "the rule cannot be read at column 25, \"fr\": expected and, for or set"))
            try await board.publish("zigbee2mqtt/soil", #"{"moisture":45}"#)
            try await board.advance(60_000)
            #expect(try await Self.state(board) == "idle")
            #expect(Self.published(board) == ["on", "off"])
        }
    }

    @Test func aRestartSetsBackWhatWasOn() async throws {
        let rule = Value.string("when soil/moisture < 30 set relay/relay.0 on for 1h")
        try await AgentHarness.run(folder) { board in
            try await board.publish("shellies/relay/relay/0", "off")
            try await Self.set(board, rule)
            try await board.publish("zigbee2mqtt/soil", #"{"moisture":25}"#)
            #expect(try await Self.state(board) == "active")
            #expect(Self.published(board) == ["on"])
            try await board.deliver(.published(1, .confirmed))
            try await board.publish("shellies/relay/relay/0", "on")
            try await board.advance(200)
        }
        try await AgentHarness.run(folder, seed: 2) { board in
            #expect(try await Self.state(board) == "idle")
            #expect(Self.published(board) == ["off"])
            // A rule that is taken away leaves no state.
            try await Self.set(board, .null)
            #expect(try await Self.state(board) == nil)
        }
    }
}
