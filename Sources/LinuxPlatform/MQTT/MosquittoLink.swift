public import Platform

/// The uplink of a board over MQTT.
public struct MosquittoLink: Link {
    public let events: AsyncStream<LinkEvent>
    private let client: MosquittoClient
    private let continuation: AsyncStream<LinkEvent>.Continuation
    private let topic: String

    /// - Parameter settings: Host, port and timing; topics and will are set here.
    public init(device: String, settings: MosquittoClient.Settings, entropy: any Entropy) {
        var settings = settings
        let status = FleetTopics.status(device)
        settings.subscriptions = [FleetTopics.down(device)]
        settings.birth = (status, "online")
        settings.will = (status, "offline")
        topic = FleetTopics.up(device)
        // What a slow reader loses here is asked for again, like any frame that a link loses.
        let (stream, continuation) = AsyncStream.makeStream(
            of: LinkEvent.self, bufferingPolicy: .bufferingOldest(1024))
        events = stream
        self.continuation = continuation
        let box = Locked<MosquittoClient?>(nil)
        client = MosquittoClient(name: "uplink", settings: settings, entropy: entropy) { event in
            switch event {
            case .connected: continuation.yield(.connected)
            case .disconnected(let reason): continuation.yield(.disconnected(reason: reason))
            case .messages(let messages, let through):
                for message in messages { continuation.yield(.frame(message.payload)) }
                // A frame that is lost after this is asked for again by the protocol above; what
                // releases rows is the hub's own acknowledgement.
                box.with { $0 }?.acknowledge(through: through)
            case .commitRequested: break
            #if EDGE_MUTANTS
                case .published(_, .confirmed): continuation.yield(.delivered)
            #endif
            // Says nothing of the hub, whose own acknowledgement is what counts.
            case .published: break
            case .closed: continuation.finish()
            }
        }
        box.with { $0 = client }
    }

    public var kind: LinkKind? { .mqtt }

    public func send(_ frame: [UInt8]) -> LinkSendResult {
        client.publish(topic: topic, payload: frame, isRetained: false).result
    }

    public func close() {
        client.close()
        // The thread may sit in connect(2) for minutes; who reads the events need not wait for it.
        continuation.finish()
    }
}
