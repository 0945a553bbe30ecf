import EdgeAgent
import Foundation
import Identity
import LinuxPlatform
import Platform
import TestSupport
import Testing

@testable import FleetHub
@testable import FleetHubAPI

/// The exchange as programs do it that nobody here wrote: openssl(1) and curl(1) alone.
@Suite struct ESTExchangeTests {
    private static let hasTools = Tool.has("openssl") && Tool.has("curl")
    private static let needs: Comment = "needs openssl(1) and curl(1), as judges that are not ours"
    private static let path = "/.well-known/est/"

    @Test(.enabled(if: hasTools, needs))
    func opensslAndCurlEnrolAndRenew() async throws {
        try await EnrolmentSite.run { site in
            let folder = site.folder
            let url = "https://127.0.0.1:\(site.port)" + Self.path
            // What RFC 7030 §4.1.1 calls bootstrap: not verified, but held against the pin.
            let bare = try await Tool.run(["curl", "-sk", url + "cacerts"], in: folder)
            try folder.write("ca.p7", try #require(Base64.decode(bare.output)))
            let listed = try await Tool.run(
                [
                    "openssl", "pkcs7", "-inform", "DER", "-in", "ca.p7", "-print_certs", "-out",
                    "ca.pem",
                ], in: folder)
            #expect(listed.status == 0, "\(listed.errors)")
            let shell =
                "openssl x509 -in ca.pem -pubkey -noout | openssl pkey -pubin -outform DER "
                + "| openssl dgst -sha256 -binary"
            let pin = try await Tool.run(["sh", "-c", shell], in: folder)
            #expect(pin.output == site.authority.pin)

            for command in [
                "openssl ecparam -name prime256v1 -genkey -noout -out device.key",
                "openssl req -new -key device.key -subj /CN=est-1 -outform DER -out request.der",
                "openssl base64 -in request.der -out request.b64",
            ] {
                let made = try await Tool.run(["sh", "-c", command], in: folder)
                #expect(made.status == 0, "\(command): \(made.errors)")
            }
            let token = try await site.token()
            func post(_ operation: String, _ more: [String] = []) async throws -> Tool.Outcome {
                try await Tool.run(
                    [
                        "curl", "-sS", "--cacert", "ca.pem", "--data-binary", "@request.b64", "-H",
                        "Content-Type: application/pkcs10", "-w", "%{http_code}", "-o", "answer",
                    ] + more + [url + operation], in: folder)
            }
            let user = "\(token.id):\(Base64.encode(token.secret, .url))"
            #expect(try await post("simpleenroll").text == "401")
            #expect(try await post("simpleenroll", ["-u", user + "x"]).text == "401")
            #expect(try await post("simplereenroll").text == "401")
            let enrolled = try await post("simpleenroll", ["-u", user])
            #expect(enrolled.text == "200", "\(enrolled.errors)")
            let checks =
                "openssl base64 -d -in answer | openssl pkcs7 -inform DER -print_certs "
                + "| openssl x509 -out leaf.pem && openssl verify -x509_strict -CAfile ca.pem "
                + "-purpose sslclient leaf.pem && openssl x509 -in leaf.pem -noout -subject "
                + "-ext subjectAltName,extendedKeyUsage && openssl x509 -in leaf.pem -noout "
                + "-pubkey | cmp - public.pem"
            _ = try await Tool.run(
                ["openssl", "pkey", "-in", "device.key", "-pubout", "-out", "public.pem"],
                in: folder)
            let verdict = try await Tool.run(["sh", "-c", checks], in: folder)
            #expect(verdict.status == 0, "\(verdict.text)\(verdict.errors)")
            #expect(verdict.text.contains("leaf.pem: OK"))
            #expect(verdict.text.contains("CN = est-1"))
            #expect(verdict.text.contains("URI:urn:fleet:device:est-1"))
            #expect(verdict.text.contains("TLS Web Client Authentication"))
            #expect(try await post("simplereenroll").text == "200")
            let device = try await site.hub.device("est-1")
            #expect(device["identity"]?["state"]?.stringValue == "active")
        }
    }

    @Test(.enabled(if: hasTools, needs))
    func revokedCertificatesAreOnAListThatOpensslReads() async throws {
        try await EnrolmentSite.run { site in
            let signer = try FileSigner.make(
                file: site.folder.path + "/device.key", files: LinuxFileSystem())
            let token = try await site.token()
            let request = try CertificateRequest(
                name: try #require(DeviceName("pump-1")), signer: signer)
            let credential = EnrolmentRequest(
                request, token: token, digests: try LibcryptoDigests()
            ).credential
            _ = try await site.hub.enroll(request.der, authorization: credential.header)
            _ = try await site.hub.decide("pump-1", .revoke)
            try site.folder.write("ca.pem", Array(site.authority.certificatePEM.utf8))
            let shell =
                "curl -sS --cacert ca.pem https://127.0.0.1:\(site.port)/crl | "
                + "openssl crl -inform DER -CAfile ca.pem -noout -text"
            let list = try await Tool.run(["sh", "-c", shell], in: site.folder)
            #expect((list.text + list.errors).contains("verify OK"), "\(list.errors)")
            #expect(list.text.contains("Serial Number:"))
        }
    }

    @Test(.enabled(if: hasTools, needs))
    func bodiesAndMethodsThatAreNotESTAreRefused() async throws {
        try await EnrolmentSite.run { site in
            try site.folder.write("large", [UInt8](repeating: 0x41, count: 1 << 20))
            try site.folder.write("bad", Array("!!!".utf8))
            let url = "https://127.0.0.1:\(site.port)"
            for (words, status) in [
                (["--data-binary", "@large", url + Self.path + "simpleenroll"], "413"),
                (["--data-binary", "@bad", url + Self.path + "simplereenroll"], "400"),
                (["--data-binary", "", url + Self.path + "simplereenroll"], "400"),
                ([url + Self.path + "simpleenroll"], "404"), ([url + "/api/v1/devices"], "404"),
                (["--path-as-is", url + Self.path + "../../crl"], "404"),
            ] {
                let answer = try await Tool.run(
                    ["curl", "-sk", "-o", "answer", "-w", "%{http_code}"] + words,
                    in: site.folder)
                #expect(answer.text == status, "\(words)")
            }
        }
    }
}

/// The exchange as our own board does it.
@Suite struct PinnedExchangeTests {
    private let cacerts = ESTMessage.request(.caCertificates, host: "127.0.0.1")

    private static func enroll(
        _ site: EnrolmentSite, _ token: EnrolmentToken, _ name: String
    ) async throws -> EnrolledIdentity {
        let files = IdentityFiles(in: site.folder.path, files: LinuxFileSystem())
        try files.makeFolder()
        let signer = try FileSigner.make(file: files.key, files: LinuxFileSystem())
        let name = try #require(DeviceName(name))
        let digests = try LibcryptoDigests()
        let request = try CertificateRequest(name: name, signer: signer)
        var exchange = CertificateExchange(
            place: HubPlace(token), name: name, publicKey: signer.publicKey, request: request,
            purpose: .enroll(EnrolmentRequest(request, token: token, digests: digests).credential),
            digests: digests)
        var step = exchange.begin()
        for _ in 0..<8 {
            switch step {
            case .send(let bytes): step = exchange.onAnswer(try await site.exchange(bytes))
            case .wait:
                _ = try await site.hub.decide(name.text, .approve)
                step = exchange.begin()
            case .keep(let identity):
                try files.keep(identity, isNextKey: false)
                #expect(files.load() == identity)
                return identity
            case .fail(let error): throw error
            }
        }
        throw HubError(.unavailable, "It does not end.", hint: "")
    }

    @Test func aBoardEnrols() async throws {
        try await EnrolmentSite.run { site in
            let identity = try await Self.enroll(site, try await site.token(), "pump-1")
            #expect(identity.facts.commonName == "pump-1")
            #expect(identity.authority == site.authority.certificate)
            #expect(try site.folder.mode("identity/device.key") == 0o600)
            #expect(try site.folder.mode("identity") == 0o700)
        }
    }

    @Test func aBoardWaitsForApproval() async throws {
        try await EnrolmentSite.run { site in
            let token = try await site.token(approval: true)
            #expect(try await Self.enroll(site, token, "pump-1").facts.commonName == "pump-1")
        }
    }

    @Test func theHubsReasonReachesTheBoard() async throws {
        try await EnrolmentSite.run { site in
            let token = try await site.token()
            try await site.hub.withdrawEnrolmentToken(token.id)
            let error = await #expect(throws: CertificateExchangeError.self) {
                try await Self.enroll(site, token, "pump-1")
            }
            #expect(error?.code == .refused)
            #expect(error?.description.contains("withdrawn") == true)
        }
    }

    /// The hub's certificate is of 1970, and the board does not mind: it knows no date.
    @Test func datesAreNotLookedAt() async throws {
        try await EnrolmentSite.run(
            servedBy: { authority in
                let made = try authority.serverCredential(
                    names: [], at: WallTime(milliseconds: 4_000_000))
                return (made.chainPEM, made.keyPEM)
            }, madeAt: WallTime(milliseconds: 4_000_000)
        ) { site in
            let answer = try ESTAnswer(try await site.exchange(cacerts))
            #expect(answer.status == 200)
        }
        try await EnrolmentSite.run(madeAt: WallTime(milliseconds: 4_000_000_000_000)) { site in
            let answer = try ESTAnswer(try await site.exchange(cacerts))
            #expect(answer.status == 200)
        }
    }

    @Test func anotherAuthorityWithTheSameNameIsRefused() async throws {
        try await EnrolmentSite.run { site in
            let other = try CertificateAuthority.make(at: Release.date)
            await expectStranger { _ = try await site.exchange(cacerts, pin: other.pin) }
        }
    }

    /// Anyone can send the authority's certificate along: it is public.
    @Test func aChainThatOnlyCarriesTheAuthorityIsRefused() async throws {
        try await EnrolmentSite.run(servedBy: { authority in
            let other = try CertificateAuthority.make(at: Release.date)
            let made = try other.serverCredential(names: [], at: Release.date)
            return (made.chainPEM + authority.certificatePEM, made.keyPEM)
        }) { site in
            await expectStranger { _ = try await site.exchange(cacerts) }
        }
    }

    /// A device's certificate is of the same authority, and still no hub.
    @Test func aDeviceThatPlaysTheHubIsRefused() async throws {
        try await EnrolmentSite.run(servedBy: { authority in
            try Self.deviceCredential(of: authority)
        }) { site in
            await expectStranger { _ = try await site.exchange(cacerts) }
        }
    }

    @Test func nobodyThereIsUnreachable() async throws {
        let error = #expect(throws: HubContactError.self) {
            try PinnedHubContact(patience: 2000).exchange(
                [], host: "127.0.0.1", port: 1, pin: [UInt8](repeating: 0, count: 32),
                maximumBytes: 10)
        }
        #expect(error?.code == .unreachable)
    }

