/// Why the hub's web face does not serve.
public struct HubServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, by kind.
    public enum Code: Sendable, Hashable {
        /// The address is one that other machines reach.
        case notLoopback
        /// The port is no number from 0 to 65535.
        case invalidPort
        /// Somebody else listens there.
        case portInUse
        /// The certificate to serve with cannot be used.
        case credential
        /// The system refuses the address for another reason.
        case cannotListen
    }

    /// What is wrong.
    public let code: Code
    /// What happened, why, and what to do.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
