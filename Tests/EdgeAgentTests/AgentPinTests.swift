import DeviceDrivers
import Platform
import Simulator
import TestSupport
import Testing

@testable import EdgeAgent

@Suite struct AgentPinTests {
    private static let block = Value.object([
        ("kind", .string("relay")), ("line", .string("PUMP")),
    ])

    private static func pins() -> SimPins {
        SimPins([("chip", ["", "", "PUMP", "DOOR"])], nanoseconds: { 1 })
    }

    private static func run(
        _ folder: TemporaryFolder, _ pins: SimPins, _ blocks: [(String, Value)],
        body: @escaping @Sendable (AgentHarness) async throws -> Void
    ) async throws {
        let devices = try blocks.map { try DeviceBlock(name: $0.0, $0.1) }
        try await AgentHarness.run(
            folder, pins: pins,
            configure: {
                $0.devices = devices; _ = ($1, $2)
            }, body: body)
    }

    private static func set(
        _ harness: AgentHarness, _ path: String, _ value: Value
    ) async throws {
        let answer = try await harness.ask(
            ("op", .string("set")), ("path", .string(path)), ("value", value))
        #expect(answer["ok"] == .bool(true))
        // What a wish causes is staged, and committed by the next turn that is late enough.
        try await harness.advance(1000)
    }

    @Test func aWishDrivesARelayAndIsAnswered() async throws {
        let folder = try TemporaryFolder()
        let pins = Self.pins()
        try await Self.run(folder, pins, [("pump", Self.block)]) { harness in
            try await harness.advance(1000)
            #expect(try await harness.value("reported/devices/pump/on") == .bool(false))
            try await Self.set(harness, "desired/devices/pump/on", .string("on"))
            #expect(pins.level(0, 2))
            #expect(try await harness.value("reported/devices/pump/on") == .bool(true))
            let answer = try await harness.value("reported/desired/devices/pump/on")
            #expect(answer?["status"] == .string("applied"))
            try await Self.set(harness, "desired/devices/pump/on", .string("toggle"))
            let refused = try await harness.value("reported/desired/devices/pump/on")
            #expect(refused?["status"] == .string("refused"))
            #expect(pins.level(0, 2))
            let listed = try await harness.ask(("op", .string("devices")))["declared"]
            #expect(listed?.arrayValue?.first?["line"] == .string("PUMP"))
            #expect(listed?.arrayValue?.first?["chip"] == .string("chip"))
            try await Self.set(harness, "desired/devices/pump/on", .string("on for 5s"))
            try await harness.advance(5000)
            #expect(!pins.level(0, 2))
            try await Self.set(harness, "desired/devices/pump/on", .bool(true))
            #expect(pins.level(0, 2))
        }
        // Stopped: safe, held, and told.
        #expect(!pins.level(0, 2) && pins.isHeld(0, 2))
        // The next agent gives it what is wished, though the wish was answered long ago.
        try await Self.run(folder, pins, [("pump", Self.block)]) { harness in
            try await harness.advance(1000)
            #expect(pins.level(0, 2))
            try await Self.set(harness, "desired/devices/pump/on", .string("nonsense"))
        }
        // One that was refused is not carried out by a start.
        try await Self.run(folder, pins, [("pump", Self.block)]) { harness in
            try await harness.advance(1000)
            #expect(!pins.level(0, 2))
        }
    }

    @Test func blocksOfTheTwinComeAndGo() async throws {
        let folder = try TemporaryFolder()
        let pins = Self.pins()
        try await Self.run(folder, pins, []) { harness in
            try await Self.set(harness, "config/devices/pump", Self.block)
            try await Self.set(harness, "desired/devices/pump/on", .bool(true))
            #expect(pins.level(0, 2))
            // Another block, and one that is none, leave the relay alone.
            try await Self.set(
                harness, "config/devices/door",
                .object([("kind", .string("switch")), ("line", .string("DOOR"))]))
            try await Self.set(
                harness, "config/devices/pump", .object([("kind", .string("relais"))]))
            #expect(pins.level(0, 2))
            // A second device on its line is refused by the first one's name.
            try await Self.set(harness, "config/devices/well", Self.block)
            let answer = try await harness.value("reported/config/devices/well")
            #expect(answer?["reason"]?.stringValue?.contains("taken by pump") == true)
            try await Self.set(harness, "config/devices/pump", .null)
            #expect(!pins.level(0, 2))
            #expect(try await harness.value("reported/devices/pump/on") == .bool(false))
        }
    }

    @Test func aRuleTurnsARelayOnWhenADoorOpens() async throws {
        let folder = try TemporaryFolder()
        let pins = Self.pins()
        let door = Value.object([("kind", .string("switch")), ("line", .string("DOOR"))])
        try await Self.run(folder, pins, [("pump", Self.block), ("door", door)]) { harness in
            try await Self.set(
                harness, "config/rules/light",
                .string("when door/on = on for 2s set pump/on on for 60s"))
            pins.pull(0, 3, up: true)
            try await eventually("the relay") {
                try await harness.advance(1000)
                return pins.level(0, 2)
            }
            try await eventually("its end") {
                try await harness.advance(10_000)
                return !pins.level(0, 2)
            }
        }
    }
}
