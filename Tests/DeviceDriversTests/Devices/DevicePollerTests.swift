import Platform
import Simulator
import TestSupport
import Testing

@testable import DeviceDrivers

@Suite struct DevicePollerTests {
    private let hot: I2CAddress = I2CAddress(low: 0x48)

    /// A TMP102 on i2c-1 that is read every ten seconds.
    private func harness(
        _ more: String = "", faults: SimI2CFaults = SimI2CFaults()
    ) throws -> PollerHarness {
        var harness = PollerHarness()
        let chip = SimRegisterChip(width: 2, [0x00: [0x19, 0x00], 0x01: [0x60, 0xA0]])
        harness.buses["i2c-1"] = SimI2CBus([hot: chip], faults: faults)
        let refused = harness.declare([
            try block("t", "{\"kind\": \"tmp102\", \"every\": \"10s\"\(more)}")
        ])
        #expect(refused.isEmpty)
        return harness
    }

    private func set(_ harness: inout PollerHarness, _ raw: [UInt8]) {
        harness.buses["i2c-1"]?.chips[hot] = SimRegisterChip(
            width: 2, [0x00: raw, 0x01: [0x60, 0xA0]])
    }

    @Test func readsAndReportsWhatMoved() throws {
        var harness = try harness(", \"deadband\": 0.5")
        harness.run(100)
        #expect(harness.reported("t", "temperature") == [.number(25)])
        #expect(harness.reported("t", "available") == [.bool(true)])
        set(&harness, [0x19, 0x40])
        harness.run(60_000)
        #expect(harness.reported("t", "temperature").count == 1)
        set(&harness, [0x1A, 0x00])
        harness.run(20_000)
        #expect(harness.reported("t", "temperature") == [.number(25), .number(26)])
        // All of it once in ten minutes.
        harness.run(600_000)
        #expect(harness.reported("t", "temperature").count == 3)
        #expect(harness.reported("t", "available").count == 2)
        #expect(harness.crowding == 0)
    }

    @Test func aDeadbandPerProperty() throws {
        var harness = try harness(", \"deadband\": {\"temperature\": 2}")
        harness.run(100)
        set(&harness, [0x1A, 0x00])
        harness.run(60_000)
        #expect(harness.reported("t", "temperature").count == 1)
        set(&harness, [0x1C, 0x00])
        harness.run(20_000)
        #expect(harness.reported("t", "temperature").count == 2)
    }

    @Test func isReadAsOftenAsItSays() throws {
        var harness = try harness()
        harness.run(600_000)
        let transfers = try #require(harness.buses["i2c-1"]?.transfers)
        #expect(60...62 ~= transfers)
    }

    @Test func aMissingChipIsAskedLessAndLessAndRecovers() throws {
        var harness = try harness()
        harness.buses["i2c-1"]?.chips = [:]
        harness.run(100)
        #expect(harness.count("device.failed") == 1)
        #expect(harness.reported("t", "available") == [.bool(false)])
        harness.run(3_600_000)
        // Ten seconds, then double, then every five minutes.
        let asked = try #require(harness.buses["i2c-1"]?.transfers)
        #expect(12...20 ~= asked, "\(asked)")
        #expect(harness.count("device.failed") == 1)
        set(&harness, [0x19, 0x00])
        harness.run(300_000)
        #expect(harness.count("device.recovered") == 1)
        #expect(harness.reported("t", "available") == [.bool(false), .bool(true)])
        #expect(harness.reported("t", "temperature") == [.number(25)])
    }

