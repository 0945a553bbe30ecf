import NIOSSL

/// What a server proves itself with.
public struct ServerCredential: Sendable {
    private let chainPEM: String
    private let keyPEM: String

    /// - Parameters:
    ///   - chainPEM: The server's certificate, those that lead from it to its authority behind it.
    ///   - keyPEM: The certificate's key.
    public init(chainPEM: String, keyPEM: String) {
        self.chainPEM = chainPEM
        self.keyPEM = keyPEM
    }

    /// TLS 1.2 or later, HTTP/1.1 only.
    func configuration() throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(chainPEM.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }
}
