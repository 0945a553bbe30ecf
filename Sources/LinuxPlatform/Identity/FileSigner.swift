import CEdgeShims
public import Platform

/// A P-256 key in a file of the board's own, used by libcrypto.
public final class FileSigner: Signer, @unchecked Sendable {
    // @unchecked: OpenSSL's keys may be used by several threads at a time as long as nobody
    // changes them, and nobody does.
    private let key: UnsafeMutableRawPointer

    public let publicKey: [UInt8]

    /// Only the owner reads it.
    private static let mode: UInt32 = 0o600
    /// Bytes of a file that can hold such a key.
    private static let fileBytesMax = 8 << 10
    private static let label = "PRIVATE KEY"
    /// What stands before the point in the SubjectPublicKeyInfo of a P-256 key (RFC 5480).
    private static let p256Prefix: [UInt8] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08,
        0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ]

    /// The key in a file.
    /// - Throws: where there is none, or not one of ours.
    public convenience init(file: String, files: any FileSystem) throws(SignerError) {
        let bytes: [UInt8]
        do {
            bytes = try files.read(file, maximumBytes: Self.fileBytesMax)
        } catch {
            throw SignerError("the key cannot be read: \(error)")
        }
        guard let der = PEM.first(Self.label, in: String(decoding: bytes, as: UTF8.self)) else {
            throw SignerError("\(file) holds no key")
        }
        try self.init(der: der, place: file)
    }

    /// A new key, born here and on the card before it is used.
    /// - Throws: where this machine has no OpenSSL 3, or the file cannot be written.
    public static func make(file: String, files: any FileSystem) throws(SignerError) -> FileSigner {
        if let problem = Libcrypto.problem { throw SignerError(problem) }
        guard let der = Libcrypto.bytes(capacity: 1024, { edge_key_make($0, 1024) }) else {
            throw SignerError("libcrypto makes no P-256 key")
        }
        let signer = try FileSigner(der: der, place: "a new key")
        do {
            try files.replace(file, with: Array(PEM.text(label, der).utf8), mode: mode)
        } catch {
            throw SignerError("the key cannot be kept: \(error)")
        }
        return signer
    }

    private init(der: [UInt8], place: String) throws(SignerError) {
        if let problem = Libcrypto.problem { throw SignerError(problem) }
        guard let key = edge_key_open(der, der.count) else {
            throw SignerError("\(place) holds no key")
        }
        self.key = key
        publicKey = Libcrypto.bytes(capacity: 1024) { edge_key_public(key, $0, 1024) } ?? []
        guard publicKey.count == Self.p256Prefix.count + 65,
            publicKey.starts(with: Self.p256Prefix)
        else { throw SignerError("\(place) holds a key that is not of the curve P-256") }
    }

    deinit { edge_key_close(key) }

    public func sign(_ message: [UInt8]) throws(SignerError) -> [UInt8] {
        let made = Libcrypto.bytes(capacity: 128) {
            edge_key_sign(key, message, message.count, $0, 128)
        }
        guard let made else { throw SignerError("libcrypto does not sign") }
        return made
    }
}
