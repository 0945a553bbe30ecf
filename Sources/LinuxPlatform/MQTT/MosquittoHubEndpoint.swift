public import Platform

/// The hub's end of the MQTT link: all devices through one broker.
public struct MosquittoHubEndpoint: HubEndpoint {
    public let links = [LinkKind.mqtt]
    public let events: AsyncStream<HubEndpointEvent>
    private let client: MosquittoClient

    /// - Parameter settings: Host, port and timing; topics are set here.
    public init(settings: MosquittoClient.Settings, entropy: any Entropy) {
        var settings = settings
        settings.subscriptions = [FleetTopics.allUp, FleetTopics.allStatus]
        // A PUBACK releases nothing on a board, and a frame that came again after a restart would
        // name a session that is gone with the hub before; so none is held back, and answers
        // leave while others are committed. What is read and not dealt with is bounded instead.
        settings.receiveMaximum = 512
        settings.readBytesMaximum = 32 << 20
        let (stream, continuation) = AsyncStream.makeStream(of: HubEndpointEvent.self)
        events = stream
        client = MosquittoClient(name: "devices", settings: settings, entropy: entropy) { event in
            switch event {
            case .connected: continuation.yield(.connected(.mqtt))
            case .disconnected(let reason): continuation.yield(.disconnected(.mqtt, reason: reason))
            case .messages(let messages, let through):
                var frames: [DeviceFrame] = []
                for message in messages {
                    guard let (device, leaf) = FleetTopics.parse(message.topic) else { continue }
                    if leaf == "up" {
                        frames.append(DeviceFrame(device: device, bytes: message.payload))
                    } else {
                        let isOnline = message.payload == Array("online".utf8)
                        continuation.yield(.presence(device: device, isOnline: isOnline))
                    }
                }
                continuation.yield(.frames(frames, through: through))
            case .commitRequested: continuation.yield(.commitRequested)
            case .published: break
            case .closed: continuation.finish()
            }
        }
    }

    public func send(_ frame: [UInt8], to device: String) -> LinkSendResult {
        client.publish(topic: FleetTopics.down(device), payload: frame, isRetained: false)
            .result
    }

    public func acknowledge(through count: UInt64) { client.acknowledge(through: count) }

    public func close() { client.close() }
}
