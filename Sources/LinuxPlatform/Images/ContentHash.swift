import CEdgeShims
import Images

/// SHA-256 of what comes in pieces.
struct ContentHash: ~Copyable {
    private let stream: UnsafeMutableRawPointer

    init() throws(ImageError) {
        if let reason = edge_crypto_load() {
            throw ImageError(
                .store, "OpenSSL 3 cannot be loaded: \(String(cString: reason))",
                advice: "install the package libssl3")
        }
        guard let stream = edge_sha256_open() else {
            throw ImageError(.store, "there is no memory for a SHA-256", advice: "free memory")
        }
        self.stream = stream
    }

    deinit { edge_sha256_close(stream) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.assumingMemoryBound(to: UInt8.self).baseAddress else { return }
        // It fails where a context was not begun, and all of ours are.
        precondition(edge_sha256_update(stream, start, bytes.count) == 0, "no SHA-256")
    }

    func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The digest of all until now; then it begins again.
    func finish() -> ContentDigest {
        var bytes = [UInt8](repeating: 0, count: 32)
        precondition(edge_sha256_finish(stream, &bytes) == 0, "no SHA-256")
        guard let digest = ContentDigest(bytes: bytes) else { preconditionFailure("no SHA-256") }
        return digest
    }

    /// The digest of bytes that are all there.
    static func digest(_ bytes: [UInt8]) throws(ImageError) -> ContentDigest {
        let hash = try ContentHash()
        hash.update(bytes)
        return hash.finish()
    }
}
