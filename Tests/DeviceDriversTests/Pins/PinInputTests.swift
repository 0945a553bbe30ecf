import Platform
import Simulator
import Testing

@testable import DeviceDrivers

@Suite struct PinInputTests {
    private static let button = "{\"kind\": \"button\", \"line\": 27, \"debounce\": \"20ms\"}"
    private static let door = "{\"kind\": \"switch\", \"line\": 22, \"bias\": \"pull-up\"}"

    private func field(
        _ event: (key: String, fields: [(String, Value)])?, _ name: String
    ) -> Value? { event?.fields.first { $0.0 == name }?.1 }

    @Test func aSwitchSaysItsLevel() throws {
        let harness = PinHarness()
        harness.pins.pull(0, 22, up: true)
        try harness.declare([("door", Self.door)])
        #expect(harness.reported("door", "on") == .bool(true))
        harness.edge("door", false)
        #expect(harness.reported("door", "on") == .bool(false))
        #expect(harness.events.isEmpty)
        harness.set("door", "on", .bool(true))
        #expect(harness.settled.last?.refusal?.contains("input") == true)
        // What does not change is told now and then, so that nobody takes it for stale.
        let count = harness.reports.count
        harness.run(600_000)
        #expect(harness.reports.count == count + 1)
    }

    @Test func pressesAreEvents() throws {
        let harness = PinHarness()
        try harness.declare([("bell", Self.button)])
        harness.edge("bell", true)
        harness.run(150)
        harness.edge("bell", false)
        #expect(harness.events.map(\.key) == ["button.pressed", "button.released"])
        #expect(field(harness.events.first, "sequence") == .int(1))
        #expect(field(harness.events.first, "monotonic_ns") == .int(1_000_000_000))
        #expect(field(harness.events.last, "held_ms") == .int(150))
        #expect(harness.reported("bell", "presses") == .int(1))
        #expect(harness.reported("bell", "pressed") == .bool(false))
    }

    @Test func missingEdgesAreTold() throws {
        let harness = PinHarness()
        try harness.declare([("bell", Self.button)])
        harness.edge("bell", true)
        harness.edge("bell", true, skipping: 7)
        let lost = harness.events.first { $0.key == "device.edges-lost" }
        #expect(field(lost, "count") == .int(7))
    }

    /// Where the chip does not debounce: bounces are one change, at the time of its first edge.
    @Test func bouncesAreOnePress() throws {
        let harness = PinHarness()
        harness.gpio.debounces = false
        try harness.declare([("bell", Self.button)])
        for number in 0..<9 {
            harness.edge("bell", number % 2 == 0)
            harness.run(2)
        }
        #expect(harness.events.isEmpty)
        harness.run(20)
        #expect(harness.events.map(\.key) == ["button.pressed"])
        // The ninth edge is the last change; the line had been low before it.
        #expect(field(harness.events.first, "monotonic_ns") == .int(1_016_000_000))
        // A spike that does not last is nothing.
        harness.edge("bell", false)
        harness.run(5)
        harness.edge("bell", true)
        harness.run(100)
        #expect(harness.events.count == 1)
        #expect(harness.reported("bell", "presses") == .int(1))
    }

    /// A line that floats writes a bounded number of rows, and none of its edges is forgotten.
    @Test func aFloatingLineIsBounded() throws {
        let harness = PinHarness()
        try harness.declare([("bell", Self.button)])
        for number in 0..<20_000 {
            harness.edge("bell", number % 2 == 0)
            harness.run(1)
        }
        let rows = harness.reports.count
        #expect(rows <= Int(Pin.rowsMax) + 20 + 1)
        #expect(rows > Int(Pin.rowsMax))
        // Its state is right once it is quiet, and all is accounted for.
        harness.run(2000)
        #expect(harness.reported("bell", "presses") == .int(10_000))
        #expect(harness.reported("bell", "pressed") == .bool(false))
        harness.edge("bell", true)
        let untold = harness.events.reduce(Int64(0)) { $0 + (field($1, "untold")?.intValue ?? 0) }
        #expect(untold + Int64(harness.events.count) == 20_001)
    }
}
