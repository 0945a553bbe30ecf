public import Platform

/// What to do about one message of a local device.
public enum DeviceDirective: Sendable {
    /// Write these properties to the twin and the log.
    case report(DeviceReport)
    /// Subscribe to these topics, also where that was done before: the broker then sends their
    /// retained messages again (MQTT 5 §3.8.4), which the entity discovered just now has missed.
    case subscribe([String])
    /// A message, or part of one, could not be used. The caller limits the rate of events.
    case unreadable(UnreadablePayload)
    /// A device is not taken on: there are too many, or its name cannot be used.
    case refused(device: String, reason: String)
    /// Keep this under `reported/registry/<key>` and give it to `recall` after a restart; null
    /// where nothing is to be kept any more.
    case remember(key: String, value: Value)
    /// A device's presence has changed.
    case presence(device: String, DevicePresence)
    /// Nobody's message, a command to a device, or news that needs no action.
    case ignored
}

/// The properties that one message of one device carried.
public struct DeviceReport: Sendable {
    /// The device's name, safe as a segment of a twin path. See `DeviceName`.
    public let device: String
    /// Flat names such as `switch:0.apower`, sorted bytewise, each once. Arrays are whole values.
    public let properties: [(name: String, value: Value)]
    /// How urgent the message is.
    public let priority: MessagePriority

    /// The properties as one map value: the form of a log row.
    public var value: Value { .object(properties.map { ($0.name, $0.value) }) }
}

/// A message that could not be used, as far as it is safe to repeat.
public struct UnreadablePayload: Sendable, Hashable {
    /// The topic, clipped and with anything unprintable replaced.
    public let subject: String
    /// What was wrong, on one line of printable ASCII.
    public let reason: String
    /// The payload's size in bytes.
    public let payloadBytes: Int
}

/// What one message of a family of devices says.
enum DecodedMessage {
    case readings([DeviceReading])
    case ignored
    /// The reason.
    case unreadable(String)

    static func reading(_ reading: DeviceReading) -> Self { .readings([reading]) }
}

/// Properties of one device, not yet bounded.
struct DeviceReading {
    /// The device's name as its family spells it.
    let device: String
    var properties = PropertyList()
    /// How properties are set, by property.
    var settable: [String: SettableProperty] = [:]
    /// The device's own description says that this is an alarm.
    var isAlarm = false
    /// Something that happened, such as a button press, rather than a reading.
    var isOccurrence = false

    init(device: String) { self.device = device }
}

/// Why a payload is not what its topic promises.
struct Unreadable: Error {
    /// On one line of printable ASCII.
    let reason: String
}
