import CCoAP
import Glibc

/// Names of certificate files as C strings that stay: libcoap 4.3.1 keeps the pointers and reads
/// them again at each handshake.
final class CoAPCertificateFiles {
    private let names: [UnsafeMutablePointer<CChar>]

    /// Nil where memory is out.
    init?(authority: String, certificate: String, key: String) {
        names = [authority, certificate, key].compactMap { (name: String) in strdup(name) }
        guard names.count == 3 else { return nil }
    }

    deinit { for name in names { free(name) } }

    /// - Parameters:
    ///   - check: Says whether the name in the peer's certificate will do.
    ///   - argument: Handed to it.
    func setup(
        check: @escaping coap_dtls_cn_callback_t, argument: UnsafeMutableRawPointer
    ) -> edge_coap_certificates {
        edge_coap_certificates(
            ca: names[0], certificate: names[1], key: names[2], check_name: check,
            argument: argument)
    }
}
