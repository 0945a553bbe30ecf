import Platform

extension AgentConfiguration {
    static let devicesSection = "devices"
    static let rulesSection = "rules"
    /// Those of the sections that hold entries under names of the operator's choice.
    static let namedSections = [devicesSection, rulesSection]

    /// The sections of the file, in order.
    static let sections: [(name: String, meaning: String)] = [
        ("device", "Who this board is."),
        ("state", "What the board remembers, and how soon it is durable."),
        ("uplink", "The way to the hub. Plain links only reach this machine."),
        ("local_broker", "The board's own MQTT broker, with the devices behind it."),
        ("board", "The board's own sensors."),
        ("containers", "Workloads from images, where the agent runs as root."),
        ("power", "What the board spends. Nothing is touched until this is enabled."),
        (devicesSection, "Chips and sensors of the board, each under the name it reports as."),
        (rulesSection, "What the board does by itself, with or without a hub, each under a name."),
        ("control", "The way in for `edge-agent status` and `edge-agent twin`."),
    ]

    /// Every field of the file, in order. Defaults stand with the properties.
    static let fields =
        device + state + uplink + localBroker + board + containers + power
        + control

    private static let ports: ClosedRange<Int64> = 1...65_535
    private static let tebibyte: Int64 = 1 << 40

    private static let device: [ConfigurationField] = [
        ConfigurationField(
            "device", "id", .text(\.device.id, .deviceID),
            "The board's name in the fleet and in its topics. The hub knows the board by it, so a "
                + "new id is a new device.",
            derived: ("the host's name", "board-17")),
        ConfigurationField(
            "device", "labels", .labels(\.device.labels),
            "What selectors see, as in `fleet apply --on site=barn`."),
    ]

    private static let state: [ConfigurationField] = [
        ConfigurationField(
            "state", "directory", .text(\.state.directory, .absolutePath(bytesMax: 1024)),
            "Where the database, the logs of workloads and the control socket are. It must "
                + "outlive a reboot."),
        ConfigurationField(
            "state", "log_bytes_max", .count(\.state.logBytesMax, 65_536...tebibyte, unit: "bytes"),
            "Beyond this log rows are dropped, and leave a gap record. It bounds what months "
                + "without a hub cost on the card."),
        ConfigurationField(
            "state", "log_age_max_s", .span(\.state.logAgeMax, 60...315_360_000, unit: .s),
            "Log rows older than this are dropped and leave a gap record."),
        ConfigurationField(
            "state", "commit_event_ms", .span(\.state.commitEvent, 0...10_000, unit: .ms),
            "How long an event may wait for others to share its commit. Each commit wears the "
                + "card."),
        ConfigurationField(
            "state", "commit_telemetry_ms", .span(\.state.commitTelemetry, 0...600_000, unit: .ms),
            "The same for measurements, of which there are many and each matters less."),
    ]

    private static let uplink: [ConfigurationField] = [
        ConfigurationField(
            "uplink", "enabled", .flag(\.uplink.isEnabled),
            "False for a board that works alone."),
        ConfigurationField(
            "uplink", "link", .choice(\.uplink.linkName, LinkKind.ofBoards.map(\.rawValue)),
            "mqtt goes through a broker that the hub uses as well; coap goes straight to the hub."),
        ConfigurationField(
            "uplink", "host", .text(\.uplink.host, .host),
            "The broker for mqtt, the hub for coap; or a tunnel's end on this machine.",
            derived: ("127.0.0.1; with TLS the hub where the board enrolled", "hub.example")),
        ConfigurationField(
            "uplink", "port", .count(\.uplink.port, ports, unit: ""),
            "For coap any of the hub's ports will do, where it has several.",
            derived: ("1883 for mqtt, 5683 for coap; with TLS 8883 and 5684", "8883")),
        ConfigurationField(
            "uplink", "tls",
            .choice(\.uplink.tlsName, AgentConfiguration.UplinkTLS.allCases.map(\.rawValue)),
            "Whether mqtt is TLS and coap DTLS, with the board's certificate. auto: as soon as it "
                + "has enrolled; on: no link before; off: plain for ever, to this machine only."),
        ConfigurationField(
            "uplink", "fallback",
            .choice(
                \.uplink.fallbackName,
                [AgentConfiguration.Uplink.noFallback] + LinkKind.ofBoards.map(\.rawValue)),
            "The other link, for a board that has two ways to its hub. It is loaded only when it "
                + "is used."),
        ConfigurationField(
            "uplink", "fallback_host", .text(\.uplink.fallbackHost, .host),
            "Where the fallback goes, as uplink.host.",
            derived: ("as for uplink.host", "hub.example")),
        ConfigurationField(
            "uplink", "fallback_port", .count(\.uplink.fallbackPort, ports, unit: ""),
            "As uplink.port.",
            derived: ("1883 for mqtt, 5683 for coap; with TLS 8883 and 5684", "5683")),
        ConfigurationField(
            "uplink", "fallback_after_s", .span(\.uplink.fallbackAfter, 1...86_400, unit: .s),
            "Without a connection for so long, the board takes its other link, and stays there "
                + "until that one fails for as long."),
        ConfigurationField(
            "uplink", "keepalive_s", .span(\.uplink.keepalive, 5...3600, unit: .s),
            "How often an idle link is probed, with two small packets. The longer, the later a "
                + "dead one is noticed. coap probes at least every 45 s: routers forget a UDP "
                + "flow after a minute."),
        ConfigurationField(
            "uplink", "frames_in_flight_max",
            .count(\.uplink.framesInFlightMax, 1...20, unit: "frames"),
            "Frames sent and not yet acknowledged by the hub. More fill a slow link better, and "
                + "more are sent again after a loss."),
        ConfigurationField(
            "uplink", "frame_bytes_max",
            .count(\.uplink.frameBytesMax, 1024...262_144, unit: "bytes"),
            "The size of a full frame. A lost one costs this much again."),
        ConfigurationField(
            "uplink", "ack_timeout_ms", .span(\.uplink.ackTimeout, 100...600_000, unit: .ms),
            "After this long without the hub's acknowledgement a frame is sent again."),
        ConfigurationField(
            "uplink", "reconnect_min_ms", .span(\.uplink.reconnectMin, 10...3_600_000, unit: .ms),
            "The first wait before connecting again; it doubles, with jitter, up to the next."),
        ConfigurationField(
            "uplink", "reconnect_max_ms", .span(\.uplink.reconnectMax, 10...3_600_000, unit: .ms),
            "The longest wait. It keeps a fleet from storming a hub that comes back."),
        ConfigurationField(
            "uplink", "daily_bytes_max",
            .count(\.uplink.dailyBytesMax, 0...tebibyte, unit: "bytes"),
            "What a metered link may carry in a day; 0 is unmetered."),
    ]

