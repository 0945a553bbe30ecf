import DeviceDrivers
import Platform
import TestSupport
import Testing

@Suite struct DeviceBoundsTests {
    @Test func payloads() {
        var bridge = MQTTDeviceBridge(settings: .init(payloadBytesMaximum: 20))
        #expect(bridge.reports("zigbee2mqtt/a", #"{"text":"123456789"}"#).count == 1)
        let directives = bridge.receive("zigbee2mqtt/a", #"{"text":"1234567890"}"#)
        #expect(directives.unreadable.map(\.payloadBytes) == [21])
        let mebibyte = BusMessage(
            topic: "shellies/a/info", payload: [UInt8](repeating: 0x7B, count: 1 << 20),
            isRetained: true)
        #expect(bridge.receive(mebibyte).unreadable.map(\.payloadBytes) == [1 << 20])
    }

    @Test func devices() {
        var bridge = MQTTDeviceBridge(settings: .init(devicesMaximum: 3))
        let directives = (0..<5).flatMap { bridge.receive("zigbee2mqtt/d\($0)", #"{"a":1}"#) }
        #expect(directives.reports.map(\.device) == ["d0", "d1", "d2"])
        #expect(directives.refusals.count == 2)
        // Those that are known still report.
        #expect(bridge.reports("zigbee2mqtt/d1", #"{"a":2}"#).count == 1)
    }

    @Test func entities() {
        var bridge = MQTTDeviceBridge(settings: .init(entitiesMaximum: 2))
        let directives = (0..<4).flatMap {
            bridge.receive("homeassistant/sensor/n/o\($0)/config", #"{"stat_t":"t/\#($0)"}"#)
        }
        #expect(directives.subscribed == ["t/0", "t/1"])
        #expect(directives.refusals.count == 2)
        #expect(bridge.learntTopics.count == 2)
    }

    @Test func properties() throws {
        var bridge = MQTTDeviceBridge(settings: .init())
        let members = (0..<300).map { #""p\#(1000 + $0)":\#($0)"# }.joined(separator: ",")
        let directives = bridge.receive("zigbee2mqtt/a", "{\(members)}")
        let report = try #require(directives.reports.first)
        #expect(report.properties.count == 256)
        #expect(report.properties["p1255"] == .int(255) && report.properties["p1256"] == nil)
        #expect(directives.unreadable.map(\.reason).first?.hasPrefix("44 ") == true)
    }

    @Test func reportBytes() throws {
        var bridge = MQTTDeviceBridge(settings: .init(reportBytesMaximum: 1000))
        let long = String(repeating: "x", count: 990)
        let directives = bridge.receive("zigbee2mqtt/a", #"{"a":"\#(long)","b":"\#(long)","c":1}"#)
        // What does not fit is left out, what does fit behind it is not... here nothing is left.
        let report = try #require(directives.reports.first)
        #expect(report.properties.keys.sorted() == ["a"])
        #expect(directives.unreadable.count == 1)
    }

    @Test func depth() {
        var bridge = MQTTDeviceBridge(settings: .init())
        func nested(_ depth: Int) -> String {
            let (open, close) = ("[", "]")
            return #"{"a":"# + String(repeating: open, count: depth)
                + String(repeating: close, count: depth) + #","b":1}"#
        }
        #expect(bridge.reports("zigbee2mqtt/a", nested(8)).first?.properties.count == 2)
        let deeper = bridge.receive("zigbee2mqtt/a", nested(9))
        #expect(deeper.reports.first?.properties == ["b": .int(1)])
        #expect(deeper.unreadable.count == 1)
        let bottomless = bridge.receive("zigbee2mqtt/a", nested(5000))
        #expect(bottomless.reports.isEmpty && bottomless.unreadable.count == 1)
    }

    /// Every level would repeat a long key in the name of each property below it.
    @Test func namesOfNestedMembers() {
        var bridge = MQTTDeviceBridge(settings: .init())
        let key = String(repeating: "k", count: 60)
        let directives = bridge.receive(
            "zigbee2mqtt/a", #"{"\#(key)":{"\#(key)":{"\#(key)":1,"x":2}},"b":1}"#)
        #expect(
            directives.reports.first?.properties == ["b": .int(1), "\(key).\(key).x": .int(2)])
        #expect(directives.unreadable.map(\.reason).first?.hasPrefix("1 ") == true)
    }

    @Test func topics() {
        var bridge = MQTTDeviceBridge(settings: .init())
        let long = "zigbee2mqtt/" + String(repeating: "a/", count: 1000)
        let directives = bridge.receive(long, #"{"a":1}"#)
        #expect(directives.unreadable.count == 1)
        #expect((directives.unreadable.first?.subject.utf8.count ?? 999) <= 131)
        let name = String(repeating: "n", count: 97)
        #expect(bridge.receive("zigbee2mqtt/\(name)", #"{"a":1}"#).refusals.count == 1)
        #expect(bridge.reports("zigbee2mqtt/\(name.dropLast())", #"{"a":1}"#).count == 1)
    }

    @Test func switchesOfOneDevice() {
        var bridge = MQTTDeviceBridge(settings: .init())
        for index in 10..<90 {
            _ = bridge.receive("s/status/switch:\(index)", #"{"output":true}"#)
        }
        let settable = (10..<90).filter { index in
            (try? bridge.command(device: "s", property: "switch:\(index)", value: .bool(true)))
                != nil
        }
        #expect(settable == Array(10..<74))
    }

    @Test func safeNamesAreInjective() {
        var generator = SeededGenerator.announced(for: "safeNamesAreInjective")
        let alphabet = ["a", "%", "/", ".", "2", "5", "F", "ü", " ", "~", "\u{0}", "-"]
        var owners: [String: String] = [:]
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...4, using: &generator)
            let name = (0..<count).map { _ in
                alphabet.randomElement(using: &generator) ?? "a"
            }.joined()
            guard let safe = DeviceName.safe(name) else { continue }
            #expect(owners[safe, default: name] == name)
            owners[safe] = name
            #expect(!safe.contains("/") && !safe.contains(" ") && safe != "." && safe != "..")
        }
        #expect(owners.count > 1000)
    }

    @Test(arguments: [
        MQTTDeviceSettings(zigbee2mqttTopic: "zigbee2mqtt/#"),
        MQTTDeviceSettings(zigbee2mqttTopic: ""), MQTTDeviceSettings(zigbee2mqttTopic: "a//b"),
        MQTTDeviceSettings(zigbee2mqttTopic: "$SYS"),
        MQTTDeviceSettings(homeAssistantTopic: "+"),
        MQTTDeviceSettings(homeAssistantTopic: "zigbee2mqtt"),
        MQTTDeviceSettings(homeAssistantTopic: "zigbee2mqtt/ha"),
        MQTTDeviceSettings(zigbee2mqttTopic: "shellies/z"),
        MQTTDeviceSettings(devicesMaximum: 0), MQTTDeviceSettings(payloadBytesMaximum: -1),
    ])
    func settingsThatCannotWork(settings: MQTTDeviceSettings) {
        #expect(throws: MQTTDeviceSettingsError.self) { try settings.validate() }
    }

    @Test func theDefaultsWork() throws {
        try MQTTDeviceSettings().validate()
        try MQTTDeviceSettings(zigbee2mqttTopic: "home/z2m").validate()
    }
}
