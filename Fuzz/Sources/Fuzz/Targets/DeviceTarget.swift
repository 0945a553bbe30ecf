import DeviceDrivers
import Platform
import TestSupport

extension FuzzTarget {
    /// Messages of devices as records: a topic, then a payload, in small bounds so that they are
    /// reached.
    static let devices = FuzzTarget(
        name: "devices",
        run: { bytes in
            var input = FuzzInput(bytes)
            var watch = BridgeWatch()
            for _ in 0..<4 * FuzzInput.recordsMost where !input.isEmpty {
                let topic = input.record()
                watch.receive(topic, input.record())
            }
            watch.restart()
        },
        examples: BridgeWatch.examples.map(record),
        random: { generator in
            (0..<generator.number(2...8)).flatMap { _ in
                BridgeWatch.examples.randomElement(using: &generator).map(record) ?? []
            }
        },
        large: { generator in
            (0..<300).flatMap { _ in
                BridgeWatch.examples.randomElement(using: &generator).map(record) ?? []
            }
        })

    private static func record(_ message: (topic: String, payload: String)) -> [UInt8] {
        FuzzInput.record(Array(message.topic.utf8))
            + FuzzInput.record(Array(message.payload.utf8))
    }
}

private struct BridgeWatch {
    private static let settings = MQTTDeviceSettings(
        devicesMaximum: 8, entitiesMaximum: 4, payloadBytesMaximum: 8192, propertiesMaximum: 16,
        reportBytesMaximum: 1024)

    private var bridge = MQTTDeviceBridge(settings: settings)
    private var devices: Set<String> = []
    /// What the bridge asked to be kept, by its key.
    private var kept: [String: Value] = [:]

    /// Nobody vanishes and nobody appears.
    mutating func restart() {
        var fresh = MQTTDeviceBridge(settings: Self.settings)
        for (key, value) in kept.sorted(by: { $0.key < $1.key }) {
            let isRecalled = fresh.recall(key: key, value: value)
            Oracle.expect(isRecalled, "not recalled: \(key) \(value.json)")
        }
        Oracle.expect(
            fresh.knownDevices == bridge.knownDevices,
            "\(fresh.knownDevices) after a restart, \(bridge.knownDevices) before")
    }

    mutating func receive(_ topic: [UInt8], _ payload: [UInt8]) {
        let message = BusMessage(
            topic: String(decoding: topic, as: UTF8.self), payload: payload, isRetained: false)
        let directives = Oracle.read { bridge.receive(message) }
        Oracle.expect(!directives.isEmpty, "no directive")
        // An entity has at most 12 states and 8 places of availability, a Tasmota two filters.
        Oracle.expect(
            bridge.learntTopics.count
                <= 20 * Self.settings.entitiesMaximum + 2 * Self.settings.devicesMaximum,
            "\(bridge.learntTopics.count) topics")
        Oracle.expect(
            bridge.knownDevices.count <= Self.settings.devicesMaximum,
            "\(bridge.knownDevices.count) devices")
        for case .remember(let key, let value) in directives {
            kept[key] = value == .null ? nil : value
            Oracle.expect(
                kept.count
                    <= 2 * Self.settings.devicesMaximum + Self.settings.entitiesMaximum,
                "\(kept.count) records")
        }
        for case .report(let report) in directives {
            Oracle.expect(
                1...Self.settings.propertiesMaximum ~= report.properties.count,
                "\(report.properties.count) properties")
            Oracle.expect(report.device.utf8.allSatisfy { 0x21...0x7E ~= $0 }, report.device)
            if devices.count < Self.settings.devicesMaximum { devices.insert(report.device) }
            for property in report.properties.prefix(4) {
                _ = try? bridge.command(
                    device: report.device, property: property.name, value: property.value)
            }
        }
    }

