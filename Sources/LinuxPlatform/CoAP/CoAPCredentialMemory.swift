import CCoAP
import Glibc

/// A credential as C strings that stay: libcoap 4.3.1 keeps the pointers and reads them again at
/// each handshake.
final class CoAPCredentialMemory {
    private let texts: [UnsafeMutablePointer<CChar>]

    /// Nil where memory is out.
    init?(_ credential: CoAPCredential) {
        texts = [credential.authority, credential.certificate, credential.key]
            .compactMap { (text: String) in strdup(text) }
        guard texts.count == 3 else { return nil }
    }

    deinit { for text in texts { free(text) } }

    /// - Parameters:
    ///   - check: Says whether the name in the peer's certificate will do.
    ///   - argument: Handed to it.
    func setup(
        check: @escaping coap_dtls_cn_callback_t, argument: UnsafeMutableRawPointer
    ) -> edge_coap_certificates {
        edge_coap_certificates(
            ca: texts[0], certificate: texts[1], key: texts[2], check_name: check,
            argument: argument)
    }
}
