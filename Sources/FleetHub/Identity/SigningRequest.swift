import Crypto
import Identity
import SwiftASN1
import X509

/// A certification request that may be signed: its name is a device's, its key of the one curve
/// that we certify, and its signature proves that the key is its sender's.
///
/// What else a request asks for is not looked at: our certificates all have the same extensions.
struct SigningRequest: Sendable {
    /// Bytes of a request that is worth reading.
    static let bytesMax = 8 << 10

    let name: DeviceName
    let publicKey: P256.Signing.PublicKey

    /// Reads a PKCS#10 request in DER.
    /// - Throws: `invalid`, `tooLarge`.
    init(der: [UInt8]) throws(HubError) {
        guard der.count <= Self.bytesMax else {
            throw HubError(
                .tooLarge, "The certification request is larger than \(Self.bytesMax) bytes.",
                hint: "Ask for a name and a key only.")
        }
        let request: CertificateSigningRequest
        do {
            request = try CertificateSigningRequest(derEncoded: der)
        } catch {
            throw HubError(
                .invalid, "The body is no certification request (PKCS#10).",
                hint: "Send it in DER, in base 64, as RFC 7030 §4.2.1 says.")
        }
        guard let key = P256.Signing.PublicKey(request.publicKey) else {
            throw HubError(
                .invalid, "The certification request is for a key of another kind than P-256.",
                hint: "Make one with: openssl ecparam -name prime256v1 -genkey")
        }
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw HubError(
                .invalid, "The certification request is not signed by the key that it is about.",
                hint: "Sign it with that key.")
        }
        guard let name = Self.commonName(request.subject).flatMap({ DeviceName($0) }) else {
            throw HubError(
                .invalid, "The certification request's subject is no device's name.",
                hint: "Give one common name of 1 to 64 of a-z A-Z 0-9 . _ - and nothing else.")
        }
        self.name = name
        publicKey = key
    }

    /// The SubjectPublicKeyInfo in DER.
    var keyInfo: [UInt8] { Array(publicKey.derRepresentation) }

    /// The common name of a subject that has nothing else.
    private static func commonName(_ subject: DistinguishedName) -> String? {
        let attributes = subject.flatMap { Array($0) }
        guard attributes.count == 1, attributes[0].type == .RDNAttributeType.commonName else {
            return nil
        }
        return String(attributes[0].value)
    }
}
