import Platform

/// The entities that discovery messages announced, by the place of the announcement: its topic,
/// and for a component of a whole device `#` and the component's key behind it.
struct EntityRegistry: Sendable {
    private let maximum: Int
    private var entities: [String: HomeAssistantEntity] = [:]
    /// Announcements by the topics that their entities read.
    private var readers: [String: Set<String>] = [:]
    /// What each place of an entity's availability said last.
    private var words: [String: [Bool?]] = [:]
    /// Whether an entity was there by its last word.
    private var isThere: [String: Bool] = [:]

    init(maximum: Int) { self.maximum = maximum }

    var count: Int { entities.count }

    /// All topics that any entity reads, sorted.
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

    /// The announcements of a whole device's components.
    func announcements(below topic: String) -> [String] {
        entities.keys.filter { $0 == topic || $0.hasPrefix(topic + "#") }.sorted()
    }

    func announcements(of device: String) -> [String] {
        entities.filter { $0.value.device == device }.keys.sorted()
    }

    /// How a property of a device is set.
    func control(device: String, property: String) -> SettableProperty? {
        entities.sorted { $0.key < $1.key }.lazy
            .filter { $0.value.device == device }
            .compactMap { $0.value.controls[property] }.first
    }

    func settableProperties(of device: String) -> [String] {
        entities.values.filter { $0.device == device }.flatMap(\.controls.keys).sorted()
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
        words[announcement] = nil
        isThere[announcement] = nil
        for topic in entity.topics {
            readers[topic]?.remove(announcement)
            if readers[topic]?.isEmpty == true { readers[topic] = nil }
        }
        return entity
    }

    /// What a message on an entity's topic says, one reading per device in the devices' order.
    mutating func read(_ topic: String, payload: [UInt8]) -> DecodedMessage {
        guard let plain = PlainText.value(payload) ?? (try? JSONReader.read(payload)) else {
            return .unreadable("neither JSON nor UTF-8 of \(PlainText.bytesMaximum) bytes at most")
        }
        // An object is text to a template without a path; its members are worth more.
        let json = (try? JSONReader.read(payload)) ?? plain
        var readings: [String: DeviceReading] = [:]
        for announcement in (readers[topic] ?? []).sorted() {
            guard let entity = entities[announcement] else { continue }
            var reading = readings[entity.device] ?? DeviceReading(device: entity.device)
            entity.add(json, of: topic, to: &reading)
            if let online = hear(topic, json, entity, announcement) {
                isThere[announcement] = online
                // A device is there while one of its entities is.
                let any = entities.contains {
                    $0.value.device == entity.device && isThere[$0.key] == true
                }
                reading.properties.add(.bool(any), name: "online")
            }
            readings[entity.device] = reading
        }
        return .readings(
            readings.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value))
    }

    /// Whether the entity is there, where the topic is one of its availability.
    private mutating func hear(
        _ topic: String, _ json: Value, _ entity: HomeAssistantEntity, _ announcement: String
    ) -> Bool? {
        guard let availability = entity.availability else { return nil }
        var said = words[announcement] ?? Array(repeating: nil, count: availability.places.count)
        var latest: Bool?
        for (place, source) in availability.places.enumerated() where source.topic == topic {
            guard let word = source.value(in: json)?.boolValue else { continue }
            said[place] = word
            latest = word
        }
        guard let latest else { return nil }
        words[announcement] = said
        return availability.isThere(said, latest: latest)
    }
}

extension HomeAssistantEntity {
    /// Adds what the message says of this entity; nothing where the template's key is missing, as
    /// with devices that leave out the sensors that have no news.
    fileprivate func add(_ json: Value, of topic: String, to reading: inout DeviceReading) {
        for source in sources where source.topic == topic {
            guard let value = source.value(in: json) else { continue }
            reading.properties.add(value, name: source.property)
            reading.isAlarm = reading.isAlarm || isAlarm && value == .bool(true)
        }
    }
}

extension EntitySource {
    /// Compared without case, since Home Assistant renders JSON's `true` as Python's `True`.
    fileprivate func value(in json: Value) -> Value? {
        guard let value = template.pick(from: json) else { return nil }
        guard !words.isEmpty, let word = DiscoveryConfiguration.word(value)?.lowercased() else {
            return value
        }
        return words[word] ?? value
    }
}
