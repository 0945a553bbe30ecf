public import Platform

/// Announces the board and its declared devices to the local broker as Home Assistant discovery.
///
/// A value: readings go in, retained messages come out, one at a time as the broker takes them. What
/// the broker still holds of this board and is announced no more is taken back, also when an earlier
/// run announced it, or announcing was switched off meanwhile: the broker itself is the memory of
/// it.
///
/// Nothing of this comes back as a device: the board's own messages, and those of other boards on a
/// bridged broker, are known by their topics.
public struct BoardAnnouncer: Sendable {
    /// What a message from the broker is.
    public enum Reception: Sendable, Hashable {
        case notOurs
        /// One of our own, or a command that is none.
        case ignored
        /// A wish as any other.
        case wish(device: String, property: String, Value)
    }

    /// A retained message; an empty payload takes back what was retained.
    public struct Message: Sendable, Hashable {
        public let topic: String
        public let payload: [UInt8]
    }

    /// Under it lie states, availability and commands of all boards.
    public static let root = "cloudos-edge"
    /// The board's own properties are announced as of a device of this name, which no block can
    /// have.
    public static let boardName = "_board"
    /// Properties announced at a time: the sixteen pins of as many devices as can be declared.
    public static let entitiesMaximum = 1024
    /// Messages handed over and not yet answered. As many as mosquitto lets one client have on the
    /// way (its `max_inflight_messages`).
    public static let outstandingMaximum = 20
    /// Former topics that one connection takes back; the next shows the others.
    public static let ghostsMaximum = 256

    private let topics: AnnouncedTopics
    private let isEnabled: Bool
    private let version: String
    /// By discovery topic.
    private var entities: [String: AnnouncedEntity] = [:]
    private var states: [String: [UInt8]] = [:]
    private var present: Set<String> = [boardName]
    /// Devices that were read whole: what else the broker holds of them is of the past.
    private var complete: Set<String> = []
    /// What the broker holds of devices that were not read yet: discovery topic to state topic. To
    /// take it back and announce it again would cost its owner what he made of it there.
    private var held: [String: String?] = [:]
    private var queue: [String] = []
    private var waiting: [String: [UInt8]] = [:]
    private var outstanding: Set<UInt64> = []
    /// Former topics met on this connection.
    private var ghosts = 0

    /// - Parameters:
    ///   - board: The board's id.
    ///   - prefix: Home Assistant's discovery prefix.
    ///   - version: The agent's.
    public init(board: String, prefix: String, version: String, isEnabled: Bool) {
        topics = AnnouncedTopics(board: board, prefix: prefix)
        self.version = version
        self.isEnabled = isEnabled
    }

    /// To be published, retained, by the broker when the agent vanishes; nil where nothing is
    /// announced.
    public var will: (topic: String, payload: String)? {
        isEnabled ? (topics.availability, "offline") : nil
    }

    /// Topic filters beside those of devices.
    public var subscriptions: [String] { isEnabled ? [topics.commands] : [] }

    /// How many properties are announced.
    public var count: Int { entities.count }
}

// MARK: - What is announced

extension BoardAnnouncer {
    /// A connection begins: the broker may have forgotten everything.
    public mutating func onConnected() {
        outstanding = []
        held = [:]
        ghosts = 0
        guard isEnabled else { return }
        for (topic, entity) in entities.sorted(by: { $0.key < $1.key }) {
            put(topic, Array(entity.configuration.json.utf8))
        }
        put(topics.availability, Array("online".utf8))
        for (topic, payload) in states.sorted(by: { $0.key < $1.key }) { put(topic, payload) }
    }

    /// The declared devices are these and no others.
    public mutating func onDevices(_ names: [String]) {
        present = Set(names).union([Self.boardName])
        complete.formIntersection(present)
        for (topic, entity) in entities.sorted(by: { $0.key < $1.key })
        where !present.contains(entity.device) {
            withdraw(topic, entity.state)
        }
        for topic in states.keys.sorted()
        where !present.contains(where: { topics.isState(topic, of: $0) }) {
            states[topic] = nil
            put(topic, [])
        }
        for (topic, state) in held.sorted(by: { $0.key < $1.key })
        where !present.contains(where: { topics.isDiscovery(topic, of: $0) }) {
            withdraw(topic, state)
        }
    }

