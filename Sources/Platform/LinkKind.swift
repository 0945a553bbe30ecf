/// What carries frames between a board and its hub.
public enum LinkKind: String, Sendable, Hashable, CaseIterable {
    /// Through a broker.
    case mqtt
    /// Straight to the hub.
    case coap

    /// The port registered for it without encryption (IANA service names; RFC 7252 §12.6).
    public var plainPort: Int {
        switch self {
        case .mqtt: 1883
        case .coap: 5683
        }
    }

    /// The same with encryption.
    public var securePort: Int {
        switch self {
        case .mqtt: 8883
        case .coap: 5684
        }
    }
}
