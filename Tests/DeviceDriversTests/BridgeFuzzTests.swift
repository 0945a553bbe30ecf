import DeviceDrivers
import Platform
import TestSupport
import Testing

/// Random topics and payloads: no crash, and no bound exceeded. The pieces are those that the
/// decoders look for, so that the random messages reach deep.
@Suite struct BridgeFuzzTests {
    private static let settings = MQTTDeviceSettings(
        devicesMaximum: 8, entitiesMaximum: 4, payloadBytesMaximum: 512, propertiesMaximum: 5,
        reportBytesMaximum: 256)

    private static let topicPieces = [
        "shellies", "zigbee2mqtt", "homeassistant", "fleet", "a", "b", "relay", "0", "status",
        "online", "events", "rpc", "switch:0", "bridge", "availability", "set", "config", "sensor",
        "switch", "command", "announce", "info", "", "é", "%", "..", "\u{0}", "+", "$SYS", "t",
    ]
    private static let payloadPieces = [
        "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"state\"", "\"id\"", "\"stat_t\":\"t/a\"",
        "\"~\":\"b\"", "\"cmd_t\":\"~/c\"", "\"val_tpl\":\"{{ value_json.a }}\"", "1", "-0", "2e9",
        "NaN", "on", "true", "null", "\"method\":\"NotifyEvent\"", "\"params\"", "\"events\"",
        "\"component\"", "\"smoke\":true", "online", "\u{FF}", "\\u0000", "\"a\":1",
    ]

    private static func topic(_ generator: inout SeededGenerator) -> String {
        if Int.random(in: 0..<4, using: &generator) == 0 {
            let name = ["a", "b", "c", "d", "e"].randomElement(using: &generator) ?? "a"
            return "homeassistant/switch/\(name)/\(name)/config"
        }
        return (0..<Int.random(in: 1...6, using: &generator))
            .map { _ in topicPieces.randomElement(using: &generator) ?? "" }.joined(separator: "/")
    }

    private static func payload(_ generator: inout SeededGenerator) -> [UInt8] {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0:
            let count = Int.random(in: 0...600, using: &generator)
            return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        case 1:
            // An object of whole members, which parses more often than loose pieces do.
            let members = payloadPieces.filter { $0.hasPrefix("\"") && $0.contains("\":") }
            let chosen = (0..<Int.random(in: 0...6, using: &generator))
                .map { _ in members.randomElement(using: &generator) ?? "" }
            return Array("{\(chosen.joined(separator: ","))}".utf8)
        default:
            return (0..<Int.random(in: 0...12, using: &generator))
                .flatMap { _ in Array((payloadPieces.randomElement(using: &generator) ?? "").utf8) }
        }
    }

    @Test func randomMessagesStayWithinBounds() {
        var generator = SeededGenerator.announced(for: "randomMessagesStayWithinBounds")
        var bridge = MQTTDeviceBridge(settings: Self.settings)
        var devices: Set<String> = []
        var kinds = (reports: 0, subscribed: 0, unreadable: 0, refused: 0)
        for round in 0..<40_000 {
            // A new bridge now and then: a full one refuses most of what could go wrong.
            if round % 2000 == 0 {
                bridge = MQTTDeviceBridge(settings: Self.settings)
                devices = []
            }
            let directives = bridge.receive(
                BusMessage(
                    topic: Self.topic(&generator), payload: Self.payload(&generator),
                    isRetained: Bool.random(using: &generator)))
            #expect(!directives.isEmpty)
            for report in directives.reports {
                devices.insert(report.device)
                #expect(report.device.utf8.allSatisfy(Self.isSafe))
                #expect(1...5 ~= report.properties.count)
            }
            kinds.reports += directives.reports.count
            kinds.subscribed += directives.subscribed.count
            kinds.unreadable += directives.unreadable.count
            kinds.refused += directives.refusals.count
            #expect(bridge.subscriptions.count <= 7 + 2 * Self.settings.entitiesMaximum)
            for device in devices {
                _ = try? bridge.command(device: device, property: "relay.0", value: .bool(true))
            }
        }
        // The messages did reach every kind of answer.
        #expect(kinds.reports > 100 && kinds.unreadable > 100)
        #expect(kinds.subscribed > 5 && kinds.refused > 5)
    }

    private static func isSafe(_ byte: UInt8) -> Bool {
        Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-%".utf8)
            .contains(byte)
    }
}
