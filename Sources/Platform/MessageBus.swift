/// One message of a local device, as the board's own broker delivered it.
public struct BusMessage: Sendable, Hashable {
    public let topic: String
    public let payload: [UInt8]
    public let isRetained: Bool

    public init(topic: String, payload: [UInt8], isRetained: Bool) {
        self.topic = topic
        self.payload = payload
        self.isRetained = isRetained
    }
}

public enum BusEvent: Sendable, Hashable {
    case connected
    case disconnected(reason: String)
    /// Messages in the order of arrival. `through` counts all messages ever delivered; give it to
    /// `acknowledge(through:)` once what they caused is durable.
    case messages([BusMessage], through: UInt64)
    /// Messages wait for acknowledgement and the bus holds back until it comes: commit now.
    case commitRequested
}

/// The seam to the board's own MQTT broker.
public protocol MessageBus: Sendable {
    var events: AsyncStream<BusEvent> { get }
    /// Lets the broker forget messages; call only after COMMIT.
    func acknowledge(through count: UInt64)
    /// Adds topic filters, now and after every reconnect.
    func subscribe(_ filters: [String])
    /// False where the bus is not connected; nothing is queued then.
    func publish(topic: String, payload: [UInt8]) -> Bool
    func close()
}
