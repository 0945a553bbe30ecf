import Platform

/// Goes through a file once, field by field, and remembers what is wrong instead of stopping.
struct ConfigurationReader {
    private let file: String?
    var configuration: AgentConfiguration
    /// Where the file gave a field, whether or not its value was good.
    private(set) var lines: [String: Int] = [:]
    private var refused: Set<String> = []
    private var errors: [ConfigurationError] = []
    private var omitted = 0

    init(file: String?, hostName: String) {
        self.file = file
        configuration = .defaults(hostName: hostName)
    }

    func result() throws(ConfigurationErrors) -> AgentConfiguration {
        guard errors.isEmpty else { throw ConfigurationErrors(errors, omitted: omitted) }
        return configuration
    }

    mutating func add(_ line: Int, _ field: String?, _ message: String, _ hint: String) {
        guard errors.count < ConfigurationErrors.maximumCount else {
            omitted += 1
            return
        }
        errors.append(
            ConfigurationError(file: file, line: line, field: field, message: message, hint: hint))
    }
}

// MARK: - Sections and names

extension ConfigurationReader {
    mutating func readFile(_ root: ConfigurationNode) {
        if root.isNull { return }
        guard case .mapping(let entries) = root.kind else {
            let sections = AgentConfiguration.sections.map(\.name).joined(separator: ", ")
            add(
                root.line, nil, "expected sections, found \(Self.describe(root))",
                "Begin with a section and a colon. Known sections: \(sections).")
            return
        }
        for entry in entries {
            if entry.key == AgentConfiguration.devicesSection {
                readDevices(entry.value)
                continue
            }
            if entry.key == AgentConfiguration.rulesSection {
                readRules(entry.value)
                continue
            }
            let fields = AgentConfiguration.fields.filter { $0.section == entry.key }
            if fields.isEmpty {
                addUnknownSection(entry.key, entry.keyLine)
            } else {
                readSection(entry.key, fields, entry.value)
            }
        }
    }

    private mutating func readSection(
        _ section: String, _ fields: [ConfigurationField], _ node: ConfigurationNode
    ) {
        // A section whose every line is commented out.
        if node.isNull { return }
        guard case .mapping(let entries) = node.kind else {
            let names = fields.map(\.name).joined(separator: ", ")
            add(
                node.line, section, "expected fields, found \(Self.describe(node))",
                "Write one 'name: value' a line, indented. Known fields here: \(names).")
            return
        }
        for entry in entries {
            guard let field = fields.first(where: { $0.name == entry.key }) else {
                addUnknownField(entry.key, section, fields.map(\.name), entry.keyLine)
                continue
            }
            lines[field.fullName] = entry.keyLine
            if !readValue(field, entry.value) { refused.insert(field.fullName) }
        }
    }

    private mutating func addUnknownSection(_ name: String, _ line: Int) {
        let sections = AgentConfiguration.sections.map(\.name)
        let near = EditDistance.nearest(to: name, among: sections) ?? Self.fieldNamed(name)
        let question = near.map { "Did you mean \($0)? " } ?? ""
        add(
            line, ConfigurationError.excerpt(name), "unknown section",
            question + "Known sections: \(sections.joined(separator: ", ")).")
    }

    private mutating func addUnknownField(
        _ name: String, _ section: String, _ known: [String], _ line: Int
    ) {
        let near =
            EditDistance.nearest(to: name, among: known).map { "\(section).\($0)" }
            ?? Self.fieldNamed(name)
        let question = near.map { "Did you mean \($0)? " } ?? ""
        add(
            line, "\(section).\(ConfigurationError.excerpt(name))", "unknown field",
            question + "Known fields here: \(known.joined(separator: ", ")).")
    }

    /// A field that has just this name in whichever section.
    private static func fieldNamed(_ name: String) -> String? {
        AgentConfiguration.fields.first { $0.name == name }?.fullName
    }

    static func describe(_ node: ConfigurationNode) -> String {
        switch node.kind {
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .scalar where node.isNull: "nothing"
        case .scalar(let text, isQuoted: true): "the text '\(ConfigurationError.excerpt(text))'"
        case .scalar(let text, isQuoted: false): "'\(ConfigurationError.excerpt(text))'"
        }
    }
}

// MARK: - Across fields

