import Platform

/// An agent's configuration as the harness varies it; fields that are not named keep the agent's
/// defaults.
struct AgentSettings {
    var link = BenchLink.mqtt
    /// Port of the uplink broker, or of the way to the hub's CoAP port; nil turns the uplink off.
    var uplinkPort: Int?
    /// Port of the board's own broker; nil turns the bridge off.
    var localPort: Int?
    /// More fields, as `section.field` and their YAML text; they win.
    var fields: [String: String] = [:]

    /// Times that suit a test: what waits for a minute in the field waits for a second here. What
    /// is durable when is left at its default.
    static func forTests(
        link: BenchLink = .mqtt, uplinkPort: Int?, localPort: Int?
    ) -> AgentSettings {
        AgentSettings(
            link: link, uplinkPort: uplinkPort, localPort: localPort,
            fields: [
                "uplink.reconnect_min_ms": "100", "uplink.reconnect_max_ms": "1000",
                "uplink.ack_timeout_ms": "2000", "uplink.keepalive_s": "5",
            ])
    }

    /// The configuration file.
    func yaml(device: String, state: String, socket: String) -> String {
        var all = [
            "device.id": Self.quoted(device), "state.directory": Self.quoted(state),
            "control.socket": Self.quoted(socket),
            "uplink.enabled": String(uplinkPort != nil), "uplink.link": link.kind.rawValue,
            "local_broker.enabled": String(localPort != nil),
        ]
        if link.isSecured { all["uplink.tls"] = "on" }
        if let uplinkPort { all["uplink.port"] = String(uplinkPort) }
        if let localPort { all["local_broker.port"] = String(localPort) }
        all.merge(fields) { $1 }
        var text = ""
        var section: Substring = ""
        for (name, value) in all.sorted(by: { $0.key < $1.key }) {
            let parts = name.split(separator: ".", maxSplits: 1)
            guard let first = parts.first, let field = parts.last else { continue }
            if first != section { text += "\(first):\n" }
            section = first
            text += "  \(field): \(value)\n"
        }
        return text
    }

    /// A YAML string whatever it looks like: an id `42` or a label `yes` stays text.
    private static func quoted(_ text: String) -> String { Value.string(text).json }
}
