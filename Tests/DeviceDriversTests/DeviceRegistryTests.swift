import DeviceDrivers
import Platform
import Testing

/// Who is known across restarts, and what a broker kept of those who are gone.
@Suite struct DeviceRegistryTests {
    /// A bridge, and what it asked to be kept.
    struct Board {
        var bridge = MQTTDeviceBridge(settings: .init(devicesMaximum: 4))
        var kept: [String: Value] = [:]
        var presence: [String: DevicePresence] = [:]

        @discardableResult
        mutating func receive(
            _ topic: String, _ payload: String, retained: Bool = false
        ) -> [DeviceDirective] {
            let directives = bridge.receive(
                BusMessage(topic: topic, payload: Array(payload.utf8), isRetained: retained))
            for directive in directives {
                switch directive {
                case .remember(let key, let value): kept[key] = value == .null ? nil : value
                case .presence(let device, let state): presence[device] = state
                default: continue
                }
            }
            return directives
        }

        mutating func restart() {
            bridge = MQTTDeviceBridge(settings: .init(devicesMaximum: 4))
            presence = [:]
            for (key, value) in kept.sorted(by: { $0.key < $1.key }) {
                let isRecalled = bridge.recall(key: key, value: value)
                #expect(isRecalled, "\(key)")
            }
        }
    }

    static let all: [(topic: String, payload: String)] = [
        ("shellies/shelly1-A/relay/0", "off"),
        ("shellyplus1-b/status/switch:0", #"{"output":false}"#),
        ("tasmota/discovery/\(TasmotaTests.mac)/config", TasmotaTests.configuration()),
        ("homeassistant/switch/garden/pump/config", #"{"stat_t":"g/p","cmd_t":"g/s"}"#),
    ]

    @Test func aRestartMakesNobodyVanish() throws {
        var board = Board()
        for (topic, payload) in Self.all { board.receive(topic, payload) }
        let before = (board.bridge.knownDevices, board.bridge.subscriptions)
        #expect(before.0.count == 4)
        board.restart()
        // The broker has lost everything that it kept, and sends nothing again.
        #expect(board.bridge.knownDevices == before.0)
        #expect(board.bridge.subscriptions == before.1)
        for (device, property) in [
            ("shelly1-A", "relay.0"), ("shellyplus1-b", "switch:0"), ("tasmota_000001", "POWER1"),
            ("garden", "switch.pump"),
        ] {
            _ = try board.bridge.command(device: device, property: property, value: .bool(true))
            #expect(board.bridge.presence(of: device) == .remembered)
        }
        let reports = board.receive("g/p", "ON").reports
        #expect(reports.map(\.device) == ["garden"])
        #expect(board.presence == ["garden": .heard])
    }

    @Test func aRetainedGhostBringsNobodyBack() {
        var board = Board()
        let (topic, payload) = Self.all[3]
        board.receive(topic, payload)
        board.receive(topic, "")
        #expect(board.kept == ["garden": .object([("forgotten", .bool(true))])])
        for _ in 0..<2 {
            // A second broker, or a bridge between brokers, still has it.
            board.receive(topic, payload, retained: true)
            #expect(board.bridge.knownDevices.isEmpty)
            #expect(board.bridge.learntTopics.isEmpty)
            board.restart()
        }
        board.receive(topic, payload)
        #expect(board.bridge.knownDevices == ["garden"])
        #expect(board.kept["garden"]?["family"] == .string("Home Assistant"))
    }

    @Test func whatABrokerKeptIsNoSignOfLife() {
        var board = Board()
        board.receive("shellyplus1-b/online", "true", retained: true)
        #expect(board.bridge.presence(of: "shellyplus1-b") == .remembered)
        #expect(board.presence.isEmpty)
        board.receive("shellyplus1-b/status/sys", #"{"uptime":1}"#)
        #expect(board.presence == ["shellyplus1-b": .online])
        board.receive("shellyplus1-b/online", "false")
        #expect(board.presence == ["shellyplus1-b": .offline])
        board.receive("zigbee2mqtt/lamp", #"{"state":"ON"}"#)
        #expect(board.presence["lamp"] == .heard)
        board.receive("zigbee2mqtt/lamp/availability", #"{"state":"offline"}"#)
        #expect(board.presence["lamp"] == .offline)
    }

    @Test func theForgottenAreBounded() {
        var board = Board()
        for number in 0..<9 {
            let topic = "homeassistant/sensor/n\(number)/o/config"
            board.receive(topic, #"{"stat_t":"t/\#(number)"}"#)
            board.receive(topic, "")
        }
        #expect(board.kept.keys.sorted() == ["n5", "n6", "n7", "n8"])
    }

    @Test(arguments: [
        ("a", Value.int(1)), ("a/b", .object([("at", .string("x"))])), ("", .bool(true)),
        ("a", .object([("family", .string("Fax")), ("name", .string("a"))])),
        ("a", .object([("family", .string("Tasmota")), ("name", .string("b"))])),
        (
            "a",
            .object([
                ("family", .string("Tasmota")), ("name", .string("a")),
                ("configuration", .map([])),
            ])
        ),
    ])
    func recordsOfNobodyAreLeftAlone(key: String, value: Value) {
        var bridge = MQTTDeviceBridge(settings: .init())
        let isRecalled = bridge.recall(key: key, value: value)
        #expect(!isRecalled)
        #expect(bridge.learntTopics.isEmpty)
    }
}
