import DeviceDrivers
import Platform
import Testing

@Suite struct TasmotaTests {
    static let mac = "49A3BC000001"
    static func configuration(_ more: String = "") -> String {
        #"{"ip":"192.0.2.7","dn":"Bench","fn":["Bench",null],"hn":"bench-0001","mac":"\#(mac)","#
            + #""md":"Sonoff Basic","ty":0,"if":0,"ofln":"Offline","onln":"Online","#
            + #""state":["OFF","ON","TOGGLE","HOLD"],"sw":"13.1.0","t":"tasmota_%id%","#
            + #""ft":"%prefix%/%topic%/","tp":["cmnd","stat","tele"],"rl":[1,2,0,0],"lt_st":2,"#
            + #""swc":[-1],"btn":[0],"so":{"4":0},"lk":1,"ver":1\#(more)}"#
    }

    static func bridge() -> MQTTDeviceBridge {
        var bridge = MQTTDeviceBridge(settings: .init())
        let directives = bridge.receive("tasmota/discovery/\(mac)/config", configuration())
        #expect(
            directives.subscribed == ["stat/tasmota_000001/+", "tele/tasmota_000001/+"])
        return bridge
    }

    @Test(arguments: [
        ("tele/tasmota_000001/LWT", "Online", ["online": Value.bool(true)]),
        ("tele/tasmota_000001/LWT", "Offline", ["online": .bool(false)]),
        ("stat/tasmota_000001/POWER", "ON", ["POWER1": .bool(true)]),
        ("stat/tasmota_000001/POWER2", "OFF", ["POWER2": .bool(false)]),
        (
            "stat/tasmota_000001/RESULT", #"{"POWER2":"ON","Dimmer":40}"#,
            ["POWER2": .bool(true), "Dimmer": .int(40)]
        ),
        (
            "tele/tasmota_000001/SENSOR",
            #"{"Time":"2026-01-01T00:00:00","DS18B20":{"Id":"0119","Temperature":20.6},"TempUnit":"C"}"#,
            [
                "DS18B20.Id": .string("0119"), "DS18B20.Temperature": .double(20.6),
                "TempUnit": .string("C"),
            ]
        ),
    ])
    func messages(topic: String, payload: String, properties: [String: Value]) {
        var bridge = Self.bridge()
        let reports = bridge.reports(topic, payload)
        #expect(reports.map(\.device) == ["tasmota_000001"])
        #expect(reports.map(\.properties) == [properties])
    }

    @Test(arguments: [
        ("tele/tasmota_000001/LWT", "online"), ("stat/tasmota_000001/POWER", "maybe"),
        ("tele/tasmota_000001/STATE", "[]"), ("tele/tasmota_000001/SENSOR", "{"),
    ])
    func unreadable(topic: String, payload: String) {
        var bridge = Self.bridge()
        #expect(bridge.receive(topic, payload).unreadable.count == 1)
    }

    @Test(arguments: [
        ("POWER1", Value.bool(true), "cmnd/tasmota_000001/POWER1 ON"),
        ("POWER2", .string("off"), "cmnd/tasmota_000001/POWER2 OFF"),
        ("Dimmer", .int(55), "cmnd/tasmota_000001/Dimmer 55"),
        ("CT", .int(153), "cmnd/tasmota_000001/CT 153"),
    ])
    func commands(property: String, value: Value, sent: String) throws {
        let command = try Self.bridge().command(
            device: "tasmota_000001", property: property, value: value)
        #expect("\(command.topic) \(String(decoding: command.payload, as: UTF8.self))" == sent)
        #expect(command.property == property)
    }

    @Test(arguments: [
        (#""ver":1"#, #""ver":2"#, "ver is missing or not 1"),
        (#""mac":"49"#, #""mac":"48"#, "mac is missing or not the topic's"),
        (#""tp":["cmnd","#, #""tp":["#, "tp is no list of three prefixes"),
        (#""state":["OFF","ON","TOGGLE","HOLD"]"#, #""state":["OFF"]"#, "words for off and on"),
        ("%prefix%/", "x/", "ft lacks %prefix% or %topic%"),
        ("%prefix%/%topic%/", "fleet/%prefix%/%topic%/", "the agent's own"),
        ("%prefix%/%topic%/", "+/%prefix%/%topic%/", "a filter with wildcards"),
        (#""onln":"Online""#, #""onln":3"#, "onln is missing"),
    ])
    func hostileAnnouncements(part: String, other: String, reason: String) {
        var bridge = MQTTDeviceBridge(settings: .init())
        let text = Self.configuration().split(separator: part).joined(separator: other)
        #expect(text != Self.configuration())
        let refused = bridge.receive("tasmota/discovery/\(Self.mac)/config", text)
        #expect(refused.unreadable.first?.reason.contains(reason) == true, "\(refused)")
        #expect(bridge.learntTopics.isEmpty)
    }
}

@Suite struct ZigbeeDefinitionTests {
    static let devices = #"""
        [{"friendly_name":"Coordinator","type":"Coordinator","definition":null},
        {"friendly_name":"plug","type":"Router","definition":{"model":"TS011F","vendor":"TuYa",
        "exposes":[{"type":"switch","features":[{"type":"binary","name":"state","property":"state",
        "access":7,"value_on":"ON","value_off":"OFF","value_toggle":"TOGGLE"}]},
        {"type":"numeric","property":"countdown","access":3,"value_min":0,"value_max":43200},
        {"type":"enum","property":"power_outage_memory","access":7,"values":["on","off","restore"]},
        {"type":"numeric","property":"power","unit":"W","access":5},
        {"type":"composite","property":"color","access":7,"features":[
        {"type":"numeric","property":"x","access":7}]}]}}]
        """#

    @Test func definitionsSayWhatADeviceTakes() throws {
        var bridge = MQTTDeviceBridge(settings: .init())
        #expect(bridge.receive("zigbee2mqtt/bridge/devices", Self.devices).areIgnored)
        #expect(bridge.knownDevices == ["plug"])
        let command = try bridge.command(device: "plug", property: "state", value: .bool(true))
        #expect(command.topic == "zigbee2mqtt/plug/set")
        #expect(String(decoding: command.payload, as: UTF8.self) == #"{"state":"ON"}"#)
        #expect(command.isConfirmed(by: .string("ON")) && !command.isConfirmed(by: .string("OFF")))
        for (property, value) in [
            ("power", Value.int(1)), ("countdown", .int(43_201)), ("state", .string("TOGGLE")),
            ("power_outage_memory", .string("x")), ("x", .int(1)), ("nothing", .int(1)),
        ] {
            #expect(throws: DeviceCommandError.self) {
                try bridge.command(device: "plug", property: property, value: value)
            }
        }
        _ = try bridge.command(device: "plug", property: "countdown", value: .int(43_200))
        _ = try bridge.command(
            device: "plug", property: "color", value: .object([("x", .double(0.3))]))
    }

    @Test(arguments: ["{}", "3", "[", #"{"a":[]}"#]) func whatIsNoList(payload: String) {
        var bridge = MQTTDeviceBridge(settings: .init())
        #expect(bridge.receive("zigbee2mqtt/bridge/devices", payload).unreadable.count == 1)
    }
}
