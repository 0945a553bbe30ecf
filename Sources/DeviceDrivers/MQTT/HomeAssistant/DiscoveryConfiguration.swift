import Platform

/// One discovery payload with its abbreviations and its base topic expanded.
///
/// Source: Home Assistant's documentation, "MQTT", "Discovery messages".
struct DiscoveryConfiguration {
    /// The abbreviations of the keys that are read here; the others say nothing to an agent.
    private static let abbreviations = [
        "avty": "availability", "avty_t": "availability_topic",
        "avty_tpl": "availability_template", "cmd_t": "command_topic",
        "cmd_tpl": "command_template", "dev": "device", "dev_cla": "device_class",
        "pl_avail": "payload_available", "pl_not_avail": "payload_not_available",
        "pl_off": "payload_off", "pl_on": "payload_on", "stat_off": "state_off",
        "stat_on": "state_on", "stat_t": "state_topic", "stat_val_tpl": "state_value_template",
        "t": "topic", "val_tpl": "value_template", "ids": "identifiers",
    ]

    private let fields: Value
    private let base: String

    init(_ payload: [Value.MapEntry]) {
        base = Value.map(payload)["~"]?.stringValue ?? ""
        fields = Self.expanded(payload)
    }

    private init(fields: Value, base: String) {
        self.fields = fields
        self.base = base
    }

    private static func expanded(_ entries: [Value.MapEntry]) -> Value {
        .object(entries.map { (abbreviations[$0.key] ?? $0.key, $0.value) })
    }

    func text(_ key: String) -> String? { fields[key]?.stringValue }

    /// A payload to compare with or to send: numbers and booleans are written without quotes by
    /// some devices.
    func word(_ key: String) -> String? { fields[key].flatMap(Self.word) }

    static func word(_ value: Value) -> String? {
        switch value {
        case .string(let text): text
        case .bool, .int, .double: value.json
        case .null, .bytes, .array, .map: nil
        }
    }

    /// A topic, with `~` at its start or end replaced by the base topic.
    func topic(_ key: String) -> String? {
        guard var topic = text(key) else { return nil }
        if topic.utf8.first == UInt8(ascii: "~") { topic = base + topic.dropFirst() }
        if topic.utf8.last == UInt8(ascii: "~") { topic = topic.dropLast() + base }
        return topic
    }

    /// The first of the device's identifiers, which may be one text or a list.
    var deviceIdentifier: String? {
        guard let device = fields["device"]?.mapValue else { return nil }
        let identifiers = Self.expanded(device)["identifiers"]
        return identifiers?.stringValue ?? identifiers?.arrayValue?.first?.stringValue
    }

    /// Where the entity says whether its device is there: the one topic, or the first of a list.
    var availability: DiscoveryConfiguration? {
        if text("availability_topic") != nil {
            let renamed: [(String, Value)] = [
                ("topic", "availability_topic"), ("value_template", "availability_template"),
                ("payload_available", "payload_available"),
                ("payload_not_available", "payload_not_available"),
            ].compactMap { new, old in fields[old].map { (new, $0) } }
            return DiscoveryConfiguration(fields: .object(renamed), base: base)
        }
        guard let first = fields["availability"]?.arrayValue?.first?.mapValue else { return nil }
        return DiscoveryConfiguration(fields: Self.expanded(first), base: base)
    }
}
