import DeviceDrivers
import LinuxPlatform
import Platform
import Simulator
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent

@Suite struct AgentDeviceTests {
    private static func thermometer(_ raw: [UInt8] = [0x19, 0x00]) -> SimI2CBus {
        SimI2CBus([
            I2CAddress(low: 0x48): SimRegisterChip(width: 2, [0x00: raw, 0x01: [0x60, 0xA0]])
        ])
    }

    /// Asks until the board holds this; each question is a turn of the agent.
    private static func wait(
        _ harness: AgentHarness, _ path: String, _ expected: Value
    ) async throws -> Bool {
        for _ in 0..<2000 {
            try await harness.advance(1)
            if try await harness.value(path) == expected { return true }
            try await harness.advance(6000)
        }
        return false
    }

    @Test func aDeclaredChipIsReported() async throws {
        let folder = try TemporaryFolder()
        let declared = try DeviceBlock(
            name: "attic", .object([("kind", .string("tmp102")), ("every", .string("10s"))]))
        try await AgentHarness.run(
            folder,
            configure: {
                $0.devices = [declared]; _ = ($1, $2)
            }
        ) {
            harness in
            harness.devices.state.with { $0.buses["i2c-1"] = Self.thermometer() }
            let path = "reported/devices/attic/temperature"
            #expect(try await Self.wait(harness, path, .number(25)))
            #expect(
                try await harness.value("reported/devices/attic/available") == .bool(true))
            let answer = try await harness.ask(("op", .string("devices")))
            let device = answer["declared"]?.arrayValue?.first
            #expect(device?["name"]?.stringValue == "attic")
            #expect(device?["state"]?.stringValue == "ok")
            #expect(device?["address"]?.stringValue == "0x48")
            // It also went to the log of measurements, as a device's message does.
            try await harness.synchronize()
            try await harness.advance(10_000)
            #expect(
                harness.sentRows("telemetry").contains {
                    $0.key == "devices/attic" && $0.value["temperature"] == .number(25)
                })
        }
    }

    @Test func aBlockOfTheTwinIsTakenAndABadOneIsRefused() async throws {
        let folder = try TemporaryFolder()
        try await AgentHarness.run(folder) { harness in
            harness.devices.state.with { $0.buses["i2c-1"] = Self.thermometer([0xE7, 0x00]) }
            let good = Value.object([("kind", .string("tmp102")), ("every", .string("10s"))])
            _ = try await harness.ask(
                ("op", .string("set")), ("path", .string("config/devices/cellar")),
                ("value", good))
            let path = "reported/devices/cellar/temperature"
            #expect(try await Self.wait(harness, path, .number(-25)))
            // What is wrong is told, and what was declared before goes on.
            let bad = Value.object([("kind", .string("tmp103"))])
            _ = try await harness.ask(
                ("op", .string("set")), ("path", .string("config/devices/cellar")),
                ("value", bad))
            try await harness.advance(1000)
            #expect(
                harness.lines.with { lines in
                    lines.contains { $0.contains("device.refused") && $0.contains("cellar") }
                })
            let answer = try await harness.ask(("op", .string("devices")))
            #expect(answer["declared"]?.arrayValue?.count == 1)
            // Removed, it is no longer there.
            _ = try await harness.ask(
                ("op", .string("set")), ("path", .string("config/devices/cellar")),
                ("value", .null))
            #expect(
                try await Self.wait(
                    harness, "reported/devices/cellar/available", .bool(false)))
            let after = try await harness.ask(("op", .string("devices")))
            #expect(after["declared"]?.arrayValue?.isEmpty == true)
        }
    }

    @Test func aMissingBusIsAnEvent() async throws {
        let folder = try TemporaryFolder()
        let declared = try DeviceBlock(name: "attic", .object([("kind", .string("tmp102"))]))
        try await AgentHarness.run(
            folder,
            configure: {
                $0.devices = [declared]; _ = ($1, $2)
            }
        ) {
            harness in
            let path = "reported/devices/attic/available"
            let isReported = try await Self.wait(harness, path, .bool(false))
            #expect(isReported)
            #expect(
                harness.lines.with { lines in
                    lines.contains { $0.contains("device.failed") && $0.contains("i2c_arm") }
                })
        }
    }

    @Test func anOutputIsSetFromTheTwin() async throws {
        let folder = try TemporaryFolder()
        let declared = try DeviceBlock(
            name: "pins",
            .object([("kind", .string("mcp23017")), ("outputs", .string("a0"))]))
        try await AgentHarness.run(
            folder,
            configure: {
                $0.devices = [declared]; _ = ($1, $2)
            }
        ) {
            harness in
            let chip = SimRegisterChip([0x00: [0xFF, 0xFF], 0x12: [0, 0], 0x14: [0, 0]]) {
                chip, register, data in
                if register == 0x14 { chip.registers[0x12] = [data[0]] }
            }
            harness.devices.state.with {
                $0.buses["i2c-1"] = SimI2CBus([I2CAddress(low: 0x20): chip])
            }
            #expect(try await Self.wait(harness, "reported/devices/pins/a0", .bool(false)))
            _ = try await harness.ask(
                ("op", .string("set")), ("path", .string("desired/devices/pins/a0")),
                ("value", .bool(true)))
            #expect(try await Self.wait(harness, "reported/devices/pins/a0", .bool(true)))
        }
    }
}