    @Test func anAnswerBeyondTheBoundIsAnError() async throws {
        try await EnrolmentSite.run { site in
            let (pin, port) = (site.authority.pin, site.port)
            #expect(throws: HubContactError.self) {
                try PinnedHubContact(patience: 20_000).exchange(
                    cacerts, host: "127.0.0.1", port: port, pin: pin, maximumBytes: 100)
            }
        }
    }

    /// Ninety days and more without a network, the certificate ended, and the board's clock in
    /// 1970: it comes back by itself, with the key that it has.
    @Test func aBoardThatLayInADrawerComesBack() async throws {
        let clock = DayClock()
        try await EnrolmentSite.run(timekeeper: clock) { site in
            let first = try await Self.enroll(site, try await site.token(), "pump-1")
            clock.advance(days: 365 + 35)
            let renewed = try await Self.renew(site, WallTime(milliseconds: 0))
            #expect(renewed.outcome == .renewed(until: renewed.identity.facts.notAfter))
            #expect(renewed.identity.facts.notAfter > clock.now().wall)
            #expect(renewed.identity.facts.publicKey == first.facts.publicKey)
            #expect(renewed.floor == renewed.identity.facts.notBefore)
            // It wakes in 1970 again, and gets back what it has.
            let again = try await Self.renew(site, WallTime(milliseconds: 0))
            #expect(again.outcome == .idle)
            #expect(again.identity == renewed.identity)
            // Longer than the grace: a person has to come.
            clock.advance(days: 365 + 401)
            guard
                case .failed(let reason) = try await Self.renew(site, .init(milliseconds: 0))
                    .outcome
            else {
                Issue.record("it was renewed")
                return
            }
            #expect(reason.contains("fleet token create"))
        }
    }

    private static func renew(
        _ site: EnrolmentSite, _ wall: WallTime
    ) async throws -> (
        outcome: IdentityRenewal.Outcome, identity: EnrolledIdentity, floor: WallTime
    ) {
        let folder = site.folder.path
        let outcome: IdentityRenewal.Outcome = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let files = IdentityFiles(in: folder, files: LinuxFileSystem())
                var renewal = IdentityRenewal(
                    files: files, contact: PinnedHubContact(patience: 20_000),
                    timekeeper: StoppedClock(wall: wall), build: Release.date, spread: 0,
                    makeDigests: { () throws(SignerError) in try LibcryptoDigests() },
                    openKey: { (path) throws(SignerError) in
                        try FileSigner(file: path, files: LinuxFileSystem())
                    })
                continuation.resume(returning: renewal.onTick())
            }
        }
        let files = IdentityFiles(in: folder, files: LinuxFileSystem())
        return (
            outcome, try #require(files.load()), files.clockFloor(build: Release.date).time
        )
    }

    private func expectStranger(_ body: () async throws -> Void) async {
        let error = await #expect(throws: HubContactError.self) { try await body() }
        #expect(error?.code == .notTheHub)
    }

    private static func deviceCredential(
        of authority: CertificateAuthority
    ) throws -> (String, String) {
        let folder = try TemporaryFolder()
        let signer = try FileSigner.make(
            file: folder.path + "/device.key", files: LinuxFileSystem())
        let name = try #require(DeviceName("fleet-hub"))
        let request = try CertificateRequest(name: name, signer: signer)
        let leaf = try authority.issue(
            try SigningRequest(der: request.der), at: Release.date)
        let key = String(decoding: try folder.read("device.key"), as: UTF8.self)
        return (PEM.text("CERTIFICATE", leaf.der) + authority.certificatePEM, key)
    }
}
