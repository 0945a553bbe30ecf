/// One message of a local device, as the board's own broker delivered it.
public struct BusMessage: Sendable, Hashable {
    public let topic: String
    public let payload: [UInt8]
    public let isRetained: Bool
    /// The broker keeps it until it is acknowledged, and sends it again on the next connection
    /// (QoS 1). False where it comes once (QoS 0).
    public let isKept: Bool

    public init(topic: String, payload: [UInt8], isRetained: Bool, isKept: Bool = true) {
        self.topic = topic
        self.payload = payload
        self.isRetained = isRetained
        self.isKept = isKept
    }
}

/// What became of a message that was published with QoS 1 (MQTT 5 §4.3.2).
public enum PublishOutcome: Sendable, Hashable {
    /// The broker has taken it over: a PUBACK with a reason below 0x80.
    case confirmed
    /// The broker will not have it: a PUBACK with a reason from 0x80 on, in words.
    case refused(reason: String)
    /// The connection ended before the broker answered. It may have the message or not.
    case lost
}

public enum BusEvent: Sendable, Hashable {
    case connected
    case disconnected(reason: String)
    /// Messages in the order of arrival. `through` counts all messages ever delivered; give it to
    /// `acknowledge(through:)` once what they caused is durable.
    case messages([BusMessage], through: UInt64)
    /// Messages wait for acknowledgement and the bus holds back until it comes: commit now.
    case commitRequested
    /// What became of a publish, by the number that `publish` gave. Comes once for each, at the
    /// latest before the `disconnected` of its connection.
    case published(UInt64, PublishOutcome)
}

/// The seam to the board's own MQTT broker.
public protocol MessageBus: Sendable {
    var events: AsyncStream<BusEvent> { get }
    /// Lets the broker forget messages; call only after COMMIT.
    func acknowledge(through count: UInt64)
    /// Adds topic filters, now and after every reconnect.
    func subscribe(_ filters: [String])
    /// Hands a message over with QoS 1. Returns its number, which is never used twice; nil where
    /// the bus is not connected or has no room, and nothing is queued then.
    ///
    /// - Parameter isRetained: The broker keeps it for who subscribes later; an empty one takes
    ///   back what it kept.
    func publish(topic: String, payload: [UInt8], isRetained: Bool) -> UInt64?
    func close()
}

extension MessageBus {
    /// Hands over a message that the broker does not keep.
    public func publish(topic: String, payload: [UInt8]) -> UInt64? {
        publish(topic: topic, payload: payload, isRetained: false)
    }
}
