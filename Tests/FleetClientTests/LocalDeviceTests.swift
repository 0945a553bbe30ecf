import Platform
import Testing

@testable import FleetClient

@Suite struct LocalDeviceTests {
    private static func cells(_ values: [(String, Value)]) throws -> [TwinCell] {
        try values.map { path, value in
            try TwinCell(
                Fields(.object([("path", .string(path)), ("value", value)]), place: "cell"))
        }
    }

    private static func row(_ n: Int64, _ key: String, _ time: String, _ value: Value) throws
        -> LogRow
    {
        try LogRow(
            Fields(
                .object([
                    ("n", .int(n)), ("stream", .string("telemetry")), ("epoch", .string("0")),
                    ("seq", .int(n)), ("key", .string(key)), ("time", .string(time)),
                    ("clock", .string("synchronized")), ("value", value),
                ]), place: "row"))
    }

    @Test func chipsAndDevicesOfTheBrokerAreOneList() throws {
        let cells = try Self.cells([
            (
                "reported/declared/attic",
                .object([
                    ("kind", .string("bme280")),
                    ("units", .object([("temperature", .string("°C"))])),
                ])
            ),
            ("reported/devices/attic/temperature", .number(21.5)),
            ("reported/devices/attic/available", .bool(false)),
            ("reported/registry/lamp", .object([("family", .string("Home Assistant"))])),
            (
                "reported/registry/lamp/sensor.power",
                .object([("config", .object([("unit_of_measurement", .string("W"))]))])
            ),
            (
                "reported/presence/lamp",
                .object([
                    ("state", .string("online")), ("last_heard", .string("2026-11-24T00:00:00Z")),
                ])
            ),
            ("reported/devices/lamp/sensor.power", .int(7)),
            ("reported/registry/sold", .object([("forgotten", .bool(true))])),
            ("reported/devices/sold/state", .string("ON")),
            ("reported/declared/removed", .null),
            ("reported/board/load_1m", .number(1)),
        ])
        let rows = try [
            Self.row(1, "devices/attic", "T1", .object([("temperature", .int(20))])),
            Self.row(2, "devices/attic", "T2", .object([("temperature", .number(21.5))])),
            Self.row(3, "devices/attic", "T3", .object([("available", .bool(false))])),
            Self.row(4, "board", "T4", .object([("temperature", .int(1))])),
        ]
        let devices = LocalDevice.list(cells, rows)
        #expect(devices.map(\.id) == ["attic", "lamp"])
        #expect(devices.map(\.kind) == ["bme280", "Home Assistant"])
        #expect(devices.map(\.presence) == ["offline", "online"])
        #expect(devices.first?.readings.map(\.property) == ["temperature"])
        #expect(devices.first?.readings.first?.unit == "°C")
        #expect(devices.first?.readings.first?.time == "T2")
        #expect(devices.last?.readings.first?.unit == "W")
        // Further back than the rows that were read.
        #expect(devices.last?.readings.first?.time == nil)
        #expect(devices.last?.lastHeard == "2026-11-24T00:00:00Z")
        #expect(devices.last?.object["readings"]?.arrayValue?.first?["time"] == .null)
    }

    @Test(arguments: [
        ("applied", nil, DeviceWish.done, Int32(0)),
        ("pending", nil, .pending, 1),
        ("refused", "power cannot be set", .refused("power cannot be set"), 5),
        ("refused", "timeout: it did not confirm", .unconfirmed("it did not confirm"), 1),
        ("refused", nil, .refused("it gave no reason"), 5),
    ])
    func whatBecameOfAWish(
        status: String, reason: String?, wish: DeviceWish, code: Int32
    ) throws {
        var fields: [(String, Value)] = [
            ("path", .string("desired/devices/relay/pump")), ("value", .bool(true)),
            ("status", .string(status)),
        ]
        if let reason { fields.append(("reason", .string(reason))) }
        let cell = try TwinCell(Fields(.object(fields), place: "cell"))
        #expect(DeviceWish(cell) == wish)
        guard wish != .done else { return }
        let error = wish.error(board: "barn-7", property: "relay/pump", seconds: 20)
        #expect(error.exitCode == code)
        #expect(error.message.contains("relay/pump") && !error.hint.isEmpty)
    }

    @Test func aPropertyIsADeviceAndAName() {
        for good in ["relay/pump", "lamp/light.x/brightness", "a/b"] {
            #expect(DeviceWish.isProperty(good))
        }
        for bad in ["relay", "/pump", "relay/", "", "/", "a/b/"] {
            #expect(!DeviceWish.isProperty(bad))
        }
    }
}
