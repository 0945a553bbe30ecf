import DeviceDrivers
import Platform
import Simulator
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

/// Rules of the configuration file, beside those of the twin.
@Suite struct AgentFileRuleTests {
    private static let pump = "when soil/moisture < 30 set relay/relay.0 on for 1h"
    private static let path = "reported/rules/water"

    private func run(
        _ folder: TemporaryFolder, rules: [String], seed: UInt64,
        body: @escaping @Sendable (AgentHarness) async throws -> Void
    ) async throws {
        let read = try rules.map { try RuleParser.read($0) }
        try await AgentHarness.run(
            folder, seed: seed,
            configure: { configuration, _, _ in
                for (place, rule) in read.enumerated() {
                    configuration.rules[place == 0 ? "water" : "r\(place)"] = rule
                }
            }, body: body)
    }

    private static func set(_ board: AgentHarness, _ name: String, _ text: Value) async throws {
        _ = try await board.ask(
            ("op", .string("set")), ("path", .string("config/rules/" + name)), ("value", text))
        try await board.advance(200)
    }

    private static func rules(_ board: AgentHarness) async throws -> [Value] {
        try await board.ask(("op", .string("rules")))["rules"]?.arrayValue ?? []
    }

    @Test func theTwinsRuleTakesThePlaceOfTheFilesAndGivesItBack() async throws {
        let folder = try TemporaryFolder()
        try await run(folder, rules: [Self.pump], seed: 1) { board in
            try await board.advance(200)
            #expect(try await board.value(Self.path)?["rule"] == .string(Self.pump))
            let other = "when soil/moisture < 10 set relay/relay.0 on for 1h"
            try await Self.set(board, "water", .string(other))
            #expect(try await board.value(Self.path)?["rule"] == .string(other))
            // A typo of the twin's stops neither.
            try await Self.set(board, "water", .string("when"))
            let list = try await Self.rules(board)
            #expect(list.map { $0["from"] } == [.string("twin"), .string("twin")])
            #expect(list.map { $0["state"] } == [.string("idle"), .string("refused")])
            #expect(list.last?["reason"]?.stringValue?.contains("at its end") == true)
            try await Self.set(board, "water", .null)
            let back = try await Self.rules(board)
            #expect(back.map { $0["from"] } == [.string("file")])
            #expect(back.first?["rule"] == .string(Self.pump))
        }
    }

    @Test func aRuleThatLeftTheFileIsSetBack() async throws {
        let folder = try TemporaryFolder()
        try await run(folder, rules: [Self.pump], seed: 1) { board in
            try await board.publish("shellies/relay/relay/0", "off")
            try await board.publish("zigbee2mqtt/soil", #"{"moisture":25}"#)
            try await board.advance(200)
            #expect(try await board.value(Self.path)?["state"] == .string("active"))
            try await board.deliver(.published(1, .confirmed))
            try await board.publish("shellies/relay/relay/0", "on")
            try await board.advance(200)
        }
        try await run(folder, rules: [], seed: 2) { board in
            try await board.advance(200)
            #expect(try await board.value(Self.path) ?? .null == .null)
            #expect(
                try await board.value("desired/devices/relay/relay.0") == .bool(false))
            #expect(try await Self.rules(board).isEmpty)
        }
    }

    @Test func theFilesRulesHaveTheirPlaces() async throws {
        let folder = try TemporaryFolder()
        let rules = Array(repeating: Self.pump, count: RuleEngine.rulesMaximum - 1)
        try await run(folder, rules: rules, seed: 1) { board in
            try await Self.set(board, "one", .string(Self.pump))
            try await Self.set(board, "two", .string(Self.pump))
            let list = try await Self.rules(board)
            #expect(list.count { $0["state"] != .string("refused") } == RuleEngine.rulesMaximum)
            #expect(list.last?["name"] == .string("two"))
            #expect(list.last?["reason"] == .string("64 rules are the limit"))
        }
    }

    @Test func aChipsReadingIsAReading() async throws {
        let folder = try TemporaryFolder()
        let chip = try DeviceBlock(
            name: "attic", .object([("kind", .string("tmp102")), ("every", .string("10s"))]))
        let rule = try RuleParser.read("when attic/temperature > 20 set relay/relay.0 on")
        try await AgentHarness.run(
            folder,
            configure: { configuration, _, _ in
                configuration.devices = [chip]
                configuration.rules["fan"] = rule
            }
        ) { board in
            board.devices.state.with {
                $0.buses["i2c-1"] = SimI2CBus([
                    I2CAddress(low: 0x48): SimRegisterChip(
                        width: 2, [0x00: [0x19, 0x00], 0x01: [0x60, 0xA0]])
                ])
            }
            try await eventually("the rule to act") {
                try await board.advance(1000)
                return try await board.value("desired/devices/relay/relay.0") == .bool(true)
            }
        }
    }
}
