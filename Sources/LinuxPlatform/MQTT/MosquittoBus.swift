public import Platform

/// The board's own broker as a `MessageBus`.
public struct MosquittoBus: MessageBus {
    public let events: AsyncStream<BusEvent>
    private let client: MosquittoClient

    public init(settings: MosquittoClient.Settings, entropy: any Entropy) {
        let (stream, continuation) = AsyncStream.makeStream(of: BusEvent.self)
        events = stream
        client = MosquittoClient(name: "bus", settings: settings, entropy: entropy) { event in
            switch event {
            case .connected: continuation.yield(.connected)
            case .disconnected(let reason): continuation.yield(.disconnected(reason: reason))
            case .messages(let messages, let through):
                continuation.yield(.messages(messages, through: through))
            case .commitRequested: continuation.yield(.commitRequested)
            case .published(let number, let outcome):
                continuation.yield(.published(number, outcome))
            case .closed: continuation.finish()
            }
        }
    }

    public func acknowledge(through count: UInt64) { client.acknowledge(through: count) }

    public func publish(topic: String, payload: [UInt8], isRetained: Bool) -> UInt64? {
        let publication = client.publish(topic: topic, payload: payload, isRetained: isRetained)
        return if case .sent(let number) = publication { number } else { nil }
    }

    public func subscribe(_ filters: [String]) { client.subscribe(filters) }

    public func close() { client.close() }
}
