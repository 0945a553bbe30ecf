import Foundation
import Testing

@testable import EdgeAgent

/// A value other than the default for a field, and what it changes.
private struct Change: Sendable, CustomTestStringConvertible {
    let field: String
    let value: String
    let apply: @Sendable (inout AgentConfiguration) -> Void

    init(
        _ field: String, _ value: String,
        _ apply: @escaping @Sendable (inout AgentConfiguration) -> Void
    ) {
        self.field = field
        self.value = value
        self.apply = apply
    }

    var testDescription: String { "\(field): \(value)" }
}

private let changes = [
    Change("device.id", "0042") { $0.device.id = "0042" },
    Change("device.labels", "{site: barn, rack: 2}") {
        $0.device.labels = ["site": "barn", "rack": "2"]
    },
    Change("state.directory", "/srv/agent") {
        $0.state.directory = "/srv/agent"
        $0.control.socket = "/srv/agent/agent.sock"
    },
    Change("state.log_bytes_max", "65536") { $0.state.logBytesMax = 65_536 },
    Change("state.log_age_max_s", "60") { $0.state.logAgeMax = 60_000 },
    Change("state.commit_event_ms", "0") { $0.state.commitEvent = 0 },
    Change("state.commit_telemetry_ms", "600000") { $0.state.commitTelemetry = 600_000 },
    Change("uplink.enabled", "false") { $0.uplink.isEnabled = false },
    Change("uplink.link", "coap") {
        $0.uplink.link = .coap
        $0.uplink.port = 5683
    },
    Change("uplink.host", "::1") {
        $0.uplink.host = "::1"
        $0.uplink.isHostNamed = true
    },
    Change("uplink.port", "0x1F90") {
        $0.uplink.port = 8080
        $0.uplink.isPortNamed = true
    },
    Change("uplink.tls", "on") { $0.uplink.tls = .on },
    Change("uplink.fallback", "coap") { $0.uplink.fallback = .coap },
    Change("uplink.fallback_host", "::1") {
        $0.uplink.fallbackHost = "::1"
        $0.uplink.isFallbackHostNamed = true
    },
    Change("uplink.fallback_port", "5684") {
        $0.uplink.fallbackPort = 5684
        $0.uplink.isFallbackPortNamed = true
    },
    Change("uplink.fallback_after_s", "1") { $0.uplink.fallbackAfter = 1000 },
    Change("uplink.keepalive_s", "5") { $0.uplink.keepalive = 5000 },
    Change("uplink.frames_in_flight_max", "+20") { $0.uplink.framesInFlightMax = 20 },
    Change("uplink.frame_bytes_max", "1024") { $0.uplink.frameBytesMax = 1024 },
    Change("uplink.ack_timeout_ms", "100") { $0.uplink.ackTimeout = 100 },
    Change("uplink.reconnect_min_ms", "010") { $0.uplink.reconnectMin = 10 },
    Change("uplink.reconnect_max_ms", "500") { $0.uplink.reconnectMax = 500 },
    Change("uplink.daily_bytes_max", "32768") { $0.uplink.dailyBytesMax = 32_768 },
    Change("local_broker.enabled", "false") { $0.localBroker.isEnabled = false },
    Change("local_broker.host", "'localhost'") { $0.localBroker.host = "localhost" },
    Change("local_broker.port", "1884") { $0.localBroker.port = 1884 },
    Change("local_broker.window", "1000") { $0.localBroker.window = 1000 },
    Change("local_broker.payload_bytes_max", "1024") { $0.localBroker.payloadBytesMax = 1024 },
    Change("local_broker.devices_max", "1") { $0.localBroker.devicesMax = 1 },
    Change("local_broker.zigbee2mqtt_topic", "site/z2m") {
        $0.localBroker.zigbee2MQTTTopic = "site/z2m"
    },
    Change("local_broker.homeassistant_topic", "ha") { $0.localBroker.homeAssistantTopic = "ha" },
    Change("local_broker.publish_discovery", "true") { $0.localBroker.announcesBoard = true },
    Change("board.sample_interval_ms", "600000") { $0.board.sampleInterval = 600_000 },
    Change("board.report_interval_ms", "30000") { $0.board.reportInterval = 30_000 },
    Change("containers.images", "/srv/images") { $0.containers.images = "/srv/images" },
    Change("containers.directory", "/srv/boxes") { $0.containers.directory = "/srv/boxes" },
    Change("containers.runtime", "/opt/crun") { $0.containers.runtime = "/opt/crun" },
    Change("power.enabled", "true") { $0.power.isEnabled = true },
    Change("power.profile", "/etc/pi.yaml") { $0.power.profile = "/etc/pi.yaml" },
    Change("power.state", "saver") { $0.power.state = "saver" },
    Change("power.restore_on_exit", "false") { $0.power.restoresOnExit = false },
    Change("power.halt", "true") { $0.power.mayHalt = true },
    Change("power.wake_s", "60") { $0.power.wakeAfter = 60_000 },
    Change("power.batch_s", "3600") { $0.power.batchInterval = 3_600_000 },
    Change("power.hands_off_s", "60") { $0.power.handsOff = 60_000 },
    Change("power.group", "/sys/fs/cgroup/w") { $0.power.group = "/sys/fs/cgroup/w" },
    Change("power.battery_device", "ups") { $0.power.batteryDevice = "ups" },
    Change("power.battery_empty_mv", "500") { $0.power.batteryEmpty = 500 },
    Change("power.battery_full_mv", "100000") { $0.power.batteryFull = 100_000 },
    Change("control.socket", "/run/a.sock") { $0.control.socket = "/run/a.sock" },
]

