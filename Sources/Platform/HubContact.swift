/// Why a hub was not reached, or was not the one that was meant.
public struct HubContactError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, by kind.
    public enum Code: Sendable, Hashable {
        /// No connection, or none that lasted. Later may be better.
        case unreachable
        /// Somebody answered who is not the hub of the pin. Trying again is no use.
        case notTheHub
        /// This machine lacks what a connection needs.
        case unsupported
    }

    /// The kind of failure, which decides whether to try again.
    public let code: Code
    /// What happened, why, and what to do.
    public let description: String

    /// An error; the text is a sentence without its full stop.
    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

/// The seam to a hub that is known by its authority's key alone: one request, one answer.
///
/// The connection is TLS. Whoever answers must show a certificate for serving, signed by the key
/// with this hash; its dates say nothing to a board whose clock may stand in 1970.
public protocol HubContact: Sendable {
    /// Sends a request and returns all bytes until the hub closes the connection.
    ///
    /// - Parameters:
    ///   - host: A name or an address, without brackets.
    ///   - pin: SHA-256 over the SubjectPublicKeyInfo of the hub's authority.
    ///   - maximumBytes: An answer with more is an error.
    func exchange(
        _ request: [UInt8], host: String, port: Int, pin: [UInt8], maximumBytes: Int
    ) throws(HubContactError) -> [UInt8]
}
