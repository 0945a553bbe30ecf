public import Platform

/// Reads what local MQTT devices publish: messages in, directives out; no I/O and no clock.
///
/// Four families are read: Shelly Gen1, Shelly Gen2+, Zigbee2MQTT, and whatever announces itself by
/// Home Assistant discovery. A message belongs to at most one of them, by its topic and in this
/// order: reserved trees, discovery, Gen1, Zigbee2MQTT, Gen2+ where it is unmistakable, topics that
/// discovery named, other Gen2+. Gen2+ comes last because its topics start with a name that the
/// device chose.
///
/// Total on hostile input, and bounded: devices, entities, payloads, properties and reports, as
/// `MQTTDeviceSettings` says. What a bound leaves out is reported.
public struct MQTTDeviceBridge: Sendable {
    let settings: MQTTDeviceSettings
    private let reserved: [TopicPath]
    private let zigbeeBase: TopicPath
    private let homeAssistantBase: TopicPath
    private(set) var devices: DeviceRegistry
    private(set) var entities: EntityRegistry

    /// A bridge that knows no device yet.
    ///
    /// - Parameter settings: settings that `validate()` accepts.
    public init(settings: MQTTDeviceSettings) {
        self.settings = settings
        reserved = settings.reservedTopics.map { TopicPath($0) }
        zigbeeBase = TopicPath(settings.zigbee2mqttTopic)
        homeAssistantBase = TopicPath(settings.homeAssistantTopic)
        devices = DeviceRegistry(maximum: settings.devicesMaximum)
        entities = EntityRegistry(maximum: settings.entitiesMaximum)
    }

    /// The topic filters to subscribe to now: the families' own, and the topics of the entities
    /// discovered so far. At most seven and two per entity.
    public var subscriptions: [String] {
        let discovery = settings.homeAssistantTopic
        return ["shellies/#"] + ShellyGen2.filters
            + ["\(settings.zigbee2mqttTopic)/#", "\(discovery)/+/+/config"]
            + ["\(discovery)/+/+/+/config"] + entities.topics
    }

    /// What to do about one message. Never empty.
    public mutating func receive(_ message: BusMessage) -> [DeviceDirective] {
        guard message.topic.utf8.count <= TopicPath.bytesMaximum else {
            return [unreadable(message, "topic longer than \(TopicPath.bytesMaximum) bytes")]
        }
        let topic = TopicPath(message.topic)
        let route = route(message.topic, topic)
        if case .nobody = route { return [.ignored] }
        guard message.payload.count <= settings.payloadBytesMaximum else {
            return [unreadable(message, "payload over \(settings.payloadBytesMaximum) bytes")]
        }
        if case .discovery(let place) = route { return discover(place, message) }
        guard !message.payload.isEmpty else {
            return [unreadable(message, "empty payload: nothing said, or a retained one cleared")]
        }
        switch route {
        case .shellyGen1(let path):
            return carry(ShellyGen1.read(path, payload: message.payload), .shellyGen1, message)
        case .zigbee(let path):
            return carry(Zigbee2MQTT.read(path, payload: message.payload), .zigbee2mqtt, message)
        case .entities:
            let decoded = entities.read(message.topic, payload: message.payload)
            return carry(decoded, .homeAssistant, message)
        case .shellyGen2:
            let decoded = ShellyGen2.read(topic.segments, payload: message.payload)
            return carry(decoded, .shellyGen2, message)
        case .discovery, .nobody: return [.ignored]
        }
    }

    private func unreadable(_ message: BusMessage, _ reason: String) -> DeviceDirective {
        .unreadable(
            UnreadablePayload(
                subject: Printable.clipped(message.topic), reason: reason,
                payloadBytes: message.payload.count))
    }
}

// MARK: - Topics

extension MQTTDeviceBridge {
    private enum Route {
        case discovery(DiscoveryPlace)
        case shellyGen1(ArraySlice<Substring>)
        case zigbee(ArraySlice<Substring>)
        case entities
        case shellyGen2
        case nobody
    }

    private func route(_ text: String, _ topic: TopicPath) -> Route {
        if isReserved(topic) { return .nobody }
        if let native = nativeRoute(topic) { return native }
        if entities.reads(text) { return .entities }
        // The prefix's other topics, such as Home Assistant's own status.
        if topic.below(homeAssistantBase) != nil { return .nobody }
        return .shellyGen2
    }

    /// The routes that a topic's beginning decides.
    private func nativeRoute(_ topic: TopicPath) -> Route? {
        if let path = topic.below(homeAssistantBase), let place = DiscoveryPlace(path) {
            return .discovery(place)
        }
        if let path = topic.below(ShellyGen1.base) { return .shellyGen1(path) }
        if let path = topic.below(zigbeeBase) { return .zigbee(path) }
        // The discovery prefix is a known name, so it is no Gen2 device's.
        guard topic.below(homeAssistantBase) == nil else { return nil }
        return ShellyGen2.isUnmistakable(topic.segments) ? .shellyGen2 : nil
    }

