import CEdgeShims
public import Platform

/// OpenSSL's libraries, as the board has them. libmosquitto brings them into the process; where it
/// has not, they are loaded by the first use.
enum Libcrypto {
    /// Loads them, once for the process; nil, or why not.
    static let problem: String? = edge_crypto_load().map { reason in
        "OpenSSL 3 cannot be loaded: \(String(cString: reason)); install the package libssl3"
    }

    /// The bytes that a function of the shim writes; nil where it returns no length.
    static func bytes(
        capacity: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int32
    ) -> [UInt8]? {
        var length: Int32 = -1
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            length = buffer.baseAddress.map(body) ?? -1
            count = max(0, Int(length))
        }
        return length > 0 ? bytes : nil
    }
}

/// Hashes by libcrypto.
public struct LibcryptoDigests: Digests {
    /// - Throws: where this machine has no OpenSSL 3.
    public init() throws(SignerError) {
        if let problem = Libcrypto.problem { throw SignerError(problem) }
    }

    public func sha256(_ bytes: [UInt8]) -> [UInt8] {
        digest { edge_sha256(bytes, bytes.count, $0) }
    }

    public func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        digest { edge_hmac_sha256(key, key.count, bytes, bytes.count, $0) }
    }

    private func digest(_ body: (UnsafeMutablePointer<UInt8>) -> Int32) -> [UInt8] {
        let made = Libcrypto.bytes(capacity: 32) { body($0) == 0 ? 32 : -1 }
        // It fails where memory is out, and then nothing else goes on either.
        guard let made else { preconditionFailure("libcrypto makes no SHA-256") }
        return made
    }
}
