import Platform

/// A topic, what to pick from its payloads, and what its words mean.
struct EntitySource: Sendable, Hashable {
    let topic: String
    let template: ValueTemplate
    /// The safe name of the property that it fills.
    let property: String
    /// Lower-case words and what they stand for; empty where the payload means itself.
    let words: [String: Value]
}

/// One entity that a device announced: where its state is published, how it reads, and how it is
/// set. Every text is bounded, since entities are kept in memory.
struct HomeAssistantEntity: Sendable, Hashable {
    /// The device's name as announced.
    let device: String
    /// The entity's safe name: `<component>.<object id>`. Its properties begin with it.
    let property: String
    let sources: [EntitySource]
    let availability: EntityAvailability?
    /// By property.
    let controls: [String: SettableProperty]
    /// Its device class is one of danger.
    let isAlarm: Bool

    /// The topics to subscribe to, sorted.
    var topics: [String] {
        Set(sources.map(\.topic) + (availability?.places.map(\.topic) ?? [])).sorted()
    }
}

/// The place of a discovery message: `<prefix>/<component>/[<node>/]<object>/config`.
struct DiscoveryPlace {
    let component: String
    let node: String?
    let object: String

    /// - Parameter path: the topic's segments below the discovery prefix; nil where they have
    ///   another form.
    init?(_ path: ArraySlice<Substring>) {
        let parts = path.dropLast().map(String.init)
        guard path.last == "config", 2...3 ~= parts.count, parts.allSatisfy({ !$0.isEmpty }) else {
            return nil
        }
        component = parts[0]
        node = parts.count == 3 ? parts[1] : nil
        object = parts[parts.count - 1]
    }

    init(component: String, node: String?, object: String) {
        self.component = component
        self.node = node
        self.object = object
    }
}

extension HomeAssistantEntity {
    private static let dangerClasses: Set<String> = [
        "smoke", "gas", "carbon_monoxide", "moisture", "tamper", "safety", "problem",
    ]
    /// The longest word that is kept to compare with or to send.
    private static let wordBytesMaximum = 64

    /// What a discovery message announces.
    struct Announced {
        /// Nil where nothing can be read or set.
        var entity: HomeAssistantEntity?
        /// What of it is not read, and why, as printable text.
        var notices: [String] = []
    }

    /// Reads one entity's configuration.
    static func read(
        _ configuration: DiscoveryConfiguration, at place: DiscoveryPlace
    ) throws(Unreadable) -> Announced {
        guard let facets = EntityFacet.components[place.component] else {
            let known = EntityFacet.components.keys.sorted().joined(separator: ", ")
            throw Unreadable(
                reason: "component \(Printable.clipped(place.component, bytes: 32)) is not read;"
                    + " read are \(known) and device")
        }
        let parts = [place.component, place.object].map { DeviceName.safePart($0) }
        let name = parts.joined(separator: ".")
        // Room for the longest suffix, `.current_temperature`.
        guard name.utf8.count <= DeviceName.propertyBytesMaximum - 24 else {
            throw Unreadable(reason: "the entity's name is too long")
        }
        guard configuration.fields.json.utf8.count <= DiscoveryConfiguration.bytesMaximum else {
            throw Unreadable(
                reason: "the entity's configuration is over \(DiscoveryConfiguration.bytesMaximum)"
                    + " bytes")
        }
        var reader = EntityReader(configuration: configuration, name: name)
        let schema = configuration.text("schema") ?? "basic"
        if place.component == "light", !["basic", "default"].contains(schema) {
            guard schema == "json" else {
                throw Unreadable(
                    reason: "light schema \(Printable.clipped(schema, bytes: 20)) is not read: use"
                        + " basic or json")
            }
            try reader.readJSONLight()
        } else {
            for facet in facets { try reader.read(facet) }
        }
        var announced = Announced(notices: reader.notices)
        guard !reader.sources.isEmpty || !reader.controls.isEmpty else {
            if announced.notices.isEmpty {
                announced.notices.append("no state_topic and no command_topic that are read here")
            }
            return announced
        }
        announced.entity = HomeAssistantEntity(
            device: place.node ?? configuration.deviceIdentifier ?? place.object,
            property: name, sources: reader.sources,
            availability: try EntityAvailability(configuration), controls: reader.controls,
            isAlarm: place.component == "binary_sensor"
                && dangerClasses.contains(configuration.text("device_class") ?? ""))
        return announced
    }

    static func check(_ topic: String) throws(Unreadable) {
        guard TopicPath.isPublishable(topic) else {
            throw Unreadable(
                reason: "topic \"\(Printable.clipped(topic, bytes: 64))\" is empty, longer than"
                    + " 256 bytes, a filter with wildcards, or starts with $")
        }
    }

    static func check(word: String) throws(Unreadable) {
        guard word.utf8.count <= wordBytesMaximum else {
            throw Unreadable(reason: "a payload word is over \(wordBytesMaximum) bytes")
        }
    }
}