@Suite struct ConfigurationReferenceTests: ReadsConfiguration {
    @Test func referenceSaysTheDefaults() throws {
        #expect(try read(AgentConfiguration.reference()) == defaults)
        #expect(AgentConfiguration.reference().utf8.allSatisfy { $0 < 0x80 })
        for line in AgentConfiguration.reference().split(separator: "\n") {
            #expect(line.utf8.count <= 100, "\(line)")
        }
    }

    @Test func everyFieldHasAChange() {
        #expect(changes.map(\.field) == AgentConfiguration.fields.map(\.fullName))
        #expect(
            AgentConfiguration.sections.map(\.name)
                .filter { !AgentConfiguration.namedSections.contains($0) }
                == AgentConfiguration.fields.map(\.section).reduce(into: []) {
                    if $0.last != $1 { $0.append($1) }
                })
    }

    /// Changes one line of the reference, as an operator does.
    @Test(arguments: changes)
    fileprivate func changesJustThatField(change: Change) throws {
        let field = try #require(AgentConfiguration.fields.first { $0.fullName == change.field })
        var section = ""
        var replaced = 0
        let lines = AgentConfiguration.reference().split(
            separator: "\n", omittingEmptySubsequences: false
        ).map { line -> String in
            if line.first?.isLetter == true { section = String(line.dropLast()) }
            guard section == field.section,
                line.hasPrefix("  \(field.name): ") || line.hasPrefix("  # \(field.name): ")
            else { return String(line) }
            replaced += 1
            return "  \(field.name): \(change.value)"
        }
        #expect(replaced == 1)
        var expected = defaults
        change.apply(&expected)
        #expect(expected != defaults)
        #expect(try read(lines.joined(separator: "\n")) == expected)
    }

    @Test(arguments: ["", "# nothing\n", "---\n", "~\n", "{}\n", "uplink:\ndevice: {labels: }\n"])
    func leftOutIsDefault(text: String) throws {
        #expect(try read(text) == defaults)
    }

    @Test func shippedExampleIsGood() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../packaging/agent/edge-agent.yaml").standardized.path
        let bytes = try #require(FileManager.default.contents(atPath: path), "\(path)")
        #expect(try read(String(decoding: bytes, as: UTF8.self)) == defaults)
        // Also with the commented lines that hold a field in force.
        let all = String(decoding: bytes, as: UTF8.self)
            .replacing("# id:", with: "id:").replacing("# directory:", with: "directory:")
            .replacing("# site:", with: "site:").replacing("# rack:", with: "rack:")
        let configuration = try read(all)
        #expect(configuration.device.id == "board-17")
        #expect(configuration.device.labels == ["site": "barn", "rack": "2"])
    }
}