extension ConfigurationReader {
    /// What no field can know alone. A field that was refused is not held against another.
    mutating func checkAcrossFields(rootLine: Int) {
        if lines["control.socket"] == nil {
            configuration.control.socket = AgentConfiguration.Control.socket(
                in: configuration.state.directory)
        }
        deriveUplink()
        let (state, uplink) = (configuration.state, configuration.uplink)
        let (board, broker) = (configuration.board, configuration.localBroker)
        require(
            lines["device.id"] != nil || TextRule.deviceID.accepts(configuration.device.id),
            ["device.id"], rootLine,
            "the host's name '\(ConfigurationError.excerpt(configuration.device.id))' is no device "
                + "id, which is \(TextRule.deviceID.expectation)", "Set device.id.")
        require(
            uplink.reconnectMin <= uplink.reconnectMax,
            ["uplink.reconnect_min_ms", "uplink.reconnect_max_ms"], rootLine,
            "reconnect_min_ms (\(uplink.reconnectMin.count)) is more than reconnect_max_ms "
                + "(\(uplink.reconnectMax.count))", "Raise the one or lower the other.")
        require(
            uplink.fallback != uplink.link, ["uplink.link", "uplink.fallback"], rootLine,
            "\(uplink.linkName) cannot be its own fallback",
            "Name the other link, or write none.")
        for (host, name) in [
            (uplink.host, "uplink.host"), (uplink.fallbackHost, "uplink.fallback_host"),
        ] {
            require(
                uplink.tls != .off || TextRule.loopbackHost.accepts(host),
                [name, "uplink.tls"], rootLine,
                "a plain link cannot go to '\(ConfigurationError.excerpt(host))'",
                TextRule.plainHint)
        }
        require(
            uplink.dailyBytesMax == 0 || uplink.dailyBytesMax >= uplink.frameBytesMax,
            ["uplink.frame_bytes_max", "uplink.daily_bytes_max"], rootLine,
            "a day's \(uplink.dailyBytesMax) bytes hold not one frame of frame_bytes_max "
                + "(\(uplink.frameBytesMax))", "Raise daily_bytes_max, or write 0 for unmetered.")
        require(
            uplink.frameBytesMax <= state.logBytesMax,
            ["state.log_bytes_max", "uplink.frame_bytes_max"], rootLine,
            "a log of \(state.logBytesMax) bytes holds not one frame of frame_bytes_max "
                + "(\(uplink.frameBytesMax))", "Raise state.log_bytes_max.")
        require(
            board.sampleInterval <= board.reportInterval,
            ["board.sample_interval_ms", "board.report_interval_ms"], rootLine,
            "nothing can be reported every \(board.reportInterval.count) ms that is sampled every "
                + "\(board.sampleInterval.count) ms",
            "Raise report_interval_ms or lower sample_interval_ms.")
        checkPower(rootLine)
        require(
            !Self.overlap(broker.zigbee2MQTTTopic, broker.homeAssistantTopic),
            ["local_broker.zigbee2mqtt_topic", "local_broker.homeassistant_topic"], rootLine,
            "zigbee2mqtt_topic and homeassistant_topic overlap, so each message would count twice",
            "Give each a topic of its own.")
        require(
            lines["control.socket"] != nil
                || TextRule.absolutePath(bytesMax: AgentConfiguration.Control.socketBytesMax)
                    .accepts(configuration.control.socket),
            ["state.directory"], rootLine,
            "the control socket in this directory has a path of more than "
                + "\(AgentConfiguration.Control.socketBytesMax) bytes",
            "Set control.socket to a shorter path, such as /run/edge-agent/agent.sock.")
    }

    /// What of the way to the hub follows from the rest.
    private mutating func deriveUplink() {
        configuration.uplink.isHostNamed = lines["uplink.host"] != nil
        configuration.uplink.isPortNamed = lines["uplink.port"] != nil
        configuration.uplink.isFallbackHostNamed = lines["uplink.fallback_host"] != nil
        configuration.uplink.isFallbackPortNamed = lines["uplink.fallback_port"] != nil
        if !configuration.uplink.isPortNamed {
            configuration.uplink.port = configuration.uplink.link.plainPort
        }
        if !configuration.uplink.isFallbackPortNamed, let fallback = configuration.uplink.fallback {
            configuration.uplink.fallbackPort = fallback.plainPort
        }
    }

    /// Reports at the later of the fields that the file gives: it is the one that broke the rule.
    mutating func require(
        _ holds: Bool, _ fields: [String], _ rootLine: Int, _ message: String, _ hint: String
    ) {
        guard !holds, refused.isDisjoint(with: fields) else { return }
        let last = fields.max { lines[$0] ?? 0 < lines[$1] ?? 0 }
        let line = last.flatMap { lines[$0] } ?? rootLine
        add(line, last, message, hint)
    }

    /// Whether one topic is the other or lies under it.
    private static func overlap(_ left: String, _ right: String) -> Bool {
        (left + "/").hasPrefix(right + "/") || (right + "/").hasPrefix(left + "/")
    }
}