    private static let localBroker: [ConfigurationField] = [
        ConfigurationField(
            "local_broker", "enabled", .flag(\.localBroker.isEnabled),
            "False for a board without MQTT devices."),
        ConfigurationField(
            "local_broker", "host", .text(\.localBroker.host, .loopbackHost),
            "The broker that Zigbee2MQTT and the like publish to."),
        ConfigurationField(
            "local_broker", "port", .count(\.localBroker.port, ports, unit: ""),
            "1883 is MQTT's registered port."),
        ConfigurationField(
            "local_broker", "window", .count(\.localBroker.window, 1...1000, unit: "messages"),
            "Messages received and not yet acknowledged. The broker keeps a message until it is "
                + "durable here; 20 is what Mosquitto has in flight by default."),
        ConfigurationField(
            "local_broker", "payload_bytes_max",
            .count(\.localBroker.payloadBytesMax, 1024...1_048_576, unit: "bytes"),
            "A message with a larger payload is refused, and an event says so."),
        ConfigurationField(
            "local_broker", "devices_max",
            .count(\.localBroker.devicesMax, 1...4096, unit: "devices"),
            "Bounds memory against a broker full of strangers."),
        ConfigurationField(
            "local_broker", "zigbee2mqtt_topic", .text(\.localBroker.zigbee2MQTTTopic, .topic),
            "The `base_topic` of Zigbee2MQTT."),
        ConfigurationField(
            "local_broker", "homeassistant_topic", .text(\.localBroker.homeAssistantTopic, .topic),
            "The discovery prefix of Home Assistant."),
        ConfigurationField(
            "local_broker", "publish_discovery", .flag(\.localBroker.announcesBoard),
            "True: the board and its declared devices appear in a Home Assistant on this broker, "
                + "and can be set there. False again takes them back."),
    ]

    private static let board: [ConfigurationField] = [
        ConfigurationField(
            "board", "sample_interval_ms",
            .span(\.board.sampleInterval, 100...86_400_000, unit: .ms),
            "How often temperature, load, memory and space are read."),
        ConfigurationField(
            "board", "report_interval_ms",
            .span(\.board.reportInterval, 100...604_800_000, unit: .ms),
            "An unchanged reading is reported at least this often, so that silence means trouble."),
    ]

    private static let containers: [ConfigurationField] = [
        ConfigurationField(
            "containers", "images", .text(\.containers.images, .absolutePath(bytesMax: 256)),
            "Where `edge-agent image` keeps images. Without comma, colon and backslash."),
        ConfigurationField(
            "containers", "directory", .text(\.containers.directory, .absolutePath(bytesMax: 256)),
            "What containers are made of, and the volumes that they keep. Likewise."),
        ConfigurationField(
            "containers", "runtime", .text(\.containers.runtime, .absolutePath(bytesMax: 256)),
            "crun."),
    ]

    private static let control: [ConfigurationField] = [
        ConfigurationField(
            "control", "socket",
            .text(\.control.socket, .absolutePath(bytesMax: Control.socketBytesMax)),
            "The Unix socket the agent answers on; whoever may open it may command the agent.",
            derived: ("agent.sock in state.directory", "/run/edge-agent/agent.sock"))
    ]
}
