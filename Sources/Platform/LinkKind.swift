/// What carries frames between a board and its hub.
public enum LinkKind: String, Sendable, Hashable, CaseIterable {
    /// Through a broker.
    case mqtt
    /// Straight to the hub.
    case coap
    /// The same over DTLS, which hub and boards tell apart by their ports.
    case coaps

    /// Those that a board chooses from; whether it is secured is a choice of its own.
    public static let ofBoards: [LinkKind] = [.mqtt, .coap]

    /// The port registered for it without encryption (IANA service names; RFC 7252 §12.6).
    public var plainPort: Int {
        switch self {
        case .mqtt: 1883
        case .coap, .coaps: 5683
        }
    }

    /// The port registered for it with TLS or DTLS (§12.7).
    public var securePort: Int {
        switch self {
        case .mqtt: 8883
        case .coap, .coaps: 5684
        }
    }
}
