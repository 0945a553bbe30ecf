import Platform

/// One entity that a device announced: where its state is published, how it reads, and how it is
/// switched. Every text is bounded, since entities are kept in memory.
struct HomeAssistantEntity: Sendable, Hashable {
    /// A topic, what to pick from its payloads, and the two words that mean true and false.
    struct Source: Sendable, Hashable {
        let topic: String
        let template: ValueTemplate
        /// Lower case; empty where the payload is no flag.
        let onWord: String
        let offWord: String
    }

    struct Switch: Sendable, Hashable {
        let topic: String
        let onPayload: String
        let offPayload: String
    }

    /// The device's name as announced.
    let device: String
    /// The property's safe name: `<component>.<object id>`.
    let property: String
    let state: Source?
    let availability: Source?
    let control: Switch?
    /// Its device class is one of danger.
    let isAlarm: Bool

    /// The topics to subscribe to, sorted.
    var topics: [String] { Set([state?.topic, availability?.topic].compactMap(\.self)).sorted() }
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
}

extension HomeAssistantEntity {
    private static let dangerClasses: Set<String> = [
        "smoke", "gas", "carbon_monoxide", "moisture", "tamper", "safety", "problem",
    ]
    /// Components whose state is a flag.
    private static let flagComponents: Set<String> = ["binary_sensor", "switch", "light", "fan"]
    /// Components that are switched by `payload_on` and `payload_off` on their command topic.
    private static let switchComponents: Set<String> = ["switch", "light", "fan"]
    /// The longest word that is kept to compare with or to send.
    private static let wordBytesMaximum = 64

    /// What a discovery message announces.
    struct Announced {
        /// Nil where nothing can be read or switched, as with a button.
        var entity: HomeAssistantEntity?
        /// The template that keeps the state from being read, as printable text.
        var unsupportedTemplate: String?
    }

    /// Reads a discovery payload.
    static func read(
        _ configuration: DiscoveryConfiguration, at place: DiscoveryPlace
    ) throws(Unreadable) -> Announced {
        guard place.component != "device" else {
            throw Unreadable(
                reason: "discovery of whole devices is not read: announce each entity by itself")
        }
        let parts = [place.component, place.object].map { DeviceName.safePart($0) }
        let property = parts.joined(separator: ".")
        guard property.utf8.count <= DeviceName.propertyBytesMaximum else {
            throw Unreadable(reason: "the entity's name is too long")
        }
        var announced = Announced()
        let state = try stateSource(
            configuration, place.component, unsupported: &announced.unsupportedTemplate)
        let control = try control(configuration, place.component)
        guard state != nil || control != nil else { return announced }
        announced.entity = HomeAssistantEntity(
            device: place.node ?? configuration.deviceIdentifier ?? place.object,
            property: property, state: state, availability: availability(configuration),
            control: control,
            isAlarm: place.component == "binary_sensor"
                && dangerClasses.contains(configuration.text("device_class") ?? ""))
        return announced
    }

    private static func stateSource(
        _ configuration: DiscoveryConfiguration, _ component: String, unsupported: inout String?
    ) throws(Unreadable) -> Source? {
        guard let topic = configuration.topic("state_topic") else { return nil }
        try check(topic)
        // Light and fan call it by a name of its own.
        let text =
            configuration.text("value_template") ?? configuration.text("state_value_template")
        guard let template = ValueTemplate(text ?? "{{ value }}") else {
            unsupported = Printable.clipped(text ?? "", bytes: 80)
            return nil
        }
        let isFlag = flagComponents.contains(component)
        func word(_ key: String, _ other: String, _ standard: String) throws(Unreadable)
            -> String
        {
            guard isFlag else { return "" }
            let word = configuration.word(key) ?? configuration.word(other) ?? standard
            try check(word: word)
            return word.lowercased()
        }
        return Source(
            topic: topic, template: template, onWord: try word("state_on", "payload_on", "ON"),
            offWord: try word("state_off", "payload_off", "OFF"))
    }

    private static func control(
        _ configuration: DiscoveryConfiguration, _ component: String
    ) throws(Unreadable) -> Switch? {
        // A template or a JSON light wants more than one of two words.
        guard switchComponents.contains(component), configuration.text("command_template") == nil,
            ["basic", "default"].contains(configuration.text("schema") ?? "basic"),
            let topic = configuration.topic("command_topic")
        else { return nil }
        try check(topic)
        let on = configuration.word("payload_on") ?? "ON"
        let off = configuration.word("payload_off") ?? "OFF"
        try check(word: on)
        try check(word: off)
        return Switch(topic: topic, onPayload: on, offPayload: off)
    }

    /// Availability is an extra: where it cannot be read, the entity's state still can.
    private static func availability(_ configuration: DiscoveryConfiguration) -> Source? {
        guard let source = configuration.availability, let topic = source.topic("topic"),
            TopicPath.isPublishable(topic),
            let template = ValueTemplate(source.text("value_template") ?? "{{ value }}")
        else { return nil }
        let on = source.word("payload_available") ?? "online"
        let off = source.word("payload_not_available") ?? "offline"
        guard max(on.utf8.count, off.utf8.count) <= wordBytesMaximum else { return nil }
        return Source(
            topic: topic, template: template, onWord: on.lowercased(), offWord: off.lowercased())
    }

    private static func check(_ topic: String) throws(Unreadable) {
        guard TopicPath.isPublishable(topic) else {
            throw Unreadable(
                reason: "topic \"\(Printable.clipped(topic, bytes: 64))\" is empty, longer than"
                    + " 256 bytes, a filter with wildcards, or starts with $")
        }
    }

    private static func check(word: String) throws(Unreadable) {
        guard word.utf8.count <= wordBytesMaximum else {
            throw Unreadable(reason: "a payload word is over \(wordBytesMaximum) bytes")
        }
    }
}
