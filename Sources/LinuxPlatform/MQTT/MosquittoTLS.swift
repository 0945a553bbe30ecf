import CEdgeShims
import CMosquitto
import Platform

/// TLS of one connection of libmosquitto: our own SSL_CTX, since the library's rules are others
/// than ours (it looks at dates and at the name that was dialled), and it does not tell what the
/// other side answered.
final class MosquittoTLS {
    private let context: UnsafeMutableRawPointer

    init(_ credential: MosquittoCredential) throws(SignerError) {
        if let problem = Libcrypto.problem { throw SignerError(problem) }
        let made = Self.with(credential.authority) { authority in
            Self.with(credential.certificate) { certificate in
                Self.with(credential.key) { key in
                    edge_tls_context_make(
                        authority, certificate, key, MosquittoCredential.serverName)
                }
            }
        }
        guard let made else {
            throw SignerError(
                "the certificate and the key of this side cannot be used together; enrol again")
        }
        context = made
    }

    deinit { edge_tls_context_close(context) }

    /// Gives it to a library client, which must be destroyed before this is.
    func apply(to client: OpaquePointer) {
        mosquitto_int_option(client, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0)
        mosquitto_void_option(client, MOSQ_OPT_SSL_CTX, edge_tls_context_inner(context))
    }

    /// Why TLS did not come about or ended, where it says so.
    var reason: String? {
        var isOurs: Int32 = 0
        guard let text = edge_tls_context_reason(context, &isOurs) else { return nil }
        let words = String(cString: text)
        guard isOurs != 0 else {
            return "the broker refused this certificate: \(words)\(Self.advice(words))"
        }
        return "who answers is not this fleet's broker: \(words). Nothing was sent to it"
    }

    /// Alerts as OpenSSL names them.
    private static func advice(_ alert: String) -> String {
        switch alert {
        case "certificate revoked": ". Enrol the board again with a new token and --new-key"
        case "certificate expired": ". It is renewed at the hub's port for boards: is that reached?"
        case "unknown CA": ". It is of another hub's authority; enrol the board at this one"
        default: ""
        }
    }

    private static func with(
        _ bytes: [UInt8], _ body: (edge_tls_part) -> UnsafeMutableRawPointer?
    ) -> UnsafeMutableRawPointer? {
        bytes.withUnsafeBufferPointer {
            body(edge_tls_part(bytes: $0.baseAddress, count: $0.count))
        }
    }
}