    /// Readings of the board or of a declared device.
    ///
    /// - Parameters:
    ///   - kind: What the device is.
    ///   - isWhole: All that the device has is among them, or was before.
    /// - Returns: how many were left out for `entitiesMaximum`.
    public mutating func onReadings(
        _ device: String, kind: String, _ properties: [AnnouncedProperty], isWhole: Bool
    ) -> Int {
        guard isEnabled, present.contains(device) else { return 0 }
        var leftOut = 0
        for property in properties {
            let state = topics.state(device, property.name)
            // That a device is there is its availability, not an entity of its own.
            if property.name != "available" || device == Self.boardName {
                guard announce(property, of: device, kind: kind) else {
                    leftOut += 1
                    continue
                }
            }
            states[state] = AnnouncedProperty.payload(property.value)
            put(state, states[state] ?? [])
        }
        if isWhole, complete.insert(device).inserted {
            for (topic, state) in held.sorted(by: { $0.key < $1.key })
            where topics.isDiscovery(topic, of: device) {
                held[topic] = nil
                if entities[topic] == nil { withdraw(topic, state) }
            }
        }
        return leftOut
    }

    /// False where there is no room.
    private mutating func announce(
        _ property: AnnouncedProperty, of device: String, kind: String
    ) -> Bool {
        // Nothing is known of it yet, and what was announced of it stands.
        guard let component = property.component else { return true }
        let topic = topics.discovery(component, device, property.name)
        let entity = AnnouncedEntity(
            property, component: component, of: device, kind: kind, topics: topics,
            version: version)
        guard entities[topic]?.configuration != entity.configuration else { return true }
        // A number where there was a flag is another entity under another topic.
        for (other, old) in entities
        where other != topic && old.device == device && old.property == property.name {
            withdraw(other, nil)
        }
        guard entities[topic] != nil || entities.count < Self.entitiesMaximum else { return false }
        entities[topic] = entity
        held[topic] = nil
        put(topic, Array(entity.configuration.json.utf8))
        return true
    }

    private mutating func withdraw(_ topic: String, _ state: String?) {
        entities[topic] = nil
        held[topic] = nil
        put(topic, [])
        guard let state else { return }
        states[state] = nil
        put(state, [])
    }
}

// MARK: - To and from the broker

extension BoardAnnouncer {
    /// The next message, where the broker may have one more.
    public var next: Message? {
        guard outstanding.count < Self.outstandingMaximum, let topic = queue.first else {
            return nil
        }
        return Message(topic: topic, payload: waiting[topic] ?? [])
    }

    /// `next` was handed over under this number.
    public mutating func onSent(_ number: UInt64) {
        outstanding.insert(number)
        waiting[queue.removeFirst()] = nil
    }

    /// The broker has answered, or never will: then the next connection says it all again.
    ///
    /// - Returns: whether the message was one of these.
    public mutating func onAnswered(_ number: UInt64) -> Bool { outstanding.remove(number) != nil }

    /// Looks at a message before the readers of devices do.
    public mutating func receive(_ message: BusMessage) -> Reception {
        if let isThisBoard = topics.isThisBoard(discovery: message.topic) {
            if isThisBoard, !message.payload.isEmpty { found(message) }
            return .ignored
        }
        guard AnnouncedTopics.isOurs(message.topic) else { return .notOurs }
        // A command that a broker kept would be carried out at each start.
        guard isEnabled, !message.isRetained, let target = topics.target(of: message.topic),
            entities.values.contains(where: {
                $0.device == target.device && $0.property == target.property && $0.settable != nil
            }), let value = PlainText.value(message.payload)
        else { return .ignored }
        return .wish(device: target.device, property: target.property, value)
    }

    /// An announcement of this board, as the broker has it.
    private mutating func found(_ message: BusMessage) {
        let topic = message.topic
        guard message.isRetained, entities[topic] == nil, waiting[topic] == nil,
            ghosts < Self.ghostsMaximum
        else { return }
        ghosts += 1
        let fields = try? PlainText.object(message.payload)
        let named = fields.flatMap { Value.map($0)["state_topic"]?.stringValue }
        let state = named.flatMap { name in
            topics.isState(name) && states[name] == nil ? name : nil
        }
        let owner = present.first { topics.isDiscovery(topic, of: $0) }
        if isEnabled, let owner, !complete.contains(owner) {
            held[topic] = .some(state)
        } else {
            withdraw(topic, state)
            if !isEnabled { put(topics.availability, []) }
        }
    }

    /// The last word on a topic is the one that is sent.
    private mutating func put(_ topic: String, _ payload: [UInt8]) {
        if waiting.updateValue(payload, forKey: topic) == nil { queue.append(topic) }
    }
}
