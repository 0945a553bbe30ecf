import Crypto
import Identity
import Platform
import SQLiteStore
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import FleetHub

/// A board's key in a test.
struct TestSigner: Signer {
    let key = P256.Signing.PrivateKey()

    var publicKey: [UInt8] { Array(key.publicKey.derRepresentation) }

    func sign(_ message: [UInt8]) throws(SignerError) -> [UInt8] {
        do {
            return try Array(key.signature(for: message).derRepresentation)
        } catch {
            throw SignerError("\(error)")
        }
    }

    func request(_ name: String) throws -> CertificateRequest {
        try CertificateRequest(name: try #require(DeviceName(name)), signer: self)
    }
}

@Suite struct CertificateAuthorityTests {
    let now = Release.date
    let authority: CertificateAuthority

    init() throws { authority = try CertificateAuthority.make(at: Release.date) }

    private func issue(_ name: String) throws -> CertificateAuthority.Issued {
        try authority.issue(try SigningRequest(der: try TestSigner().request(name).der), at: now)
    }

    @Test func aRequestOfOursIsReadBySwiftCertificates() throws {
        let signer = TestSigner()
        let der = try signer.request("pump-1").der
        let request = try CertificateSigningRequest(derEncoded: der)
        #expect(request.publicKey.isValidSignature(request.signature, for: request))
        #expect("\(request.subject)" == "CN=pump-1")
        let extensions = try #require(try request.attributes.extensionRequest?.extensions)
        let names = try #require(try extensions.subjectAlternativeNames)
        #expect(Array(names) == [.uniformResourceIdentifier("urn:fleet:device:pump-1")])
        let signing = try SigningRequest(der: der)
        #expect(signing.name.text == "pump-1")
        #expect(signing.keyInfo == signer.publicKey)
    }

