/// A frame with the device that sent it, as the link knows it.
public struct DeviceFrame: Sendable, Hashable {
    public let device: String
    public let bytes: [UInt8]

    public init(device: String, bytes: [UInt8]) {
        self.device = device
        self.bytes = bytes
    }
}

public enum HubEndpointEvent: Sendable, Hashable {
    case connected(LinkKind)
    case disconnected(LinkKind, reason: String)
    /// Frames in the order of arrival; give `through` to `acknowledge(through:)` after COMMIT.
    case frames([DeviceFrame], through: UInt64)
    case presence(device: String, isOnline: Bool)
    /// Frames wait for acknowledgement and the endpoint holds back until it comes.
    case commitRequested
}

/// The seam from the hub to its devices, over whatever carries their frames.
public protocol HubEndpoint: Sendable {
    /// What it carries frames over.
    var links: [LinkKind] { get }
    /// One consumer.
    var events: AsyncStream<HubEndpointEvent> { get }
    /// Sends to a device that may or may not be listening.
    func send(_ frame: [UInt8], to device: String) -> LinkSendResult
    func acknowledge(through count: UInt64)
    func close()
}
