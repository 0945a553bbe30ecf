import Platform

/// The entities that discovery messages announced, by the topic of the announcement.
struct EntityRegistry: Sendable {
    private let maximum: Int
    private var entities: [String: HomeAssistantEntity] = [:]
    /// Announcements by the topics that their entities read.
    private var readers: [String: Set<String>] = [:]

    init(maximum: Int) { self.maximum = maximum }

    /// All topics that any entity reads, sorted: at most two per entity.
    var topics: [String] { readers.keys.sorted() }

    func hasRoom(for announcement: String) -> Bool {
        entities[announcement] != nil || entities.count < maximum
    }

    func reads(_ topic: String) -> Bool { readers[topic] != nil }

    func entity(announcedAt announcement: String) -> HomeAssistantEntity? {
        entities[announcement]
    }

    func hasEntities(of device: String) -> Bool {
        entities.values.contains { $0.device == device }
    }

    /// The entity of a device under the property's safe name.
    func entity(device: String, property: String) -> HomeAssistantEntity? {
        entities.sorted { $0.key < $1.key }
            .first { $0.value.device == device && $0.value.property == property }?.value
    }

    func settableProperties(of device: String) -> [String] {
        entities.values.filter { $0.device == device && $0.control != nil }
            .map(\.property).sorted()
    }

    /// Adds or replaces. The caller has asked `hasRoom`.
    mutating func set(_ entity: HomeAssistantEntity, announcedAt announcement: String) {
        remove(announcedAt: announcement)
        entities[announcement] = entity
        for topic in entity.topics { readers[topic, default: []].insert(announcement) }
    }

    @discardableResult
    mutating func remove(announcedAt announcement: String) -> HomeAssistantEntity? {
        guard let entity = entities.removeValue(forKey: announcement) else { return nil }
        for topic in entity.topics {
            readers[topic]?.remove(announcement)
            if readers[topic]?.isEmpty == true { readers[topic] = nil }
        }
        return entity
    }

    /// What a message on an entity's topic says, one reading per device in the devices' order.
    func read(_ topic: String, payload: [UInt8]) -> DecodedMessage {
        guard let plain = PlainText.value(payload) ?? (try? JSONReader.read(payload)) else {
            return .unreadable("neither JSON nor UTF-8 of \(PlainText.bytesMaximum) bytes at most")
        }
        // An object is text to a template without a path; its members are worth more.
        let json = (try? JSONReader.read(payload)) ?? plain
        var readings: [String: DeviceReading] = [:]
        for announcement in (readers[topic] ?? []).sorted() {
            guard let entity = entities[announcement] else { continue }
            entity.add(
                json, of: topic, to: &readings[entity.device, default: .init(device: entity.device)]
            )
        }
        return .readings(
            readings.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value))
    }
}

extension HomeAssistantEntity {
    /// Adds what the message says of this entity; nothing where the template's key is missing, as
    /// with devices that leave out the sensors that have no news.
    fileprivate func add(_ json: Value, of topic: String, to reading: inout DeviceReading) {
        if let state, state.topic == topic, let value = state.value(in: json) {
            reading.properties.add(value, name: property)
            reading.isAlarm = reading.isAlarm || isAlarm && value == .bool(true)
        }
        if let availability, availability.topic == topic,
            case .bool(let isThere)? = availability.value(in: json)
        {
            reading.properties.add(.bool(isThere), name: "online")
        }
    }
}

extension HomeAssistantEntity.Source {
    /// Compared without case, since Home Assistant renders JSON's `true` as Python's `True`.
    fileprivate func value(in json: Value) -> Value? {
        guard let value = template.pick(from: json) else { return nil }
        guard !onWord.isEmpty || !offWord.isEmpty,
            let word = DiscoveryConfiguration.word(value)?.lowercased()
        else { return value }
        if word == onWord { return .bool(true) }
        return word == offWord ? .bool(false) : value
    }
}
