import DeviceDrivers
import Platform
import Testing

@Suite struct DeviceCommandTests {
    private static func bridge() -> MQTTDeviceBridge {
        var bridge = MQTTDeviceBridge(settings: .init())
        _ = bridge.receive("shellies/shelly25-A1/relay/1", "off")
        _ = bridge.receive("shellyplus2pm-b2/status/switch:1", #"{"id":1,"output":false}"#)
        _ = bridge.receive("zigbee2mqtt/hall/lamp", #"{"state":"OFF"}"#)
        _ = bridge.receive(
            "homeassistant/switch/garden/pump/config",
            #"{"stat_t":"g/p","cmd_t":"g/p/set","pl_on":"START","pl_off":"STOP"}"#)
        _ = bridge.receive("homeassistant/sensor/garden/rain/config", #"{"stat_t":"g/r"}"#)
        _ = bridge.receive(
            "homeassistant/light/garden/lamp/config",
            #"{"schema":"json","stat_t":"g/l","cmd_t":"g/l/set"}"#)
        return bridge
    }

    struct Case: Sendable {
        var device: String
        var property: String
        var value: Value
        var topic: String
        var payload: String
    }

    @Test(arguments: [
        Case(
            device: "shelly25-A1", property: "relay.1", value: .bool(true),
            topic: "shellies/shelly25-A1/relay/1/command", payload: "on"),
        Case(
            device: "shelly25-A1", property: "relay.1", value: .string("OFF"),
            topic: "shellies/shelly25-A1/relay/1/command", payload: "off"),
        Case(
            device: "shellyplus2pm-b2", property: "switch:1.output", value: .bool(false),
            topic: "shellyplus2pm-b2/command/switch:1", payload: "off"),
        Case(
            device: "shellyplus2pm-b2", property: "switch:1", value: .string("on"),
            topic: "shellyplus2pm-b2/command/switch:1", payload: "on"),
        Case(
            device: "hall%2Flamp", property: "state", value: .string("ON"),
            topic: "zigbee2mqtt/hall/lamp/set", payload: #"{"state":"ON"}"#),
        Case(
            device: "hall%2Flamp", property: "color",
            value: .object([("y", .double(0.4)), ("x", .double(0.3))]),
            topic: "zigbee2mqtt/hall/lamp/set", payload: #"{"color":{"x":0.3,"y":0.4}}"#),
        Case(
            device: "garden", property: "switch.pump", value: .bool(true), topic: "g/p/set",
            payload: "START"),
        Case(
            device: "garden", property: "switch.pump", value: .string("off"), topic: "g/p/set",
            payload: "STOP"),
    ])
    func sets(command: Case) throws {
        let sent = try Self.bridge().command(
            device: command.device, property: command.property, value: command.value)
        #expect(sent.topic == command.topic)
        #expect(String(decoding: sent.payload, as: UTF8.self) == command.payload)
    }

    @Test(arguments: [
        ("nobody", "relay.0", Value.bool(true), DeviceCommandError.Code.unknownDevice),
        // A relay that the device never mentioned, and one of another family's form.
        ("shelly25-A1", "relay.0", .bool(true), .notSettable),
        ("shelly25-A1", "relay.1.power", .bool(true), .notSettable),
        ("shelly25-A1", "relay.1", .int(1), .valueRefused),
        ("shellyplus2pm-b2", "switch:1.apower", .bool(true), .notSettable),
        ("shellyplus2pm-b2", "input:0", .bool(true), .notSettable),
        ("hall%2Flamp", "color.x", .double(0.3), .notSettable),
        ("hall%2Flamp", "availability", .string("online"), .notSettable),
        ("hall%2Flamp", "", .bool(true), .notSettable),
        ("hall%2Flamp", "state", .double(.nan), .valueRefused),
        ("hall%2Flamp", "state", .bytes([1]), .valueRefused),
        ("garden", "sensor.rain", .bool(true), .notSettable),
        ("garden", "light.lamp.brightness", .int(3), .notSettable),
        ("garden", "switch.pump", .string("BEGIN"), .valueRefused),
    ])
    func refuses(device: String, property: String, value: Value, code: DeviceCommandError.Code) {
        let error = #expect(throws: DeviceCommandError.self) {
            try Self.bridge().command(device: device, property: property, value: value)
        }
        #expect(error?.code == code)
        #expect(error?.message.isEmpty == false)
    }
}
