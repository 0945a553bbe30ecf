/// Why a key did not sign, or could not be had.
public struct SignerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What happened, why, and what to do.
    public let description: String

    /// A sentence without its full stop.
    public init(_ description: String) { self.description = description }
}

/// The seam to a key that never leaves its place: a file of the board's own, later a TPM or a
/// secure element. P-256, because every one of these has it.
public protocol Signer: Sendable {
    /// The public half as a SubjectPublicKeyInfo in DER (RFC 5480).
    var publicKey: [UInt8] { get }

    /// An ECDSA signature over the SHA-256 of a message: an ECDSA-Sig-Value in DER (RFC 3279).
    func sign(_ message: [UInt8]) throws(SignerError) -> [UInt8]
}

/// The seam to hashes. The hub and the board have different libraries for the same functions.
public protocol Digests: Sendable {
    /// 32 bytes (FIPS 180-4).
    func sha256(_ bytes: [UInt8]) -> [UInt8]

    /// 32 bytes (RFC 2104 with SHA-256).
    func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8]
}
