import Platform

/// Where an entity says whether it is there, and how several such places make one answer.
struct EntityAvailability: Sendable, Hashable {
    enum Mode: String, Sendable {
        /// Every place has said so.
        case all
        /// One place has said so.
        case any
        /// The place that spoke last decides.
        case latest
    }

    /// Places of one entity. Zigbee2MQTT announces two.
    static let placesMaximum = 8

    let places: [EntitySource]
    let mode: Mode

    /// Nil where the entity does not say.
    ///
    /// - Throws: `Unreadable` for places that cannot be read: an entity that seems to be there for
    ///   ever would be worse than none.
    init?(_ configuration: DiscoveryConfiguration) throws(Unreadable) {
        var places: [EntitySource] = []
        if let topic = configuration.text("availability_topic") {
            places.append(try Self.place(configuration.fields, topic, "availability_template"))
        }
        for item in configuration.fields["availability"]?.arrayValue ?? [] {
            guard let topic = item["topic"]?.stringValue else {
                throw Unreadable(reason: "an availability without a topic")
            }
            places.append(try Self.place(item, topic, "value_template"))
        }
        guard !places.isEmpty else { return nil }
        guard places.count <= Self.placesMaximum else {
            throw Unreadable(reason: "more than \(Self.placesMaximum) availability topics")
        }
        let mode = configuration.text("availability_mode") ?? Mode.latest.rawValue
        guard let mode = Mode(rawValue: mode) else {
            throw Unreadable(reason: "availability_mode takes all, any or latest")
        }
        self.places = places
        self.mode = mode
    }

    private static func place(
        _ fields: Value, _ topic: String, _ templateKey: String
    ) throws(Unreadable) -> EntitySource {
        try HomeAssistantEntity.check(topic)
        let template = try ValueTemplate.read(fields[templateKey], named: templateKey)
        func word(_ key: String, _ standard: String) throws(Unreadable) -> String {
            let word = fields[key].flatMap(DiscoveryConfiguration.word) ?? standard
            try HomeAssistantEntity.check(word: word)
            return word
        }
        return EntitySource(
            topic: topic, template: template, property: "online",
            words: [
                try word("payload_not_available", "offline").lowercased(): .bool(false),
                try word("payload_available", "online").lowercased(): .bool(true),
            ])
    }

    /// What the places' words say together.
    ///
    /// - Parameters:
    ///   - words: what each place said last, if anything.
    ///   - latest: what was said just now.
    func isThere(_ words: [Bool?], latest: Bool) -> Bool {
        switch mode {
        case .all: words.allSatisfy { $0 == true }
        case .any: words.contains(true)
        case .latest: latest
        }
    }
}
