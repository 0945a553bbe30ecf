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
    /// Somebody was turned away before the hub heard a frame of it.
    ///
    /// - Parameter device: Whose certificate or key it had; nil where it proved none.
    case refused(device: String?, reason: String)
}

/// What the hub thinks of a device that shows a certificate of its authority.
public enum DeviceStanding: Sendable, Hashable {
    /// Heard, with the key of this hash (SHA-256 over the SubjectPublicKeyInfo).
    case trusted(key: [UInt8])
    /// Not heard, and why.
    case refused(reason: String)
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
    /// Says whom a link may believe that checks certificates itself. One of a device of which
    /// nothing was said, or nil the last time, is refused; who is not trusted any more is cut off.
    func judge(_ device: String, _ standing: DeviceStanding?)
    func close()
}

extension HubEndpoint {
    /// For links whose devices somebody else checks.
    public func judge(_ device: String, _ standing: DeviceStanding?) {}
}
