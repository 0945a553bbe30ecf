import DeviceDrivers
import Platform
import Testing

@Suite struct TopicRoutingTests {
    @Test func subscriptionsOfANewBridge() {
        let settings = MQTTDeviceSettings(
            zigbee2mqttTopic: "home/z2m", homeAssistantTopic: "discovery")
        #expect(
            MQTTDeviceBridge(settings: settings).subscriptions == [
                "shellies/#", "+/online", "+/status/+", "+/events/rpc",
                "tasmota/discovery/+/config", "tasmota/discovery/+/sensors", "home/z2m/#",
                "discovery/+/+/config", "discovery/+/+/+/config",
            ])
    }

    /// The Gen2 filters match other families' topics; the bridge must not take those for Gen2.
    @Test(arguments: [
        "homeassistant/online", "homeassistant/status", "homeassistant/status/x",
        "homeassistant/events/rpc", "shellies/online", "fleet/online", "fleet/status/x",
        "fleet/v1/00/board/status", "$SYS/status/x", "/online", "/status/switch:0",
        "zigbee2mqtt/bridge/rpc", "other/topic/of/somebody", "other",
    ])
    func isNobodys(topic: String) {
        var bridge = MQTTDeviceBridge(settings: .init())
        #expect(bridge.receive(topic, "true").areIgnored)
        #expect(bridge.receive(topic, #"{"a":1}"#).areIgnored)
    }

    @Test func basesOfSeveralSegments() {
        var bridge = MQTTDeviceBridge(settings: .init(zigbee2mqttTopic: "home/z2m"))
        #expect(bridge.reports("home/z2m/online", #"{"a":1}"#).map(\.device) == ["online"])
        #expect(bridge.reports("home/status/wifi", #"{"a":1}"#).map(\.device) == ["home"])
        #expect(bridge.receive("zigbee2mqtt/lamp", #"{"a":1}"#).areIgnored)
    }

    @Test func aTopicThatDiscoveryNamedGoesBeforeTheGenericOne() {
        var bridge = MQTTDeviceBridge(settings: .init())
        _ = bridge.receive(
            "homeassistant/sensor/pump/flow/config", #"{"stat_t":"pump/status/flow"}"#)
        #expect(
            bridge.reports("pump/status/flow", "4.5") == [
                SeenReport(
                    device: "pump", properties: ["sensor.flow": .double(4.5)], priority: .telemetry)
            ])
        // Under the discovery prefix, too, as in Home Assistant's own examples.
        _ = bridge.receive(
            "homeassistant/sensor/pump/heat/config",
            #"{"stat_t":"homeassistant/sensor/pump/state"}"#)
        #expect(bridge.reports("homeassistant/sensor/pump/state", "30").count == 1)
    }

    @Test func aNameBelongsToTheFamilyThatHadItFirst() {
        var bridge = MQTTDeviceBridge(settings: .init())
        #expect(bridge.reports("zigbee2mqtt/lamp", #"{"state":"ON"}"#).count == 1)
        #expect(bridge.receive("lamp/online", "true").refusals.count == 1)
        #expect(bridge.receive("shellies/lamp/online", "true").refusals.count == 1)
        let discovery = bridge.receive("homeassistant/sensor/lamp/t/config", #"{"stat_t":"l/t"}"#)
        #expect(discovery.refusals.count == 1 && discovery.subscribed.isEmpty)
    }

    /// To Swift, `/` and a combining mark are one character; to a broker they are not.
    @Test func combiningMarksDoNotHideASeparator() {
        var bridge = MQTTDeviceBridge(settings: .init())
        let reports = bridge.reports("zigbee2mqtt/\u{301}x/\u{301}y", #"{"a":true}"#)
        #expect(reports.map(\.device) == ["%CC%81x%2F%CC%81y"])
    }
}