    @Test func aLeafSaysWhatItIs() throws {
        let issued = try issue("pump-1")
        let certificate = try Certificate(derEncoded: issued.der)
        #expect("\(certificate.subject)" == "CN=pump-1")
        #expect(try certificate.extensions.extendedKeyUsage.map(Array.init) == [.clientAuth])
        #expect(
            try certificate.extensions.basicConstraints == .notCertificateAuthority)
        #expect(
            try certificate.extensions.subjectAlternativeNames.map { Array($0) }
                == [.uniformResourceIdentifier("urn:fleet:device:pump-1")])
        // The board reads the same as the hub keeps.
        let facts = try CertificateFacts(der: issued.der)
        #expect(facts.commonName == "pump-1")
        #expect(facts.notBefore == issued.notBefore)
        #expect(facts.notAfter == issued.notAfter)
        #expect(facts.notAfter - facts.notBefore == RenewalRule.life)
        #expect(now - facts.notBefore == CertificateAuthority.backdate)
        #expect(
            CryptoDigests().sha256(try CertificateFacts(der: authority.certificate).publicKey)
                == authority.pin)
    }

    @Test func twoFilesGiveItBack() throws {
        let again = try CertificateAuthority(
            keyPEM: authority.keyPEM, certificatePEM: authority.certificatePEM)
        #expect(again.pin == authority.pin)
        #expect(again.certificate == authority.certificate)
        let other = try CertificateAuthority.make(at: now)
        #expect(throws: AuthorityError.self) {
            try CertificateAuthority(
                keyPEM: other.keyPEM, certificatePEM: authority.certificatePEM)
        }
        let error = #expect(throws: AuthorityError.self) {
            try CertificateAuthority(
                keyPEM: String(authority.keyPEM.dropLast(40)),
                certificatePEM: authority.certificatePEM)
        }
        #expect(error.map { "\($0)".contains("BEGIN") } == false)
    }

    @Test func requestsForOtherKeysAndNamesAreRefused() throws {
        func code(_ der: [UInt8]) -> HubError.Code? {
            do {
                _ = try SigningRequest(der: der)
                return nil
            } catch {
                return error.code
            }
        }
        let signer = TestSigner()
        let good = try signer.request("pump-1").der
        #expect(code(good) == nil)
        #expect(code([]) == .invalid)
        #expect(code(Array(good.dropLast())) == .invalid)
        #expect(code(good + [0]) == .invalid)
        #expect(code([UInt8](repeating: 0x30, count: SigningRequest.bytesMax + 1)) == .tooLarge)
        var forged = good
        forged[forged.count - 1] ^= 1
        #expect(code(forged) == .invalid)
        // Another name under the same signature.
        let renamed = try #require(
            good.indices.first { good[$0...].starts(with: Array("pump-1".utf8)) })
        forged = good
        forged[renamed + 5] = UInt8(ascii: "2")
        #expect(code(forged) == .invalid)
        for names in [[], ["a b"], ["../x"], ["a", "b"], [""], ["+"]] {
            let subject = DistinguishedName(
                names.map { name in
                    RelativeDistinguishedName.Attribute(
                        type: .RDNAttributeType.commonName, utf8String: name)
                }.map { RelativeDistinguishedName($0) })
            let request = try CertificateSigningRequest(
                version: .v1, subject: subject,
                privateKey: Certificate.PrivateKey(P256.Signing.PrivateKey()),
                attributes: CertificateSigningRequest.Attributes(),
                signatureAlgorithm: .ecdsaWithSHA256)
            #expect(code(try Self.der(request)) == .invalid, "\(names)")
        }
        let p384 = try CertificateSigningRequest(
            version: .v1, subject: try DistinguishedName { CommonName("a") },
            privateKey: Certificate.PrivateKey(P384.Signing.PrivateKey()),
            attributes: CertificateSigningRequest.Attributes(),
            signatureAlgorithm: .ecdsaWithSHA384)
        #expect(code(try Self.der(p384)) == .invalid)
    }

    @Test(.enabled(if: Tool.has("openssl"), "needs openssl(1), as a judge that is not ours"))
    func opensslBelievesTheChainTheBundleAndTheList() async throws {
        let folder = try TemporaryFolder()
        let (good, bad) = (try issue("good"), try issue("bad"))
        try folder.write("ca.pem", Array(authority.certificatePEM.utf8))
        try folder.write("good.pem", Array(PEM.text("CERTIFICATE", good.der).utf8))
        try folder.write("bad.pem", Array(PEM.text("CERTIFICATE", bad.der).utf8))
        var revoked = CertificateRecord(
            device: "bad", serial: bad.serial, key: [], notBefore: bad.notBefore,
            notAfter: bad.notAfter, der: bad.der)
        revoked.revoked = now
        for entries in [[], [revoked]] {
            let list = RevocationList(revoked: entries, number: 7, now: now)
            try folder.write("list.der", try list.signed(by: authority))
            let shown = try await Tool.run(
                [
                    "openssl", "crl", "-inform", "DER", "-in", "list.der", "-CAfile", "ca.pem",
                    "-text", "-out", "list.pem",
                ], in: folder)
            #expect((shown.text + shown.errors).contains("verify OK"), "\(shown.errors)")
        }
        // The time is the test's: the certificates are made at the date of the release.
        let seconds = String(now.milliseconds / 1000 + 60)
        func verify(_ file: String, _ purpose: String) async throws -> Tool.Outcome {
            try await Tool.run(
                [
                    "openssl", "verify", "-x509_strict", "-CAfile", "ca.pem", "-CRLfile",
                    "list.pem", "-crl_check", "-purpose", purpose, "-attime", seconds, file,
                ], in: folder)
        }
        #expect(try await verify("good.pem", "sslclient").status == 0)
        #expect(try await verify("good.pem", "sslserver").status != 0)
        let refused = try await verify("bad.pem", "sslclient")
        #expect(refused.status != 0)
        #expect((refused.text + refused.errors).contains("revoked"))
        try folder.write(
            "bundle.der", try CertificatesOnly.message([good.der, authority.certificate]))
        let bundle = try await Tool.run(
            ["openssl", "pkcs7", "-inform", "DER", "-in", "bundle.der", "-print_certs"],
            in: folder)
        #expect(bundle.status == 0, "\(bundle.errors)")
        #expect(PEM.first("CERTIFICATE", in: bundle.text) == good.der)
        // The board reads it too.
        #expect(
            try CertificateBundle(der: try folder.read("bundle.der")).certificates == [
                good.der, authority.certificate,
            ])
    }

    @Test(.enabled(if: Tool.has("openssl"), "needs openssl(1), as a judge that is not ours"))
    func opensslBelievesTheHubsOwnCertificate() async throws {
        let folder = try TemporaryFolder()
        let made = try authority.serverCredential(names: ["hub.example", "192.0.2.7"], at: now)
        try folder.write("ca.pem", Array(authority.certificatePEM.utf8))
        try folder.write("hub.pem", Array(made.chainPEM.utf8))
        let seconds = String(now.milliseconds / 1000 + 60)
        for option in [
            ["-verify_hostname", "fleet-hub"], ["-verify_hostname", "hub.example"],
            ["-verify_ip", "192.0.2.7"],
        ] {
            let verdict = try await Tool.run(
                [
                    "openssl", "verify", "-x509_strict", "-CAfile", "ca.pem", "-purpose",
                    "sslserver", "-attime", seconds,
                ] + option + ["hub.pem"], in: folder)
            #expect(verdict.status == 0, "\(option) \(verdict.errors)")
        }
        let wrong = try await Tool.run(
            [
                "openssl", "verify", "-CAfile", "ca.pem", "-purpose", "sslclient", "-attime",
                seconds, "hub.pem",
            ], in: folder)
        #expect(wrong.status != 0)
    }

    private static func der(_ request: CertificateSigningRequest) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(request)
        return serializer.serializedBytes
    }
}
