import Crypto
import Foundation
import Identity
public import Platform
import SwiftASN1
import X509

/// Why the hub's authority cannot be used.
public struct AuthorityError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What happened, without a full stop.
    public let description: String
}

/// The hub's own authority: it certifies the boards of one fleet and the hub itself, and nobody
/// else believes it. Its key's hash is in each enrolment token.
public struct CertificateAuthority: Sendable {
    /// What the hub's certificate is made out to, by whatever name it is reached.
    public static let serverName = "fleet-hub"
    /// The hub's own name at its broker. No device can have it: see `DeviceName`.
    public static let hubName = ".fleet-hub"
    /// The authority's and the hub's certificate begin here: a board that has no agent yet fetches
    /// it with curl, which looks at the dates, and its clock may stand in 1970.
    static let beginning = WallTime(milliseconds: 0)
    /// Boards' certificates begin this much before they are made: the clock of who checks may be
    /// behind.
    static let backdate = Milliseconds.seconds(3600)
    /// Life of the authority: 30 years, longer than the boards'. A new one means a new pin.
    static let life = Milliseconds.seconds(30 * 365 * 86_400)

    /// The authority's certificate in DER.
    public let certificate: [UInt8]
    let key: P256.Signing.PrivateKey
    private let issuer: Certificate

    /// A certificate that was made, and what the hub keeps of it.
    struct Issued {
        let der: [UInt8]
        let serial: [UInt8]
        let notBefore: WallTime
        let notAfter: WallTime
    }

    /// A new authority.
    public static func make(at now: WallTime) throws(AuthorityError) -> CertificateAuthority {
        let key = P256.Signing.PrivateKey()
        do {
            let name = try DistinguishedName { CommonName("CloudOS Edge fleet authority") }
            let publicKey = Certificate.PublicKey(key.publicKey)
            let certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
                notValidBefore: date(beginning), notValidAfter: date(now, life.count),
                issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    // No authorities below it: it signs leaves and nothing else.
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(hash: publicKey)
                }, issuerPrivateKey: Certificate.PrivateKey(key))
            return CertificateAuthority(key: key, issuer: certificate, der: try der(certificate))
        } catch {
            throw AuthorityError(description: "no authority can be made: \(error)")
        }
    }

    /// The authority of two files.
    /// - Throws: where they are damaged, or of two authorities.
    public init(keyPEM: String, certificatePEM: String) throws(AuthorityError) {
        do {
            key = try P256.Signing.PrivateKey(pemRepresentation: keyPEM)
            issuer = try Certificate(pemEncoded: certificatePEM)
            certificate = try Self.der(issuer)
        } catch {
            // The error's own text is left out: it could repeat parts of the key.
            throw AuthorityError(description: "the authority's key or certificate is damaged")
        }
        guard
            P256.Signing.PublicKey(issuer.publicKey)?.rawRepresentation
                == key.publicKey.rawRepresentation
        else {
            throw AuthorityError(description: "the authority's certificate is of another key")
        }
    }

    private init(key: P256.Signing.PrivateKey, issuer: Certificate, der: [UInt8]) {
        self.key = key
        self.issuer = issuer
        certificate = der
    }

    /// The key, to be kept where only the hub reads it.
    public var keyPEM: String { key.pemRepresentation }

    /// The certificate, for everybody.
    public var certificatePEM: String { PEM.text("CERTIFICATE", certificate) }

    /// SHA-256 of the SubjectPublicKeyInfo: what a token pins.
    public var pin: [UInt8] { Array(SHA256.hash(data: key.publicKey.derRepresentation)) }

    /// Certifies a device for a year.
    func issue(_ request: SigningRequest, at now: WallTime) throws(AuthorityError) -> Issued {
        // Certificates count in seconds.
        let start = (now.milliseconds - Self.backdate.count) / 1000 * 1000
        return try issue(
            Certificate.PublicKey(request.publicKey), commonName: request.name.text,
            names: [.uniformResourceIdentifier(request.name.uri)], usage: .clientAuth,
            from: WallTime(milliseconds: start),
            to: WallTime(milliseconds: start + RenewalRule.life.count))
    }

    /// A new key and certificate for serving, as PEM: the certificate with the authority's behind
    /// it, for boards know only that one's hash.
    ///
    /// The key lives in memory only, so its certificate may live as long as the authority.
    /// - Parameter names: Further names and IPv4 addresses, for clients that check them.
    public func serverCredential(names: [String], at now: WallTime)
        throws(AuthorityError) -> (chainPEM: String, keyPEM: String)
    {
        let key = P256.Signing.PrivateKey()
        let issued = try issue(
            Certificate.PublicKey(key.publicKey), commonName: Self.serverName,
            names: ([Self.serverName] + names).map(Self.serverName(_:)), usage: .serverAuth,
            from: Self.beginning, to: WallTime(milliseconds: now.milliseconds + Self.life.count))
        return (PEM.text("CERTIFICATE", issued.der) + certificatePEM, key.pemRepresentation)
    }

    /// A new key and certificate with which the hub itself goes to its broker, all in DER. The key
    /// lives in memory only.
    /// - Parameters:
    ///   - name: The hub's, or a device's whose place at the broker the hub takes.
    ///   - life: How long the broker shall believe it.
    public func clientCredential(name: String, life: Milliseconds, at now: WallTime)
        throws(AuthorityError) -> (certificate: [UInt8], key: [UInt8])
    {
        let key = P256.Signing.PrivateKey()
        let start = (now.milliseconds - Self.backdate.count) / 1000 * 1000
        let issued = try issue(
            Certificate.PublicKey(key.publicKey), commonName: name,
            names: [.uniformResourceIdentifier("urn:fleet:hub")], usage: .clientAuth,
            from: WallTime(milliseconds: start),
            to: WallTime(milliseconds: now.milliseconds + life.count))
        return (issued.der, Array(key.derRepresentation))
    }

    private func issue(
        _ publicKey: Certificate.PublicKey, commonName: String, names: [GeneralName],
        usage: ExtendedKeyUsage.Usage, from start: WallTime, to end: WallTime
    ) throws(AuthorityError) -> Issued {
        do {
            let serial = Certificate.SerialNumber()
            let made = try Certificate(
                version: .v3, serialNumber: serial, publicKey: publicKey,
                notValidBefore: Self.date(start),
                notValidAfter: Self.date(end), issuer: issuer.subject,
                subject: try DistinguishedName { CommonName(commonName) },
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage([usage])
                    SubjectAlternativeNames(names)
                    SubjectKeyIdentifier(hash: publicKey)
                    AuthorityKeyIdentifier(
                        keyIdentifier: SubjectKeyIdentifier(hash: issuer.publicKey).keyIdentifier)
                }, issuerPrivateKey: Certificate.PrivateKey(key))
            return Issued(
                der: try Self.der(made), serial: Array(serial.bytes),
                notBefore: start, notAfter: end)
        } catch {
            throw AuthorityError(description: "no certificate can be made: \(error)")
        }
    }

    private static func serverName(_ text: String) -> GeneralName {
        let octets = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        let address = octets.compactMap { $0 }
        guard octets.count == 4, address.count == 4 else { return .dnsName(text) }
        return .ipAddress(ASN1OctetString(contentBytes: address[...]))
    }

    private static func date(_ time: WallTime, _ later: Int64 = 0) -> Date {
        Date(timeIntervalSince1970: Double((time.milliseconds + later) / 1000))
    }

    private static func der(_ certificate: Certificate) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }
}
