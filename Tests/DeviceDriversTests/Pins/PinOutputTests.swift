import Platform
import Simulator
import Testing

@testable import DeviceDrivers

@Suite struct PinOutputTests {
    private static let relay = "{\"kind\": \"relay\", \"line\": \"GPIO17\"}"

    @Test func aRelayIsTakenOffSetAndConfirmed() throws {
        let harness = PinHarness()
        try harness.declare([("pump", Self.relay)])
        #expect(harness.pins.isHeld(0, 17))
        #expect(!harness.level(17))
        #expect(harness.reported("pump", "on") == .bool(false))
        #expect(harness.reported("pump", "available") == .bool(true))
        harness.set("pump", "on", .string("on"))
        #expect(harness.level(17))
        #expect(harness.settled.last?.refusal == nil && harness.settled.last?.token == 1)
        #expect(harness.reported("pump", "on") == .bool(true))
        harness.set("pump", "on", .bool(false), token: 2)
        #expect(!harness.level(17))
        #expect(harness.settled.map(\.token) == [1, 2])
    }

    @Test func aLevelThatDoesNotComeIsRefused() throws {
        let harness = PinHarness()
        try harness.declare([("pump", Self.relay)])
        harness.isShorted = true
        harness.set("pump", "on", .bool(true))
        #expect(harness.settled.last?.refusal?.contains("reads off") == true)
        #expect(harness.reported("pump", "on") == .bool(false))
    }

    @Test func anActiveLowRelayIsHighWhenOff() throws {
        let harness = PinHarness()
        try harness.declare([
            ("pump", "{\"kind\": \"relay\", \"line\": 17, \"active_low\": true}")
        ])
        #expect(harness.level(17))
        harness.set("pump", "on", .bool(true))
        #expect(!harness.level(17))
        #expect(harness.reported("pump", "on") == .bool(true))
    }

    @Test func aPulseEndsByItself() throws {
        let harness = PinHarness()
        try harness.declare([("pump", Self.relay)])
        harness.set("pump", "on", .string("on for 60s"))
        harness.run(59_999)
        #expect(harness.level(17))
        let status = harness.panel.status(at: harness.now).first
        #expect(status?["ends_in_ms"] == .int(1))
        harness.run(1)
        #expect(!harness.level(17))
        #expect(harness.reported("pump", "on") == .bool(false))
        // A wish meanwhile takes its place.
        harness.set("pump", "on", .string("on for 60s"))
        harness.run(30_000)
        harness.set("pump", "on", .bool(true))
        harness.run(600_000)
        #expect(harness.level(17))
        // The other way round, too.
        harness.set("pump", "on", .string("OFF for 500ms"))
        #expect(!harness.level(17))
        harness.run(500)
        #expect(harness.level(17))
    }

    @Test(arguments: ["on", "on for 24h"])
    func onMaxBoundsWhateverIsWished(_ wish: String) throws {
        let harness = PinHarness()
        try harness.declare([
            ("pump", "{\"kind\": \"relay\", \"line\": \"GPIO17\", \"on_max\": \"10m\"}")
        ])
        harness.set("pump", "on", .string(wish))
        harness.run(599_999)
        #expect(harness.level(17))
        harness.run(1)
        #expect(!harness.level(17))
        #expect(harness.events.last?.key == "device.limited")
        // A chip that comes back must not begin it anew.
        harness.set("pump", "on", .string(wish))
        harness.lose("pump")
        harness.run(1000)
        #expect(harness.pins.isHeld(0, 17) && !harness.level(17))
    }

    @Test(
        arguments: [
            "{\"kind\": \"relay\", \"line\": \"GPIO17\"}",
            "{\"kind\": \"relay\", \"line\": \"GPIO17\", \"report\": \"10m\"}",
        ])
    func anUnchangedBlockTouchesNothing(_ again: String) throws {
        let harness = PinHarness()
        try harness.declare([("pump", Self.relay)])
        harness.set("pump", "on", .bool(true))
        let verbs = harness.verbs
        try harness.declare([("pump", again), ("lamp", "{\"kind\": \"relay\", \"line\": 4}")])
        #expect(harness.verbs == verbs + ["request lamp"])
        #expect(harness.level(17))
    }