    @Test func eachFaultOfTheBusIsToldAndPasses() throws {
        for (word, event) in [
            ("2:nack", "device.failed"), ("2:slow", "device.failed"), ("2:lost", "device.failed"),
            ("2:stuck=2", "bus.stuck"),
        ] {
            var harness = try harness("", faults: try #require(SimI2CFaults(word)))
            harness.run(60_000)
            #expect(harness.count(event) == 1, "\(word)")
            #expect(harness.count("device.recovered") == 1, "\(word)")
            #expect(harness.reported("t", "temperature") == [.number(25)], "\(word)")
            #expect(harness.count("bus.recovered") == (event == "bus.stuck" ? 1 : 0), "\(word)")
        }
    }

    @Test func aKernelsDriverIsReadInstead() throws {
        var harness = try harness()
        harness.buses["i2c-1"]?.owners[hot] = "tmp102"
        harness.directories = [
            "/sys/bus/i2c/devices/1-0048": ["driver", "hwmon", "name"],
            "/sys/bus/i2c/devices/1-0048/hwmon": ["hwmon3"],
            "/sys/bus/i2c/devices/1-0048/hwmon/hwmon3": ["name", "temp1_input", "temp1_max"],
        ]
        harness.files["/sys/bus/i2c/devices/1-0048/hwmon/hwmon3/temp1_input"] = "21500\n"
        harness.run(30_000)
        #expect(harness.count("device.kernel-driver") == 1)
        #expect(harness.count("device.failed") == 0)
        #expect(harness.reported("t", "temperature") == [.number(21.5)])
    }

    @Test func oneTransferAtATimeOnABusAndNobodyStarves() throws {
        var harness = PollerHarness()
        var blocks: [DeviceBlock] = []
        for (index, chip) in ["i2c-1", "i2c-2"].flatMap({ bus in
            ChipCase.all.map { (bus, $0) }
        }).enumerated() where index < DevicePoller.devicesMax {
            let (bus, kind) = chip
            let address = kind.address
            guard harness.buses[bus]?.chips[address] == nil else { continue }
            var sim = harness.buses[bus] ?? SimI2CBus([:])
            sim.chips[address] = kind.chip()
            harness.buses[bus] = sim
            let fields: [(String, Value)] = [
                ("kind", .string(kind.kind.name)), ("bus", .string(bus)),
                ("every", .string("\(max(kind.kind.everyMin.count, 1000))ms")),
            ]
            blocks.append(
                try DeviceBlock(name: "d\(index)", .object(fields + kind.settings)))
        }
        #expect(harness.declare(blocks).isEmpty)
        harness.run(60_000)
        #expect(harness.crowding == 0)
        for block in blocks {
            #expect(harness.reported(block.name, "available").first == .bool(true), "\(block)")
        }
    }

    @Test func devicesAndSeatsAreBounded() throws {
        var harness = PollerHarness()
        let many = try (0...DevicePoller.devicesMax).map { number in
            try block(
                "d\(number)",
                "{\"kind\": \"lm75\", \"bus\": \"i2c-\(number / 8)\", \"address\": \(72 + number % 8)}"
            )
        }
        #expect(harness.declare(many).count == 1)
        let twice = try ["a", "b"].map { try block($0, "{\"kind\": \"lm75\"}") }
        let refused = harness.declare(twice)
        #expect(refused.map(\.name) == ["b"])
        #expect(refused.first?.reason.contains("taken by a") == true)
    }

    @Test func aDeclarationThatStaysGoesOn() throws {
        var harness = try harness()
        harness.run(100)
        let same = try block("t", "{\"kind\": \"tmp102\", \"every\": \"10s\"}")
        _ = harness.declare([same])
        harness.run(1000)
        #expect(harness.requestCount == 2)
        // Another interval is another device: it is set up anew.
        _ = harness.declare([try block("t", "{\"kind\": \"tmp102\", \"every\": \"5s\"}")])
        harness.run(100)
        #expect(harness.requestCount == 4)
        _ = harness.declare([])
        #expect(harness.poller.deadline == nil)
    }

    @Test func anAnswerForADeviceThatWentIsNobodys() throws {
        var harness = try harness()
        harness.silent = ["i2c-1"]
        harness.take(harness.poller.onTick(harness.now))
        let request = try #require(harness.requests["i2c-1"])
        _ = harness.declare([try block("t", "{\"kind\": \"lm75\"}")])
        // The lane is still taken by the request of the device before.
        harness.take(harness.poller.onTick(harness.now))
        #expect(harness.requestCount == 1)
        harness.silent = []
        harness.requests = [:]
        harness.take(
            harness.poller.onAnswer(
                DeviceAnswer(number: request.number, result: .bytes([1, 2])), harness.now))
        #expect(harness.requestCount == 2)
        harness.take(
            harness.poller.onAnswer(
                DeviceAnswer(number: 99, result: .bytes([1, 2])), harness.now))
        #expect(harness.events.isEmpty)
    }

    @Test func aBusThatHangsIsTold() throws {
        var harness = try harness()
        harness.silent = ["i2c-1"]
        harness.run(DevicePoller.patience + 1000)
        #expect(harness.count("bus.hanging") == 1)
        harness.run(60_000)
        #expect(harness.count("bus.hanging") == 1)
    }

    @Test func aPropertyIsSetAndReadBack() throws {
        var harness = PollerHarness()
        let address = I2CAddress(low: 0x20)
        let chip = SimRegisterChip([0x00: [0xFF, 0xFF], 0x12: [0, 0], 0x14: [0, 0]]) {
            chip, register, data in
            if register == 0x14 {
                chip.registers[0x12] = [data[0]]
                chip.registers[0x13] = [data[1]]
            }
        }
        harness.buses["i2c-1"] = SimI2CBus([address: chip])
        _ = harness.declare([
            try block("p", "{\"kind\": \"mcp23017\", \"outputs\": \"a0\", \"every\": \"1h\"}")
        ])
        harness.run(100)
        #expect(harness.reported("p", "a0") == [.bool(false)])
        let isTaken = harness.poller.set("p", "a0", .bool(true), token: 7, at: harness.now)
        #expect(isTaken)
        harness.run(1000)
        #expect(harness.settled.map(\.token) == [7])
        #expect(harness.settled.first?.refusal == nil)
        #expect(harness.reported("p", "a0") == [.bool(false), .bool(true)])
        // An input cannot be set, and that is no fault of the chip's.
        _ = harness.poller.set("p", "a1", .bool(true), token: 8, at: harness.now)
        harness.run(1000)
        #expect(harness.settled.last?.token == 8)
        #expect(harness.settled.last?.refusal?.contains("outputs") == true)
        #expect(harness.count("device.failed") == 0)
        for token in 0..<UInt64(PolledDevice.wishesMax) {
            let isTaken = harness.poller.set("p", "a0", .bool(true), token: token, at: harness.now)
            #expect(isTaken)
        }
        for device in ["p", "x"] {
            let isTaken = harness.poller.set(device, "a0", .bool(true), token: 9, at: harness.now)
            #expect(!isTaken)
        }
    }

    /// Any faults: no crowding, no silence, and all is well once they end.
    @Test func anyFaultsPass() throws {
        var generator = SeededGenerator.announced(for: "DevicePollerTests.anyFaultsPass")
        for _ in 0..<20 {
            let seed = generator.next()
            var harness = try harness("", faults: SimI2CFaults(seed: seed, once: 3))
            harness.run(600_000)
            #expect(harness.crowding == 0)
            harness.buses["i2c-1"]?.faults = SimI2CFaults()
            harness.buses["i2c-1"]?.losePower()
            harness.run(900_000)
            let state = harness.poller.status.first?["state"]?.stringValue
            #expect(state == "ok", "seed \(seed)")
        }
    }
}
