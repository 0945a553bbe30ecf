import DeviceDrivers
import Platform
import Testing

/// One announcement, what is published next, and what is set: the forms of the documentation
/// pages that docs/mqtt-devices.md lists, in our own words.
struct FormatCase: Sendable, CustomTestStringConvertible {
    var place: String
    var configuration: String
    /// Topic, payload, and the properties that the message gives.
    var said: [(topic: String, payload: String, properties: [String: Value])] = []
    /// Device, property, value, and the topic and payload that set it.
    var set: [(device: String, property: String, value: Value, sent: String)] = []

    var testDescription: String { place }
}

@Suite struct DiscoveryFormatsTests {
    static let cases: [FormatCase] = [
        FormatCase(
            place: "binary_sensor/garden",
            configuration: #"{"name":null,"device_class":"motion","state_topic":"#
                + #""homeassistant/binary_sensor/garden/state","unique_id":"motion01ad","#
                + #""device":{"identifiers":["01ad"],"name":"Garden"}}"#,
            said: [
                (
                    "homeassistant/binary_sensor/garden/state", "ON",
                    ["binary_sensor.garden": .bool(true)]
                )
            ]),
        FormatCase(
            place: "sensor/sensorBedroomT",
            configuration: #"{"device_class":"temperature","state_topic":"#
                + #""homeassistant/sensor/sensorBedroom/state","unit_of_measurement":"C","#
                + #""value_template":"{{ value_json.temperature}}","unique_id":"temp01ae"}"#,
            said: [
                (
                    "homeassistant/sensor/sensorBedroom/state",
                    #"{"temperature":23.20,"humidity":43.70}"#,
                    ["sensor.sensorBedroomT": .double(23.2)]
                )
            ]),
        FormatCase(
            place: "switch/irrigation",
            configuration: #"{"~":"homeassistant/switch/irrigation","name":"garden","#
                + #""cmd_t":"~/set","stat_t":"~/state"}"#,
            said: [
                (
                    "homeassistant/switch/irrigation/state", "OFF",
                    ["switch.irrigation": .bool(false)]
                )
            ],
            set: [
                (
                    "irrigation", "switch.irrigation", .bool(true),
                    "homeassistant/switch/irrigation/set ON"
                )
            ]),
        FormatCase(
            place: "light/kitchen",
            configuration: #"{"~":"homeassistant/light/kitchen","uniq_id":"kitchen_light","#
                + #""cmd_t":"~/set","stat_t":"~/state","schema":"json","brightness":true}"#,
            said: [
                (
                    "homeassistant/light/kitchen/state", #"{"state":"ON","brightness":255}"#,
                    ["light.kitchen": .bool(true), "light.kitchen.brightness": .int(255)]
                )
            ],
            set: [
                (
                    "kitchen", "light.kitchen.brightness", .int(120),
                    #"homeassistant/light/kitchen/set {"brightness":120}"#
                ),
                (
                    "kitchen", "light.kitchen", .string("off"),
                    #"homeassistant/light/kitchen/set {"state":"OFF"}"#
                ),
            ]),
        FormatCase(
            place: "light/office",
            configuration: #"{"stat_t":"office/light/status","cmd_t":"office/light/switch","#
                + #""bri_stat_t":"office/bri/status","bri_cmd_t":"office/bri/set","#
                + #""rgb_stat_t":"office/rgb/status","rgb_cmd_t":"office/rgb/set","#
                + #""stat_val_tpl":"{{ value_json.state }}","bri_val_tpl":"{{ value_json.b }}","#
                + #""fx_stat_t":"office/fx","fx_cmd_t":"office/fx/set","fx_list":["rainbow","sea"]}"#,
            said: [
                ("office/light/status", #"{"state":"ON"}"#, ["light.office": .bool(true)]),
                ("office/bri/status", #"{"b":7}"#, ["light.office.brightness": .int(7)]),
                ("office/rgb/status", "1,2,3", ["light.office.rgb": .string("1,2,3")]),
            ],
            set: [
                ("office", "light.office.brightness", .int(9), "office/bri/set 9"),
                ("office", "light.office.effect", .string("sea"), "office/fx/set sea"),
            ]),
        FormatCase(
            place: "number/ring",
            configuration: #"{"cmd_t":"ring/tone","stat_t":"ring/state","min":0,"max":8.5}"#,
            said: [("ring/state", "4.5", ["number.ring": .double(4.5)])],
            set: [("ring", "number.ring", .double(8.5), "ring/tone 8.5")]),
        FormatCase(
            place: "select/mode",
            configuration: #"{"cmd_t":"m/set","stat_t":"m","ops":["eco","night mode"]}"#,
            said: [("m", "eco", ["select.mode": .string("eco")])],
            set: [("mode", "select.mode", .string("night mode"), "m/set night mode")]),
        FormatCase(
            place: "button/restart", configuration: #"{"cmd_t":"b/cmd","pl_prs":"restart"}"#,
            set: [("restart", "button.restart", .bool(true), "b/cmd restart")]),
        FormatCase(
            place: "cover/blind",
            configuration: #"{"cmd_t":"c/set","stat_t":"c/state","pos_t":"c/pos","#
                + #""set_pos_t":"c/pos/set","pl_open":"up","pl_cls":"down","pl_stop":null,"#
                + #""stat_open":"1","stat_clsd":"0","tilt_cmd_t":"c/tilt","tilt_max":90}"#,
            said: [
                ("c/state", "1", ["cover.blind": .string("open")]),
                ("c/pos", "40", ["cover.blind.position": .int(40)]),
            ],
            set: [
                ("blind", "cover.blind", .string("close"), "c/set down"),
                ("blind", "cover.blind.position", .int(100), "c/pos/set 100"),
                ("blind", "cover.blind.tilt", .int(90), "c/tilt 90"),
            ]),
        FormatCase(
            place: "climate/hvac",
            configuration: #"{"modes":["off","cool","heat"],"mode_cmd_t":"h/mode/set","#
                + #""mode_stat_t":"h/mode","temp_cmd_t":"h/t/set","temp_stat_t":"h/t","#
                + #""curr_temp_t":"h/now","min_temp":15,"max_temp":25,"pow_cmd_t":"h/pow"}"#,
            said: [
                ("h/mode", "heat", ["climate.hvac.mode": .string("heat")]),
                ("h/t", "21", ["climate.hvac.temperature": .int(21)]),
                ("h/now", "19.5", ["climate.hvac.current_temperature": .double(19.5)]),
            ],
            set: [
                ("hvac", "climate.hvac.mode", .string("cool"), "h/mode/set cool"),
                ("hvac", "climate.hvac.temperature", .double(20.5), "h/t/set 20.5"),
                ("hvac", "climate.hvac.power", .bool(true), "h/pow ON"),
            ]),
        FormatCase(
            place: "update/firmware",
            configuration: #"{"stat_t":"u/state","l_ver_t":"u/latest","cmd_t":"u/do","#
                + #""pl_inst":"update","l_ver_tpl":"{{ value_json.new[0].v }}"}"#,
            said: [
                (
                    "u/state", #"{"installed_version":"1.2","in_progress":false}"#,
                    [
                        "update.firmware.installed_version": .string("1.2"),
                        "update.firmware.in_progress": .bool(false),
                    ]
                ),
                (
                    "u/latest", #"{"new":[{"v":"1.3"}]}"#,
                    ["update.firmware.latest_version": .string("1.3")]
                ),
            ],
            set: [("firmware", "update.firmware.install", .string("press"), "u/do update")]),
        FormatCase(
            place: "device/0AFFD2",
            configuration: #"{"dev":{"ids":"ea334450945afc","name":"Kitchen","mf":"Bla","#
                + #""mdl":"xya","sw":"1.0","hw":"1.0rev2"},"o":{"name":"bla2mqtt","sw":"2.1"},"#
                + #""cmps":{"t1":{"p":"sensor","dev_cla":"temperature","#
                + #""val_tpl":"{{ value_json.temperature }}","uniq_id":"t1_t"},"#
                + #""h1":{"p":"sensor","val_tpl":"{{ value_json.humidity }}"},"#
                + #""plug":{"platform":"switch","stat_t":"~/plug","cmd_t":"~/plug/set"}},"#
                + #""~":"kitchen","state_topic":"sensorBedroom/state","qos":2}"#,
            said: [
                (
                    "sensorBedroom/state", #"{"temperature":21,"humidity":40}"#,
                    ["sensor.t1": .int(21), "sensor.h1": .int(40)]
                ), ("kitchen/plug", "ON", ["switch.plug": .bool(true)]),
            ],
            set: [("0AFFD2", "switch.plug", .bool(false), "kitchen/plug/set OFF")]),
    ]

    @Test(arguments: cases) func reads(format: FormatCase) throws {
        var bridge = MQTTDeviceBridge(settings: .init())
        let announced = bridge.receive(
            "homeassistant/\(format.place)/config", format.configuration)
        #expect(announced.unreadable.isEmpty && announced.refusals.isEmpty)
        #expect(Set(format.said.map(\.topic)).isSubset(of: bridge.learntTopics))
        for (topic, payload, properties) in format.said {
            #expect(bridge.reports(topic, payload).map(\.properties) == [properties], "\(topic)")
        }
        for (device, property, value, sent) in format.set {
            let command = try bridge.command(device: device, property: property, value: value)
            #expect("\(command.topic) \(String(decoding: command.payload, as: UTF8.self))" == sent)
        }
    }

    @Test(arguments: [
        ("light.kitchen.brightness", Value.int(256)), ("light.kitchen.brightness", .string("x")),
        ("light.kitchen", .int(1)), ("light.kitchen.color", .bool(true)),
    ])
    func refusesWhatAnEntityDoesNotTake(property: String, value: Value) {
        var bridge = MQTTDeviceBridge(settings: .init())
        let format = Self.cases[3]
        _ = bridge.receive("homeassistant/\(format.place)/config", format.configuration)
        #expect(throws: DeviceCommandError.self) {
            try bridge.command(device: "kitchen", property: property, value: value)
        }
    }

    @Test func aComponentOfAPlatformAloneIsTakenBack() {
        var bridge = MQTTDeviceBridge(settings: .init())
        let topic = "homeassistant/device/a/config"
        _ = bridge.receive(
            topic,
            #"{"cmps":{"x":{"p":"sensor","stat_t":"t/x"},"y":{"p":"sensor","stat_t":"t/y"}}}"#)
        #expect(bridge.learntTopics == ["t/x", "t/y"])
        _ = bridge.receive(topic, #"{"cmps":{"x":{"p":"sensor"}}}"#)
        #expect(bridge.learntTopics == ["t/y"])
        _ = bridge.receive(topic, "")
        #expect(bridge.learntTopics.isEmpty && bridge.knownDevices.isEmpty)
    }
}