    @Test func aRemovedRelayIsSafeAndFree() throws {
        let harness = PinHarness()
        try harness.declare([("pump", Self.relay)])
        harness.set("pump", "on", .bool(true))
        try harness.declare([])
        #expect(!harness.level(17) && !harness.pins.isHeld(0, 17))
        #expect(harness.reported("pump", "on") == .bool(false))
        #expect(harness.reported("pump", "available") == .bool(false))
        #expect(harness.panel.deadline == nil)
    }

    /// Two lines that change their names are given back before either is taken.
    @Test func linesCanBeSwapped() throws {
        let harness = PinHarness()
        let other = "{\"kind\": \"relay\", \"line\": \"GPIO4\"}"
        try harness.declare([("a", Self.relay), ("b", other)])
        try harness.declare([("a", other), ("b", Self.relay)])
        #expect(harness.events.isEmpty)
        #expect(harness.panel.pins.values.allSatisfy { $0.handle != nil })
    }

    @Test func theOtherConsumerIsNamedAndTheLineIsTakenOnceItIsFree() throws {
        let pins = SimPins([("chip", ["", "PUMP"])], nanoseconds: { 1 })
        let harness = PinHarness(pins)
        let other = SimGPIO(pins)
        let lease = try other.request(
            GPIORequest(chip: nil, lines: ["PUMP"], consumer: "lircd", direction: .input))
        try harness.declare([("pump", "{\"kind\": \"relay\", \"line\": \"PUMP\"}")])
        let event = harness.events.last
        #expect(event?.key == "device.failed")
        #expect(
            event?.fields.last?.1.stringValue?.contains("held by lircd: stop it") == true)
        #expect(harness.reported("pump", "available") == .bool(false))
        harness.set("pump", "on", .bool(true))
        #expect(harness.settled.last?.refusal?.contains("lircd") == true)
        // Pauses grow, and the same reason is told once.
        harness.run(60_000)
        #expect(harness.verbs.count == 6)
        #expect(harness.events.count == 1)
        other.release(lease.handle)
        harness.run(300_000)
        #expect(harness.events.last?.key == "device.recovered")
        // What was refused does not come true later.
        #expect(!harness.level(0))
        #expect(harness.reported("pump", "on") == .bool(false))
    }

    @Test func aLostChipIsTakenAgainAsItWas() throws {
        let harness = PinHarness()
        try harness.declare([("pump", Self.relay)])
        harness.set("pump", "on", .bool(true))
        harness.lose("pump")
        #expect(harness.reported("pump", "available") == .bool(false))
        harness.run(1000)
        #expect(harness.reported("pump", "available") == .bool(true))
        #expect(harness.level(17))
    }

    /// A start gives an output its last wish, but no pulse and nothing that `on_max` bounds.
    @Test(
        arguments: [
            ("\"line\": 17", Value.bool(true), true), ("\"line\": 17", .string("on"), true),
            ("\"line\": 17", .string("on for 60s"), false), ("\"line\": 17", .string("?"), false),
            ("\"line\": 17, \"on_max\": \"1h\"", .bool(true), false),
            ("\"line\": 17, \"safe\": \"on\"", .bool(false), false),
        ])
    func aStartRestoresWhatLasts(_ fields: String, _ wish: Value, _ isOn: Bool) throws {
        let harness = PinHarness()
        try harness.declare([("pump", "{\"kind\": \"relay\", \(fields)}")], wishes: ["pump": wish])
        #expect(harness.level(17) == isOn)
        #expect(harness.verbs == ["request pump"])
        #expect(harness.reported("pump", "on") == .bool(isOn))
    }

    @Test func aStopMakesSafe() throws {
        let harness = PinHarness()
        try harness.declare([("pump", Self.relay)])
        harness.set("pump", "on", .bool(true))
        harness.gpio.close()
        harness.perform(harness.panel.onClose())
        #expect(!harness.level(17))
        #expect(harness.reported("pump", "on") == .bool(false))
    }

    @Test func pulsesOfAShare() throws {
        let harness = PinHarness()
        try harness.declare([("fan", "{\"kind\": \"pwm\", \"line\": 12, \"rate_hz\": 100}")])
        #expect(!harness.level(12))
        harness.set("fan", "duty", .number(0.25))
        #expect(harness.gpio.wave(0, 12)?.periodMicroseconds == 10_000)
        #expect(harness.gpio.wave(0, 12)?.activeMicroseconds == 2500)
        #expect(harness.reported("fan", "duty") == .number(0.25))
        harness.set("fan", "duty", .int(1))
        #expect(harness.gpio.wave(0, 12) == nil && harness.level(12))
        harness.set("fan", "duty", .int(0))
        #expect(!harness.level(12))
        #expect(harness.settled.allSatisfy { $0.refusal == nil })
        for bad in [Value.number(1.1), .number(-0.1), .string("on"), .null] {
            harness.set("fan", "duty", bad)
            #expect(harness.settled.last?.refusal?.contains("0 to 1") == true)
        }
        // A start goes on with it.
        let next = PinHarness()
        try next.declare(
            [("fan", "{\"kind\": \"pwm\", \"line\": 12}")], wishes: ["fan": .number(0.5)])
        #expect(next.gpio.wave(0, 12)?.activeMicroseconds == 10_000)
    }

    @Test func pulsesAreBounded() throws {
        let harness = PinHarness()
        let blocks = (0...GPIOWave.countMaximum).map {
            ("fan\($0)", "{\"kind\": \"pwm\", \"line\": \($0)}")
        }
        try harness.declare(blocks)
        for number in 0..<GPIOWave.countMaximum {
            harness.set("fan\(number)", "duty", .number(0.5))
        }
        #expect(harness.settled.allSatisfy { $0.refusal == nil })
        harness.set("fan\(GPIOWave.countMaximum)", "duty", .number(0.5))
        #expect(harness.settled.last?.refusal?.contains("PCA9685") == true)
    }

    @Test func linesAreBoundedAndEachHasOneOwner() throws {
        let harness = PinHarness()
        var blocks = try (0...PinPanel.pinsMax).map {
            try block("r\(100 + $0)", "{\"kind\": \"relay\", \"line\": \($0)}")
        }
        var refused = PinPanel.conflicts(blocks)
        #expect(refused.map(\.name) == ["r\(100 + PinPanel.pinsMax)"])
        #expect(refused.first?.reason.contains("64 lines") == true)
        blocks = try [block("b", Self.relay), block("a", Self.relay)]
        refused = PinPanel.conflicts(blocks)
        #expect(refused.map(\.name) == ["b"])
        #expect(refused.first?.reason == "line GPIO17 is taken by a")
        harness.perform(harness.panel.declare(blocks, wishes: [:], at: harness.now))
        #expect(harness.panel.names == ["a"])
    }

    @Test(
        arguments: [
            ("on", "toggle"), ("on", "on for"), ("on", "on for 5"), ("on", "on for 9ms"),
            ("on", "on for 25h"), ("on", "on at 5s"), ("state", "on"), ("available", "on"),
        ])
    func badWishesAreRefused(_ property: String, _ text: String) throws {
        let harness = PinHarness()
        try harness.declare([("pump", Self.relay)])
        harness.set("pump", property, .string(text))
        #expect(harness.settled.last?.refusal?.contains("on") == true)
        #expect(!harness.level(17))
    }
}
