import Platform

/// One entity's discovery payload with its abbreviations and its base topic expanded.
///
/// Source: Home Assistant's documentation, "MQTT", "Discovery messages".
struct DiscoveryConfiguration {
    /// Keys that a whole device's message gives to all of its components.
    private static let shared = [
        "availability", "availability_mode", "availability_template", "availability_topic",
        "command_topic", "device", "payload_available", "payload_not_available", "state_topic",
    ]
    /// The largest configuration of one entity that is kept, as JSON. Real ones have 300 to 900.
    static let bytesMaximum = 4096

    /// The long keys that say something to an agent, sorted, topics complete. What is kept of an
    /// announcement, and read again after a restart.
    let fields: Value

    init(_ payload: [Value.MapEntry]) {
        let base = Value.map(payload)["~"]?.stringValue ?? ""
        let long = Self.expanded(payload, DiscoveryAbbreviations.entity)
        fields = .object(
            long.filter { EntityFacet.keys.contains($0.key) }
                .map { ($0.key, Self.complete($0.value, of: $0.key, base)) })
    }

    /// A configuration that was kept.
    init(kept fields: Value) { self.fields = fields }

    /// The configuration of each component of a whole device's message by its key, with what the
    /// message says for all of them. A component of a platform alone is one taken back.
    static func components(
        of payload: [Value.MapEntry]
    ) throws(Unreadable) -> [(key: String, platform: String, configuration: Self?)] {
        let long = Value.object(
            expanded(payload, DiscoveryAbbreviations.entity).map { ($0.key, $0.value) })
        guard let components = long["components"]?.mapValue else {
            throw Unreadable(reason: "a whole device without components (cmps)")
        }
        let common = shared.compactMap { key in long[key].map { Value.MapEntry(key, $0) } }
        let base = Value.map(payload)["~"].map { [Value.MapEntry("~", $0)] } ?? []
        var read: [(key: String, platform: String, configuration: Self?)] = []
        for component in components {
            guard let entries = component.value.mapValue,
                let own = .some(expanded(entries, DiscoveryAbbreviations.entity)),
                let platform = Value.object(own.map { ($0.key, $0.value) })["platform"]?.stringValue
            else {
                throw Unreadable(
                    reason: "component \(Printable.clipped(component.key, bytes: 40)) without a"
                        + " platform (p)")
            }
            let isTakenBack = entries.count == 1
            // The last of equal keys is kept, so a component's own word wins.
            let merged = Value.object((base + common + own).map { ($0.key, $0.value) })
            read.append(
                (
                    component.key, platform,
                    isTakenBack ? nil : DiscoveryConfiguration(merged.mapValue ?? [])
                ))
        }
        return read
    }

    private static func expanded(
        _ entries: [Value.MapEntry], _ names: [String: String]
    ) -> [Value.MapEntry] {
        entries.map { Value.MapEntry(names[$0.key] ?? $0.key, $0.value) }
    }

    /// Topics with `~` at their start or end replaced by the base topic, in lists as well.
    private static func complete(_ value: Value, of key: String, _ base: String) -> Value {
        switch (key, value) {
        case ("availability", .array(let items)):
            .array(
                items.prefix(EntityAvailability.placesMaximum + 1).map { item in
                    let place = expanded(item.mapValue ?? [], DiscoveryAbbreviations.entity)
                    return .object(place.map { ($0.key, complete($0.value, of: $0.key, base)) })
                })
        case ("availability", .map(let place)):
            complete(.array([.map(place)]), of: key, base)
        case ("device", .map(let device)):
            .object(
                expanded(device, DiscoveryAbbreviations.device)
                    .filter { ["identifiers", "manufacturer", "model", "name"].contains($0.key) }
                    .map { ($0.key, $0.value) })
        case (_, .string(let topic)) where key == "topic" || key.hasSuffix("_topic"):
            .string(complete(topic, base))
        default: value
        }
    }

    private static func complete(_ topic: String, _ base: String) -> String {
        var topic = topic
        if topic.utf8.first == UInt8(ascii: "~") { topic = base + topic.dropFirst() }
        if topic.utf8.last == UInt8(ascii: "~") { topic = topic.dropLast() + base }
        return topic
    }

    func text(_ key: String) -> String? { fields[key]?.stringValue }

    func number(_ key: String) -> Double? { fields[key]?.doubleValue }

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

    /// A list of words, as `options` and `modes` are.
    func words(_ key: String) -> [String]? {
        fields[key]?.arrayValue.map { $0.compactMap(Self.word) }
    }

    /// Every topic that the entity reads or is sent to.
    var topics: [String] {
        (fields.mapValue ?? []).filter { $0.key.hasSuffix("_topic") }
            .compactMap { $0.value.stringValue }
            + (fields["availability"]?.arrayValue ?? []).compactMap { $0["topic"]?.stringValue }
    }

    /// The first of the device's identifiers, which may be one text or a list.
    var deviceIdentifier: String? {
        let identifiers = fields["device"]?["identifiers"]
        return identifiers?.stringValue ?? identifiers?.arrayValue?.first?.stringValue
    }
}
