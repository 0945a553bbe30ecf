public import Platform

/// Reads what local MQTT devices publish: messages in, directives out; no I/O and no clock.
///
/// Five families are read: Shelly Gen1, Shelly Gen2+, Zigbee2MQTT, Tasmota, and whatever announces
/// itself by Home Assistant discovery. A message belongs to at most one of them, by its topic and
/// in this order: reserved trees, discovery, Gen1, Zigbee2MQTT, Tasmota, Gen2+ where it is
/// unmistakable, topics that discovery named, other Gen2+. Gen2+ comes last because its topics
/// start with a name that the device chose.
///
/// Who is known outlives a restart by `DeviceDirective.remember` and `recall`.
///
/// Total on hostile input, and bounded: devices, entities, payloads, properties and reports, as
/// `MQTTDeviceSettings` says. What a bound leaves out is reported.
public struct MQTTDeviceBridge: Sendable {
    let settings: MQTTDeviceSettings
    let reserved: [TopicPath]
    private let zigbeeBase: TopicPath
    private let homeAssistantBase: TopicPath
    var devices: DeviceRegistry
    var entities: EntityRegistry
    var tasmota = TasmotaRegistry()

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
    /// discovered so far.
    public var subscriptions: [String] {
        let discovery = settings.homeAssistantTopic
        return ["shellies/#"] + ShellyGen2.filters + TasmotaDevice.filters
            + ["\(settings.zigbee2mqttTopic)/#", "\(discovery)/+/+/config"]
            + ["\(discovery)/+/+/+/config"] + learntTopics
    }

    /// The topic filters of what announced itself, sorted.
    public var learntTopics: [String] { Set(entities.topics + tasmota.filters).sorted() }

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
        if case .tasmotaDiscovery(let path) = route { return discoverTasmota(path, message) }
        guard !message.payload.isEmpty else {
            return [unreadable(message, "empty payload: nothing said, or a retained one cleared")]
        }
        switch route {
        case .zigbeeDefinitions: return define(message)
        case .tasmota(let device, let end):
            return carry(device.read(end, payload: message.payload), .tasmota, message)
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
        case .discovery, .tasmotaDiscovery, .nobody: return [.ignored]
        }
    }

    func unreadable(_ message: BusMessage, _ reason: String) -> DeviceDirective {
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
        case zigbeeDefinitions
        case tasmotaDiscovery(ArraySlice<Substring>)
        case tasmota(TasmotaDevice, end: String)
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
    func isNative(_ topic: String) -> Bool { nativeRoute(TopicPath(topic)) != nil }

    private func nativeRoute(_ topic: TopicPath) -> Route? {
        if let path = topic.below(homeAssistantBase), let place = DiscoveryPlace(path) {
            return .discovery(place)
        }
        if let path = topic.below(ShellyGen1.base) { return .shellyGen1(path) }
        if let path = topic.below(zigbeeBase) {
            return path.elementsEqual(["bridge", "devices"]) ? .zigbeeDefinitions : .zigbee(path)
        }
        if let path = topic.below(TasmotaDevice.base) { return .tasmotaDiscovery(path) }
        if let (device, end) = tasmota.device(of: topic) { return .tasmota(device, end: end) }
        // The discovery prefix is a known name, so it is no Gen2 device's.
        guard topic.below(homeAssistantBase) == nil else { return nil }
        return ShellyGen2.isUnmistakable(topic.segments) ? .shellyGen2 : nil
    }

    func isReserved(_ topic: TopicPath) -> Bool {
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
        // Of a device that is new, this is that there was none.
        let before = DeviceName.safe(reading.device).map { devices.record(of: $0) } ?? .null
        let name: String
        switch admit(reading.device, family, isRetained: message.isRetained) {
        case .ghost: return [.ignored]
        case .refused(let directive): return [directive]
        case .admitted(let admitted): name = admitted
        }
        devices.note(settable: reading.settable, of: name)
        let (properties, dropped) = reading.properties.bounded(
            count: settings.propertiesMaximum, bytes: settings.reportBytesMaximum)
        var directives: [DeviceDirective] = []
        if !properties.isEmpty {
            let priority = ReportPriority.of(
                properties, isAlarm: reading.isAlarm, isOccurrence: reading.isOccurrence)
            directives.append(
                .report(DeviceReport(device: name, properties: properties, priority: priority)))
        }
        if dropped > 0 {
            let reason = "\(dropped) left out: properties too many, too long or too deep"
            directives.append(unreadable(message, reason))
        }
        return directives + remembered(name, since: before)
            + heard(name, properties, isRetained: message.isRetained)
    }

    /// What is to be kept of a device now, if it is not what was kept.
    func remembered(_ name: String, since before: Value) -> [DeviceDirective] {
        let record = devices.record(of: name)
        return record == before ? [] : [.remember(key: name, value: record)]
    }

    private mutating func heard(
        _ name: String, _ properties: [(name: String, value: Value)], isRetained: Bool
    ) -> [DeviceDirective] {
        let word = properties.last { ["online", "availability"].contains($0.name) }?.value
        let online = word?.boolValue ?? word?.stringValue.map { $0 == "online" }
        let changed = devices.hear(name, isRetained: isRetained, online: online)
        return changed.map { [.presence(device: name, $0)] } ?? []
    }

    enum Admission {
        /// The device's safe name.
        case admitted(String)
        case refused(DeviceDirective)
        /// It was taken back, and this is only what the broker kept of it.
        case ghost
    }

    mutating func admit(
        _ nativeName: String, _ family: DeviceFamily, isRetained: Bool
    ) -> Admission {
        guard let name = DeviceName.safe(nativeName) else {
            return .refused(
                .refused(
                    device: Printable.clipped(nativeName, bytes: 64),
                    reason: "the name is over \(DeviceName.bytesMaximum) bytes: shorten it"))
        }
        if isRetained, devices.isForgotten(name) { return .ghost }
        if let reason = devices.admit(name, nativeName: nativeName, family: family) {
            return .refused(.refused(device: name, reason: reason))
        }
        return .admitted(name)
    }
}
