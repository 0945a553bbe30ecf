/// What the hub answers to a board that asks for a certificate.
public enum EnrolmentAnswer: Sendable, Hashable {
    /// A "certs-only" message in DER with the board's certificate.
    case certificate([UInt8])
    /// A person has to say yes first; ask again after so many seconds.
    case wait(seconds: Int)
}

/// The hub as boards see it that have no certificate yet, or need the next one. Each call is
/// answered to anyone who reaches the port: what it takes to be believed is in the call.
public protocol EnrolmentService: Sendable {
    /// The authority's certificate as a "certs-only" message in DER.
    /// - Throws: `unavailable` where the hub has no authority.
    func authorityCertificates() async throws(HubError) -> [UInt8]

    /// Certifies a board that joins.
    ///
    /// - Parameters:
    ///   - request: A PKCS#10 request in DER.
    ///   - authorization: The header's value, see `EnrolmentCredential`.
    /// - Throws: `unauthorized`, `invalid`, `conflict`, `refused`, `tooLarge`, `unavailable`.
    func enroll(_ request: [UInt8], authorization: String?) async throws(HubError)
        -> EnrolmentAnswer

    /// Certifies a board again, for the name and the key that it has. The request's own signature
    /// proves the key, and the answer is of use to its owner alone, so nothing else is asked for.
    /// - Throws: As above.
    func reenroll(_ request: [UInt8]) async throws(HubError) -> EnrolmentAnswer

    /// The list of revoked certificates in DER.
    /// - Throws: `unavailable`.
    func revocationList() async throws(HubError) -> [UInt8]
}