    /// One message of each family, by their manuals.
    static let examples: [(topic: String, payload: String)] = [
        ("shellies/shelly1-1234/relay/0", "on"),
        ("shellies/shellyht-12/sensor/temperature", "21.5"),
        ("shellies/announce", "{\"id\":\"shelly1-1234\",\"model\":\"SHSW-1\",\"new_fw\":false}"),
        ("zigbee2mqtt/lamp", "{\"state\":\"ON\",\"brightness\":120,\"color\":{\"x\":0.3}}"),
        ("zigbee2mqtt/lamp/availability", "{\"state\":\"online\"}"),
        (
            "shellyplus1-a8/events/rpc",
            "{\"src\":\"shellyplus1-a8\",\"dst\":\"x\",\"method\":\"NotifyStatus\",\"params\":"
                + "{\"ts\":1.5,\"switch:0\":{\"id\":0,\"output\":true,\"apower\":3.25}}}"
        ),
        (
            "shellyplus1-a8/events/rpc",
            "{\"method\":\"NotifyEvent\",\"params\":{\"events\":[{\"component\":\"input:0\","
                + "\"event\":\"single_push\"}]}}"
        ),
        ("shellyplus1-a8/status/switch:0", "{\"id\":0,\"output\":false}"),
        ("shellyplus1-a8/online", "true"),
        (
            "homeassistant/switch/pump/power/config",
            "{\"~\":\"garden/pump\",\"stat_t\":\"~/state\",\"cmd_t\":\"~/set\",\"pl_on\":\"1\","
                + "\"val_tpl\":\"{{ value_json.power }}\",\"dev\":{\"ids\":[\"pump\"]}}"
        ),
        (
            "homeassistant/device/shed/config",
            "{\"cmps\":{\"t\":{\"p\":\"sensor\",\"val_tpl\":\"{{ value_json.t }}\"},\"b\":{\"p\":"
                + "\"light\",\"schema\":\"json\",\"cmd_t\":\"~/set\",\"brightness\":true}},"
                + "\"~\":\"shed\",\"stat_t\":\"~/state\",\"avty\":[{\"t\":\"~/there\"}],"
                + "\"avty_mode\":\"all\"}"
        ),
        ("shed/state", "{\"t\":3,\"state\":\"ON\",\"brightness\":7}"),
        ("shed/there", "online"),
        (
            "homeassistant/cover/blind/config",
            "{\"cmd_t\":\"c/set\",\"pos_t\":\"c/pos\",\"set_pos_t\":\"c/pos/set\"}"
        ),
        (
            "homeassistant/climate/hvac/config",
            "{\"modes\":[\"off\",\"heat\"],\"mode_cmd_t\":\"h/m\",\"curr_temp_t\":\"h/t\"}"
        ),
        (
            "tasmota/discovery/49A3BC/config",
            "{\"hn\":\"t\",\"mac\":\"49A3BC\",\"md\":\"Basic\",\"ofln\":\"Offline\",\"onln\":"
                + "\"Online\",\"state\":[\"OFF\",\"ON\"],\"t\":\"t_%id%\",\"ft\":\"%prefix%/%topic%/\","
                + "\"tp\":[\"cmnd\",\"stat\",\"tele\"],\"rl\":[1,2],\"lt_st\":2,\"ver\":1}"
        ),
        ("tele/t_49A3BC/LWT", "Online"),
        ("stat/t_49A3BC/RESULT", "{\"POWER\":\"ON\",\"Dimmer\":3}"),
        (
            "zigbee2mqtt/bridge/devices",
            "[{\"friendly_name\":\"lamp\",\"definition\":{\"exposes\":[{\"type\":\"light\","
                + "\"features\":[{\"type\":\"binary\",\"property\":\"state\",\"access\":7,"
                + "\"value_on\":\"ON\",\"value_off\":\"OFF\"}]}]}}]"
        ),
        ("garden/pump/state", "{\"power\":\"1\"}"),
        ("homeassistant/switch/pump/power/config", ""),
    ]
}
