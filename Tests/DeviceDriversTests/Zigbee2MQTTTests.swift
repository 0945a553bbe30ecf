import DeviceDrivers
import Platform
import Testing

@Suite struct Zigbee2MQTTTests {
    private static func message(
        _ path: String, _ payload: String, _ device: String, _ priority: MessagePriority,
        _ properties: [String: Value]
    ) -> MessageCase {
        MessageCase(
            topic: "zigbee2mqtt/\(path)", payload: payload, device: device,
            properties: properties, priority: priority)
    }

    static let cases: [MessageCase] = [
        message(
            "porch", #"{"temperature":27.34,"humidity":44.72,"battery":100}"#, "porch",
            .telemetry,
            ["temperature": .double(27.34), "humidity": .double(44.72), "battery": .int(100)]),
        message(
            "kitchen/floor_light", #"{"state":"ON","color":{"x":0.3,"y":0.4},"linkquality":87}"#,
            "kitchen%2Ffloor_light", .telemetry,
            [
                "state": .string("ON"), "color.x": .double(0.3), "color.y": .double(0.4),
                "linkquality": .int(87),
            ]),
        message(
            "button", #"{"action":"single","battery":97,"voltage":2900}"#, "button", .event,
            ["action": .string("single"), "battery": .int(97), "voltage": .int(2900)]),
        message(
            "door", #"{"contact":false,"battery":97,"voltage":2985,"linkquality":12}"#, "door",
            .event,
            [
                "contact": .bool(false), "battery": .int(97), "voltage": .int(2985),
                "linkquality": .int(12),
            ]),
        message(
            "plug", #"{"state":"ON","voltage":231}"#, "plug", .telemetry,
            ["state": .string("ON"), "voltage": .int(231)]),
        message(
            "cellar", #"{"water_leak":true,"battery":80}"#, "cellar", .alarm,
            ["water_leak": .bool(true), "battery": .int(80)]),
        message(
            "hall", #"{"smoke":false,"tamper":true}"#, "hall", .alarm,
            ["smoke": .bool(false), "tamper": .bool(true)]),
        message(
            "porch/availability", "online", "porch", .event,
            ["availability": .string("online")]),
        message(
            "a/b/availability", #"{"state":"offline"}"#, "a%2Fb", .event,
            ["availability": .string("offline")]),
        message(
            "Küche", #"{"update":{"state":"idle"},"action":null}"#, "K%C3%BCche", .event,
            ["update.state": .string("idle"), "action": .null]),
        // A device may be called like the other families' topics.
        message("status/x", #"{"on":true}"#, "status%2Fx", .event, ["on": .bool(true)]),
        message("online", #"{"on":true}"#, "online", .event, ["on": .bool(true)]),
        message("availability", #"{"on":true}"#, "availability", .event, ["on": .bool(true)]),
    ]

    @Test(arguments: cases) func reports(message: MessageCase) {
        var bridge = MQTTDeviceBridge(settings: .init())
        #expect(bridge.reports(message.topic, message.payload) == [message.expected])
    }

    @Test(arguments: [
        ("zigbee2mqtt/bridge/state", #"{"state":"online"}"#),
        ("zigbee2mqtt/bridge/devices", "[]"), ("zigbee2mqtt", "{}"), ("zigbee2mqtt//x", "{}"),
        ("zigbee2mqtt/lamp/set", #"{"state":"ON"}"#), ("zigbee2mqtt/lamp/set/state", "ON"),
        ("zigbee2mqtt/a/lamp/get", "{}"), ("zigbee2mqtt/button/action", "single"),
        ("zigbee2mqtt/lamp", "{}"),
    ])
    func ignoresWhatIsNoState(topic: String, payload: String) {
        var bridge = MQTTDeviceBridge(settings: .init())
        #expect(bridge.receive(topic, payload).areIgnored)
    }

    @Test(arguments: [
        ("lamp", ""), ("lamp", "ON"), ("lamp", "[1]"), ("lamp/availability", "maybe"),
        ("lamp", "{\"a\":"), ("lamp", "\"text\""),
    ])
    func saysWhatItCannotRead(path: String, payload: String) {
        var bridge = MQTTDeviceBridge(settings: .init())
        let directives = bridge.receive("zigbee2mqtt/\(path)", payload)
        #expect(directives.count == 1 && directives.unreadable.count == 1)
    }
}
