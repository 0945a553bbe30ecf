import DeviceDrivers
import Platform
import Testing

/// One message and the report that it must give.
struct MessageCase: Sendable, CustomTestStringConvertible {
    var topic: String
    var payload: String
    var device: String
    var properties: [String: Value]
    var priority: MessagePriority

    var testDescription: String { "\(topic) \(payload)" }
    var expected: SeenReport {
        SeenReport(device: device, properties: properties, priority: priority)
    }

    /// A message of `shellies/shelly1pm-A1/...`.
    static func gen1(
        _ path: String, _ payload: String, _ priority: MessagePriority,
        _ properties: [String: Value]
    ) -> MessageCase {
        MessageCase(
            topic: "shellies/shelly1pm-A1/\(path)", payload: payload, device: "shelly1pm-A1",
            properties: properties, priority: priority)
    }
}

@Suite struct ShellyGen1Tests {
    static let cases: [MessageCase] = [
        .gen1("online", "true", .event, ["online": .bool(true)]),
        .gen1("online", "false", .event, ["online": .bool(false)]),
        .gen1(
            "relay/0", "on", .event,
            ["relay.0": .bool(true), "relay.0.overpower": .bool(false)]),
        .gen1(
            "relay/0", "overpower", .alarm,
            ["relay.0": .bool(false), "relay.0.overpower": .bool(true)]),
        .gen1("relay/0/power", "63.84", .telemetry, ["relay.0.power": .double(63.84)]),
        .gen1("relay/0/energy", "12345", .telemetry, ["relay.0.energy": .int(12345)]),
        .gen1("relay/0/power", "nan", .event, ["relay.0.power": .null]),
        .gen1(
            "relay/0/overpower_value", "2400.5", .telemetry,
            ["relay.0.overpower_value": .double(2400.5)]),
        .gen1("light/0", "off", .event, ["light.0": .bool(false)]),
        .gen1("input/0", "1", .event, ["input.0": .bool(true)]),
        .gen1("longpush/1", "0", .event, ["longpush.1": .bool(false)]),
        .gen1(
            "input_event/0", #"{"event":"SS","event_cnt":7}"#, .event,
            ["input_event.0.event": .string("SS"), "input_event.0.event_cnt": .int(7)]),
        .gen1("temperature", "33.89", .telemetry, ["temperature": .double(33.89)]),
        .gen1("overtemperature", "0", .event, ["overtemperature": .bool(false)]),
        .gen1("overtemperature", "1", .alarm, ["overtemperature": .bool(true)]),
        .gen1("roller/0", "open", .event, ["roller.0": .string("open")]),
        .gen1("roller/0/pos", "-1", .telemetry, ["roller.0.pos": .int(-1)]),
        .gen1("sensor/temperature", "21.5", .telemetry, ["sensor.temperature": .double(21.5)]),
        .gen1("sensor/battery", "97", .event, ["sensor.battery": .int(97)]),
        .gen1("sensor/flood", "true", .alarm, ["sensor.flood": .bool(true)]),
        .gen1("sensor/flood", "false", .event, ["sensor.flood": .bool(false)]),
        .gen1("sensor/smoke", "1", .alarm, ["sensor.smoke": .bool(true)]),
        .gen1("sensor/gas", "none", .event, ["sensor.gas": .string("none")]),
        .gen1("sensor/gas", "unknown", .event, ["sensor.gas": .string("unknown")]),
        .gen1("sensor/gas", "heavy", .alarm, ["sensor.gas": .string("heavy")]),
        .gen1("sensor/state", "open", .event, ["sensor.state": .string("open")]),
        .gen1(
            "sensor/act_reasons", #"["sensor"]"#, .event,
            ["sensor.act_reasons": .array([.string("sensor")])]),
        .gen1("emeter/1/pf", "-0.54", .telemetry, ["emeter.1.pf": .double(-0.54)]),
        .gen1("ext_temperature/0", "23.06", .telemetry, ["ext_temperature.0": .double(23.06)]),
        .gen1(
            "info", #"{"wifi_sta":{"rssi":-62},"relays":[{"ison":true}],"ext_humidity":{}}"#,
            .event,
            [
                "info.wifi_sta.rssi": .int(-62),
                "info.relays": .array([.map([.init("ison", .bool(true))])]),
            ]),
        .gen1(
            "info", #"{"relays":[{"ison":false,"overpower":true}],"temperature":80}"#, .alarm,
            [
                "info.relays": .array([
                    .map([.init("ison", .bool(false)), .init("overpower", .bool(true))])
                ]),
                "info.temperature": .int(80),
            ]),
        .gen1(
            "announce", #"{"id":"shelly1pm-A1","fw_ver":"1.14","gen":1}"#, .event,
            [
                "announce.id": .string("shelly1pm-A1"), "announce.fw_ver": .string("1.14"),
                "announce.gen": .int(1),
            ]),
        MessageCase(
            topic: "shellies/announce", payload: #"{"id":"shellyht-B2","new_fw":false}"#,
            device: "shellyht-B2",
            properties: [
                "announce.id": .string("shellyht-B2"), "announce.new_fw": .bool(false),
            ], priority: .event),
    ]

    @Test(arguments: cases) func reports(message: MessageCase) {
        var bridge = MQTTDeviceBridge(settings: .init())
        #expect(bridge.reports(message.topic, message.payload) == [message.expected])
    }

    @Test(arguments: [
        "shellies/command", "shellies/shelly1-A/command", "shellies/shelly1-A/relay/0/command",
        "shellies/shelly1-A/roller/0/command/pos", "shellies/shelly1-A/color/0/set",
        "shellies/shelly1-A/settings", "shellies//relay/0", "shellies/shelly1-A",
        "shellies/shelly1-A//power", "shellies",
    ])
    func ignoresWhatIsNoState(topic: String) {
        var bridge = MQTTDeviceBridge(settings: .init())
        #expect(bridge.receive(topic, "on").areIgnored)
    }

    @Test(arguments: [
        ("relay/0", "ON"), ("relay/0", "1"), ("online", "yes"), ("info", "none"),
        ("info", "{"), ("announce", "hello"),
    ])
    func saysWhatItCannotRead(path: String, payload: String) throws {
        var bridge = MQTTDeviceBridge(settings: .init())
        let directives = bridge.receive("shellies/shelly1-A/\(path)", payload)
        let fault = try #require(directives.unreadable.first)
        #expect(directives.count == 1)
        #expect(fault.subject == "shellies/shelly1-A/\(path)")
        #expect(fault.payloadBytes == payload.utf8.count)
        #expect(!fault.reason.isEmpty)
    }
}
