public import Platform

/// A key in a simulated world: its signatures have the form of real ones and hold against a mistake,
/// not against an attacker.
public struct SimSigner: Signer {
    public let publicKey: [UInt8]

    /// What stands before the point in the SubjectPublicKeyInfo of a P-256 key (RFC 5480), and the
    /// mark of an uncompressed point.
    private static let prefix: [UInt8] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08,
        0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ]

    /// The key of a seed. Two of one seed are equal, as on two cards of which one is a copy.
    public init(seed: UInt64) {
        var random = SimRandom(seed: seed)
        publicKey = Self.prefix + (0..<64).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    public func sign(_ message: [UInt8]) throws(SignerError) -> [UInt8] {
        let digest = SimDigests().hmacSHA256(message, key: publicKey)
        let body = Self.integer(digest) + Self.integer(digest.reversed())
        return [0x30, UInt8(body.count)] + body
    }

    /// Whether a signature is that of a key over a message.
    public static func isSignature(
        _ signature: [UInt8], of message: [UInt8], by publicKey: [UInt8]
    ) -> Bool {
        let digest = SimDigests().hmacSHA256(message, key: publicKey)
        let body = integer(digest) + integer(digest.reversed())
        return signature == [0x30, UInt8(body.count)] + body
    }

    /// An INTEGER in DER: the first octet says that it is positive, and is not more than that.
    private static func integer(_ magnitude: some Sequence<UInt8>) -> [UInt8] {
        var digits = Array(magnitude)
        digits[0] = digits[0] & 0x7F | 0x40
        return [0x02, UInt8(digits.count)] + digits
    }
}

/// Hashes of a simulated world: quick, and without a library.
public struct SimDigests: Digests {
    /// The only ones there are.
    public init() {}

    public func sha256(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, 0xCBF2_9CE4_8422_2325) }

    public func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        digest(sha256(key) + bytes, 0x9E37_79B9_7F4A_7C15)
    }

    /// FNV-1a, drawn out to 32 bytes.
    private func digest(_ bytes: [UInt8], _ seed: UInt64) -> [UInt8] {
        var random = SimRandom(
            seed: bytes.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
        return (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}
