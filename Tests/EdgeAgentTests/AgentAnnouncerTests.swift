import DeviceDrivers
import LinuxPlatform
import Platform
import Simulator
import TestSupport
import Testing

@testable import EdgeAgent

/// The board in Home Assistant, from the agent's side.
@Suite struct AgentAnnouncerTests {
    private static let config = "homeassistant/switch/cloudos-edge-board-1/pins_-a0/config"
    private static let root = "cloudos-edge/board-1"

    private func run(
        isEnabled: Bool = true,
        body: @escaping @Sendable (AgentHarness) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let pins = try DeviceBlock(
            name: "pins", .object([("kind", .string("mcp23017")), ("outputs", .string("a0"))]))
        try await AgentHarness.run(
            folder,
            configure: { configuration, _, _ in
                configuration.devices = [pins]
                configuration.localBroker.announcesBoard = isEnabled
            }
        ) { board in
            let chip = SimRegisterChip([0x00: [0xFF, 0xFF], 0x12: [0, 0], 0x14: [0, 0]]) {
                chip, register, data in
                if register == 0x14 { chip.registers[0x12] = [data[0]] }
            }
            board.devices.state.with {
                $0.buses["i2c-1"] = SimI2CBus([I2CAddress(low: 0x20): chip])
            }
            try await board.deliver(BusEvent.connected)
            try await body(board)
        }
    }

    /// What the broker holds after all that was published; each message is answered.
    private static func retained(_ board: AgentHarness) -> [String: String] {
        board.bus.state.with { $0.published }.filter(\.isRetained).reduce(into: [:]) {
            $0[$1.topic] = String(decoding: $1.payload, as: UTF8.self)
        }
    }

    private static func answered(
        _ board: AgentHarness, until condition: ([String: String]) -> Bool
    ) async throws {
        var answered = 0
        try await eventually("the announcements") {
            let count = board.bus.state.with { $0.published.count }
            while answered < count {
                answered += 1
                try await board.deliver(.published(UInt64(answered), .confirmed))
            }
            try await board.advance(2000)
            return condition(retained(board))
        }
    }

    @Test func theBoardAndItsDevicesAppear() async throws {
        try await run { board in
            try await Self.answered(board) {
                $0["\(Self.root)/pins/a0"] != nil && $0["\(Self.root)/pins/available"] == "true"
            }
            let retained = Self.retained(board)
            #expect(retained["\(Self.root)/availability"] == "online")
            let announced = try JSONReader.read(try #require(retained[Self.config]))
            #expect(announced["command_topic"] == .string("\(Self.root)/pins/a0/set"))
            let load = "homeassistant/sensor/cloudos-edge-board-1/__board_-load__1m/config"
            #expect(retained[load] != nil, "\(retained.keys.sorted())")
            // What comes back from the broker is nobody's device.
            for (topic, payload) in retained {
                try await board.publish(topic, payload, isRetained: true)
            }
            try await board.advance(6000)
            let registry = try await board.ask(
                ("op", .string("get")), ("path", .string("reported/registry/")))
            #expect(registry["exit"] == .int(3))
            let status = try await board.status()
            #expect(status["local_broker"]?["unreadable"] == .int(0))
        }
    }

    @Test func aCommandGoesTheWayOfAWish() async throws {
        try await run { board in
            try await Self.answered(board) { $0["\(Self.root)/pins/a0"] == "false" }
            let topic = "\(Self.root)/pins/a0/set"
            let before = board.acknowledged
            try await board.publish(topic, "true")
            try await Self.answered(board) { $0["\(Self.root)/pins/a0"] == "true" }
            // Durable before the broker could forget it, and answered.
            #expect(board.acknowledged > before)
            #expect(try await board.value("desired/devices/pins/a0") == .bool(true))
            let answer = try await board.value("reported/desired/devices/pins/a0")
            #expect(answer?["status"] == .string("applied"))
            // A broker that kept a command must not have it carried out again.
            try await board.publish(topic, "false", isRetained: true)
            try await board.advance(6000)
            #expect(try await board.value("desired/devices/pins/a0") == .bool(true))
        }
    }

    @Test func aDeviceThatFailsIsNotThere() async throws {
        try await run { board in
            try await Self.answered(board) { $0["\(Self.root)/pins/available"] == "true" }
            board.devices.state.with { $0.buses = [:] }
            try await Self.answered(board) { $0["\(Self.root)/pins/available"] == "false" }
        }
    }

    @Test func aDeviceThatIsNoLongerDeclaredIsTakenBack() async throws {
        let folder = try TemporaryFolder()
        try await AgentHarness.run(
            folder,
            configure: { configuration, _, _ in configuration.localBroker.announcesBoard = true }
        ) { board in
            board.devices.state.with {
                $0.buses["i2c-1"] = SimI2CBus([
                    I2CAddress(low: 0x48): SimRegisterChip(
                        width: 2, [0x00: [0x19, 0x00], 0x01: [0x60, 0xA0]])
                ])
            }
            try await board.deliver(BusEvent.connected)
            let block = Value.object([("kind", .string("tmp102")), ("every", .string("10s"))])
            let path = ("path", Value.string("config/devices/attic"))
            _ = try await board.ask(("op", .string("set")), path, ("value", block))
            let topic = "homeassistant/sensor/cloudos-edge-board-1/attic_-temperature/config"
            try await Self.answered(board) { $0[topic]?.isEmpty == false }
            let record = try await board.value("reported/declared/attic")
            #expect(record?["kind"] == .string("tmp102"))
            #expect(record?["units"]?["temperature"] == .string("°C"))
            _ = try await board.ask(("op", .string("set")), path, ("value", .null))
            try await Self.answered(board) { $0[topic]?.isEmpty == true }
            #expect(Self.retained(board)["\(Self.root)/attic/temperature"] == "")
            #expect(try await board.value("reported/declared/attic") ?? .null == .null)
        }
    }

    @Test func switchedOffNothingIsAnnouncedAndTheBrokersMemoryIsTakenBack() async throws {
        try await run(isEnabled: false) { board in
            try await board.advance(60_000)
            #expect(Self.retained(board).isEmpty)
            let state = "\(Self.root)/pins/a0"
            try await board.publish(
                Self.config, #"{"state_topic":"\#(state)"}"#, isRetained: true)
            try await Self.answered(board) { $0[Self.config] == "" }
            #expect(Self.retained(board)[state] == "")
        }
    }

    @Test func whatOnAndOffMeanForAChip() async throws {
        try await run { board in
            try await Self.answered(board) { $0["\(Self.root)/pins/a0"] == "false" }
            _ = try await board.ask(
                ("op", .string("set")), ("path", .string("desired/devices/pins/a0")),
                ("value", .string("on")))
            try await Self.answered(board) { $0["\(Self.root)/pins/a0"] == "true" }
        }
    }
}
