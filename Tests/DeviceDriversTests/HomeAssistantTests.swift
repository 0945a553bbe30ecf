import DeviceDrivers
import Platform
import Testing

@Suite struct HomeAssistantTests {
    private let announcement = "homeassistant/sensor/tank/level/config"

    @Test func abbreviationsAndTheBaseTopicAreExpanded() {
        var bridge = MQTTDeviceBridge(settings: .init())
        let directives = bridge.receive(
            "homeassistant/switch/garden/pump/config",
            #"{"~":"site/garden","stat_t":"~/pump","cmd_t":"~/pump/set","avty_t":"lwt/~","#
                + #""pl_avail":"up","pl_not_avail":"down","pl_on":1,"pl_off":0,"#
                + #""dev":{"ids":["g1"]}}"#)
        #expect(directives.subscribed == ["lwt/site/garden", "site/garden/pump"])
        #expect(bridge.subscriptions.suffix(2) == ["lwt/site/garden", "site/garden/pump"])
        #expect(
            bridge.reports("site/garden/pump", "1") == [
                SeenReport(
                    device: "garden", properties: ["switch.pump": .bool(true)], priority: .event)
            ])
        #expect(
            bridge.reports("lwt/site/garden", "down") == [
                SeenReport(device: "garden", properties: ["online": .bool(false)], priority: .event)
            ])
    }

    @Test(arguments: [
        ("{{ value_json.a.b }}", #"{"a":{"b":4.5}}"#, Value.double(4.5)),
        ("{{value_json.a}}", #"{"a":"wet"}"#, .string("wet")),
        ("{{ value_json['a b'] }}", #"{"a b":3}"#, .int(3)),
        (#"{{ value_json["DS-1"].Temperature }}"#, #"{"DS-1":{"Temperature":2}}"#, .int(2)),
        ("{{ value }}", "12.5", .double(12.5)),
        ("{{ value }}", "NaN", .null),
        ("{{ value }}", "idle", .string("idle")),
    ])
    func templates(template: String, payload: String, expected: Value) {
        var bridge = MQTTDeviceBridge(settings: .init())
        let quoted = Value.string(template).json
        let directives = bridge.receive(
            announcement, #"{"state_topic":"tank/1","value_template":\#(quoted)}"#)
        #expect(directives.subscribed == ["tank/1"])
        #expect(
            bridge.reports("tank/1", payload).map(\.properties) == [["sensor.level": expected]])
    }

    @Test(arguments: [
        "{{ value_json.a | round(1) }}", "{{ value_json.a * 2 }}", "{% if value %}1{% endif %}",
        "{{ value_json }}", "{{ value_json['a }}", "{{ value_json[] }}", "{{ value_json[1234] }}",
        "{{ states('x') }}",
        "{{ value_json. }}", "value", "{{}}", "{{ }}", "{{", "{{ value_json.a.2 }}",
        "{{ value_json.a-b }}", #"{{ value_json['a\'b'] }}"#, "",
    ])
    func otherTemplatesAreReportedNotGuessed(template: String) throws {
        var bridge = MQTTDeviceBridge(settings: .init())
        let quoted = Value.string(template).json
        let directives = bridge.receive(
            announcement, #"{"state_topic":"tank/1","value_template":\#(quoted)}"#)
        let fault = try #require(directives.unreadable.first)
        #expect(fault.reason.contains("value_template"))
        #expect(directives.subscribed.isEmpty)
        #expect(bridge.receive("tank/1", #"{"a":1}"#).areIgnored)
    }

    @Test func aMissingKeyIsNoNews() {
        var bridge = MQTTDeviceBridge(settings: .init())
        _ = bridge.receive(
            announcement, #"{"state_topic":"tank/1","value_template":"{{ value_json.a }}"}"#)
        #expect(bridge.receive("tank/1", #"{"b":1}"#).areIgnored)
        #expect(bridge.receive("tank/1", "\u{FF}").areIgnored)
    }

    @Test func entitiesOfOneTopicMakeOneReportPerDevice() {
        var bridge = MQTTDeviceBridge(settings: .init())
        for (node, object, key) in [("b", "t", "T"), ("a", "t", "T"), ("a", "h", "H")] {
            _ = bridge.receive(
                "homeassistant/sensor/\(node)/\(object)/config",
                #"{"stat_t":"tele/x","val_tpl":"{{ value_json.\#(key) }}"}"#)
        }
        let reports = bridge.reports("tele/x", #"{"T":20.5,"H":40}"#)
        #expect(
            reports == [
                SeenReport(
                    device: "a", properties: ["sensor.t": .double(20.5), "sensor.h": .int(40)],
                    priority: .telemetry),
                SeenReport(
                    device: "b", properties: ["sensor.t": .double(20.5)], priority: .telemetry),
            ])
    }

    @Test func aDangerousDeviceClassIsAnAlarm() {
        var bridge = MQTTDeviceBridge(settings: .init())
        _ = bridge.receive(
            "homeassistant/binary_sensor/cellar/probe/config",
            #"{"stat_t":"c/p","dev_cla":"moisture","val_tpl":"{{ value_json.wet }}","#
                + #""pl_on":"True","pl_off":"False"}"#)
        let wet = SeenReport(
            device: "cellar", properties: ["binary_sensor.probe": .bool(true)], priority: .alarm)
        #expect(bridge.reports("c/p", #"{"wet":true}"#) == [wet])
        #expect(bridge.reports("c/p", #"{"wet":false}"#).map(\.priority) == [.event])
    }

    @Test func anEmptyAnnouncementTakesTheEntityBack() {
        var bridge = MQTTDeviceBridge(settings: .init(devicesMaximum: 1))
        let configuration = #"{"stat_t":"tank/1"}"#
        #expect(bridge.receive(announcement, configuration).subscribed == ["tank/1"])
        #expect(bridge.receive(announcement, configuration).areIgnored)
        let other = "homeassistant/sensor/other/level/config"
        #expect(bridge.receive(other, #"{"stat_t":"o/1"}"#).refusals.count == 1)
        #expect(bridge.receive(announcement, "").areIgnored)
        #expect(!bridge.subscriptions.contains("tank/1"))
        #expect(bridge.receive("tank/1", "5").areIgnored)
        // Its place is free again.
        #expect(bridge.receive(other, #"{"stat_t":"o/1"}"#).subscribed == ["o/1"])
    }

    @Test func aChangedAnnouncementReplacesTheEntity() {
        var bridge = MQTTDeviceBridge(settings: .init())
        _ = bridge.receive(announcement, #"{"stat_t":"tank/1"}"#)
        #expect(bridge.receive(announcement, #"{"stat_t":"tank/2"}"#).subscribed == ["tank/2"])
        #expect(bridge.receive("tank/1", "5").areIgnored)
        #expect(bridge.reports("tank/2", "5").count == 1)
    }

    @Test(arguments: [
        ("homeassistant/sensor/0x1/t/config", "zigbee2mqtt/porch"),
        ("homeassistant/switch/s/r/config", "shellies/shelly1-A/relay/0"),
        ("homeassistant/switch/s/r/config", "shellyplus1-a/status/switch:0"),
    ])
    func whatAnotherFamilyReadsIsReadOnce(announcement: String, topic: String) {
        var bridge = MQTTDeviceBridge(settings: .init())
        let configuration =
            #"{"state_topic":"\#(topic)","value_template":"{{ value_json.x | int }}"}"#
        #expect(bridge.receive(announcement, configuration).areIgnored)
        #expect(!bridge.subscriptions.contains(topic))
    }

    @Test(arguments: [
        #"{"state_topic":"a/#"}"#, #"{"state_topic":"+/b"}"#, #"{"state_topic":""}"#,
        #"{"state_topic":"$SYS/broker"}"#, #"{"state_topic":"$share/g/x"}"#,
        #"{"state_topic":"fleet/v1/00/d/up"}"#, #"{"state_topic":"a\u0000b"}"#, "[]", "config",
        #"{"stat_t":"x","cmd_t":"fleet/v1/00/d/down"}"#,
    ])
    func hostileTopicsAreNotSubscribed(configuration: String) {
        var bridge = MQTTDeviceBridge(settings: .init())
        let directives = bridge.receive("homeassistant/switch/n/o/config", configuration)
        #expect(directives.count == 1 && directives.unreadable.count == 1)
        #expect(bridge.learntTopics.isEmpty)
    }

    @Test(arguments: [
        ("device", #"{"dev":{"ids":"x"}}"#, "a whole device without components (cmps)"),
        ("device", #"{"cmps":{"a":{"name":"b"}}}"#, "component a without a platform (p)"),
        ("device", #"{"cmps":{"a":3}}"#, "component a without a platform (p)"),
        ("lock", #"{"stat_t":"x"}"#, "component lock is not read; read are binary_sensor"),
        ("sensor", #"{"name":"x"}"#, "no state_topic and no command_topic that are read here"),
        ("light", #"{"schema":"template","cmd_t":"x"}"#, "light schema template is not read"),
        ("sensor", #"{"stat_t":"x","avty":[{"t":"a"}],"avty_mode":"most"}"#, "takes all, any or"),
        ("sensor", #"{"stat_t":"x","avty":[{"pl_avail":"1"}]}"#, "availability without a topic"),
        ("sensor", #"{"stat_t":"x","avty_t":"a","avty_tpl":"{{ 1 }}"}"#, "availability_template"),
        ("switch", #"{"cmd_t":"x","cmd_tpl":"{{ value | int }}"}"#, "command_template"),
    ])
    func refusalsSayWhat(component: String, configuration: String, reason: String) {
        var bridge = MQTTDeviceBridge(settings: .init())
        let refused = bridge.receive("homeassistant/\(component)/n/o/config", configuration)
        #expect(refused.unreadable.first?.reason.contains(reason) == true, "\(refused)")
        #expect(bridge.learntTopics.isEmpty)
    }

    @Test(arguments: [
        ("all", [false, false, true, false, false]), ("any", [true, true, true, true, false]),
        ("latest", [true, false, true, false, false]),
    ])
    func availabilityOfSeveralPlaces(mode: String, expected: [Bool]) {
        var bridge = MQTTDeviceBridge(settings: .init())
        _ = bridge.receive(
            "homeassistant/sensor/tank/level/config",
            #"{"stat_t":"t/l","avty_mode":"\#(mode)","avty":[{"t":"gate/state"},"#
                + #"{"t":"t/there","val_tpl":"{{ value_json.s }}","pl_avail":1,"pl_not_avail":0}]}"#
        )
        let said = [
            ("gate/state", "online"), ("t/there", #"{"s":0}"#), ("t/there", #"{"s":1}"#),
            ("gate/state", "offline"), ("t/there", #"{"s":0}"#),
        ]
        let online = said.flatMap { bridge.reports($0.0, $0.1) }.map { $0.properties["online"] }
        #expect(online == expected.map(Value.bool))
        #expect(bridge.receive("gate/state", "maybe").areIgnored)
    }
}