    private func isReserved(_ topic: TopicPath) -> Bool {
        reserved.contains { topic.below($0) != nil }
    }
}

// MARK: - Reports

extension MQTTDeviceBridge {
    private mutating func carry(
        _ decoded: DecodedMessage, _ family: DeviceFamily, _ message: BusMessage
    ) -> [DeviceDirective] {
        switch decoded {
        case .ignored: return [.ignored]
        case .unreadable(let reason): return [unreadable(message, reason)]
        case .readings(let readings):
            var directives: [DeviceDirective] = []
            for reading in readings where !reading.properties.isEmpty {
                directives += report(reading, family, message)
            }
            return directives.isEmpty ? [.ignored] : directives
        }
    }

    private mutating func report(
        _ reading: DeviceReading, _ family: DeviceFamily, _ message: BusMessage
    ) -> [DeviceDirective] {
        switch admit(reading.device, family) {
        case .failure(let refusal): return [refusal.directive]
        case .success(let device):
            devices.note(settable: reading.settable, of: device)
            let (properties, dropped) = reading.properties.bounded(
                count: settings.propertiesMaximum, bytes: settings.reportBytesMaximum)
            var directives: [DeviceDirective] = []
            if !properties.isEmpty {
                let priority = ReportPriority.of(
                    properties, isAlarm: reading.isAlarm, isOccurrence: reading.isOccurrence)
                directives.append(
                    .report(
                        DeviceReport(device: device, properties: properties, priority: priority)))
            }
            if dropped > 0 {
                let reason = "\(dropped) left out: properties too many, too long or too deep"
                directives.append(unreadable(message, reason))
            }
            return directives
        }
    }

    private struct Refusal: Error {
        let directive: DeviceDirective
    }

    /// The device's safe name, once it is known.
    private mutating func admit(
        _ nativeName: String, _ family: DeviceFamily
    ) -> Result<String, Refusal> {
        guard let name = DeviceName.safe(nativeName) else {
            return .failure(
                Refusal(
                    directive: .refused(
                        device: Printable.clipped(nativeName, bytes: 64),
                        reason: "the name is over \(DeviceName.bytesMaximum) bytes: shorten it")))
        }
        if let reason = devices.admit(name, nativeName: nativeName, family: family) {
            return .failure(Refusal(directive: .refused(device: name, reason: reason)))
        }
        return .success(name)
    }
}

// MARK: - Discovery

extension MQTTDeviceBridge {
    private mutating func discover(
        _ place: DiscoveryPlace, _ message: BusMessage
    ) -> [DeviceDirective] {
        // An empty announcement takes the entity back.
        guard !message.payload.isEmpty else {
            forget(message.topic)
            return [.ignored]
        }
        do throws(Unreadable) {
            let configuration = DiscoveryConfiguration(try PlainText.object(message.payload))
            let topics = ["state_topic", "command_topic"].compactMap { configuration.topic($0) }
            guard !topics.contains(where: { isReserved(TopicPath($0)) }) else {
                throw Unreadable(reason: "the entity names a topic that is the agent's own")
            }
            // Zigbee2MQTT announces its devices too. They are read at the source, once.
            if let topic = topics.first, nativeRoute(TopicPath(topic)) != nil {
                forget(message.topic)
                return [.ignored]
            }
            return take(try HomeAssistantEntity.read(configuration, at: place), message)
        } catch {
            return [unreadable(message, error.reason)]
        }
    }

    private mutating func take(
        _ announced: HomeAssistantEntity.Announced, _ message: BusMessage
    ) -> [DeviceDirective] {
        let notices = announced.unsupportedTemplate.map { template in
            let form = "use {{ value_json.name }} or {{ value }}"
            return [unreadable(message, "value_template \"\(template)\" is not read: \(form)")]
        }
        guard let entity = announced.entity else {
            forget(message.topic)
            return notices ?? [.ignored]
        }
        guard entities.entity(announcedAt: message.topic) != entity else {
            return notices ?? [.ignored]
        }
        guard entities.hasRoom(for: message.topic) else {
            let reason = "\(settings.entitiesMaximum) entities are known, which is the limit"
            return [.refused(device: Printable.clipped(entity.device, bytes: 64), reason: reason)]
        }
        forget(message.topic)
        if case .failure(let refusal) = admit(entity.device, .homeAssistant) {
            return [refusal.directive]
        }
        entities.set(entity, announcedAt: message.topic)
        let subscribe = entity.topics.isEmpty ? [] : [DeviceDirective.subscribe(entity.topics)]
        let directives = subscribe + (notices ?? [])
        return directives.isEmpty ? [.ignored] : directives
    }

    /// Forgets an entity, and with its last entity the device.
    private mutating func forget(_ announcement: String) {
        guard let entity = entities.remove(announcedAt: announcement),
            !entities.hasEntities(of: entity.device),
            let name = DeviceName.safe(entity.device)
        else { return }
        devices.remove(name)
    }
}
