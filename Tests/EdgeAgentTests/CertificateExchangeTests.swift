import LinuxPlatform
import Platform
import TestSupport
import Testing

@testable import EdgeAgent
@testable import Identity

/// A hub that is a function: what it says is up to the test.
private struct ScriptedHub {
    static let authorityKey = DERWriter.bytes { $0.sequence { $0.smallInteger(1) } }
    static let boardKey = DERWriter.bytes { $0.sequence { $0.smallInteger(2) } }

    /// A certificate as far as a board reads it; nobody signed it.
    static func certificate(_ name: String, _ key: [UInt8]) -> [UInt8] {
        DERWriter.bytes { writer in
            writer.sequence { certificate in
                certificate.sequence { body in
                    body.smallInteger(5)
                    body.sequence { _ in }
                    body.sequence { _ in }
                    body.sequence { validity in
                        validity.primitive(DERTag.utcTime, Array("261123000000Z".utf8))
                        validity.primitive(DERTag.utcTime, Array("271123000000Z".utf8))
                    }
                    body.sequence { subject in
                        subject.setOfOne { names in
                            names.sequence { pair in
                                pair.identifier(.commonName)
                                pair.utf8String(name)
                            }
                        }
                    }
                    body.raw(key)
                }
            }
        }
    }

    static func bundle(_ certificates: [UInt8]...) -> [UInt8] {
        let der = DERWriter.bytes { writer in
            writer.sequence { info in
                info.identifier(.signedData)
                info.constructed(DERTag.context(0)) { wrapped in
                    wrapped.sequence { data in
                        data.smallInteger(1)
                        data.constructed(DERTag.set) { _ in }
                        data.sequence { _ in }
                        data.constructed(DERTag.context(0)) { list in
                            for certificate in certificates { list.raw(certificate) }
                        }
                    }
                }
            }
        }
        return answer(200, Base64.encode(der))
    }

    static func answer(_ status: Int, _ body: String, _ more: String = "") -> [UInt8] {
        Array(
            "HTTP/1.1 \(status) X\r\n\(more)content-length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    }
}

private struct ScriptedSigner: Signer {
    let publicKey = ScriptedHub.boardKey
    func sign(_ message: [UInt8]) throws(SignerError) -> [UInt8] { [1] }
}

private struct SumDigests: Digests {
    func sha256(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](repeating: bytes.reduce(0) { $0 &+ $1 }, count: 32)
    }
    func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] { sha256(bytes + key) }
}

@Suite struct CertificateExchangeTests {
    private let authority = ScriptedHub.certificate("authority", ScriptedHub.authorityKey)

    private func exchange() throws -> CertificateExchange {
        let digests = SumDigests()
        let token = try EnrolmentToken(
            host: "hub", port: 8443, pin: digests.sha256(ScriptedHub.authorityKey),
            id: Base64.encode([1, 2, 3, 4, 5, 6], .url), secret: [UInt8](repeating: 3, count: 16))
        let name = try #require(DeviceName("pump-1"))
        let request = try CertificateRequest(name: name, signer: ScriptedSigner())
        return CertificateExchange(
            place: HubPlace(token), name: name, publicKey: ScriptedHub.boardKey, request: request,
            purpose: .enroll(EnrolmentRequest(request, token: token, digests: digests).credential),
            digests: digests)
    }

    private func words(_ step: CertificateExchange.Step) -> String {
        if case .send(let bytes) = step {
            String(decoding: bytes, as: UTF8.self)
        } else {
            "\(step)"
        }
    }

    private func failure(_ step: CertificateExchange.Step) -> CertificateExchangeError.Code? {
        if case .fail(let error) = step { error.code } else { nil }
    }

    @Test func theAuthorityComesFirstThenTheCertificate() throws {
        var exchange = try exchange()
        #expect(words(exchange.begin()).hasPrefix("GET /.well-known/est/cacerts "))
        let second = words(exchange.onAnswer(ScriptedHub.bundle(authority)))
        #expect(second.hasPrefix("POST /.well-known/est/simpleenroll "))
        #expect(second.contains("\r\nAuthorization: fleet-hmac "))
        let leaf = ScriptedHub.certificate("pump-1", ScriptedHub.boardKey)
        guard case .keep(let identity) = exchange.onAnswer(ScriptedHub.bundle(authority, leaf))
        else {
            Issue.record("nothing to keep")
            return
        }
        #expect(identity.certificate == leaf)
        #expect(identity.authority == authority)
        #expect(RFC3339.text(identity.facts.notAfter) == "2027-11-23T00:00:00.000Z")
    }

    @Test func anotherAuthorityIsNotTaken() throws {
        var exchange = try exchange()
        let other = ScriptedHub.certificate(
            "authority", DERWriter.bytes { $0.sequence { $0.smallInteger(9) } })
        #expect(failure(exchange.onAnswer(ScriptedHub.bundle(other))) == .malformed)
    }

    @Test func certificatesForOthersAreNotTaken() throws {
        for (name, key) in [
            ("pump-2", ScriptedHub.boardKey), ("pump-1", ScriptedHub.authorityKey),
            ("", [0x30, 0]),
        ] {
            var exchange = try exchange()
            _ = exchange.onAnswer(ScriptedHub.bundle(authority))
            let leaf = ScriptedHub.certificate(name, key)
            #expect(failure(exchange.onAnswer(ScriptedHub.bundle(leaf))) == .malformed)
        }
    }

    @Test(
        arguments: [
            ("", 30), ("Retry-After: 60\r\n", 60), ("Retry-After: 0\r\n", 5),
            ("Retry-After: 99999999999\r\n", 600), ("Retry-After: soon\r\n", 30),
        ] as [(String, Int64)])
    func aWaitIsBounded(header: String, seconds: Int64) throws {
        for status in [202, 429, 503] {
            var exchange = try exchange()
            _ = exchange.onAnswer(ScriptedHub.bundle(authority))
            guard
                case .wait(let span, _) = exchange.onAnswer(
                    ScriptedHub.answer(status, "", header))
            else {
                Issue.record("no wait at \(status)")
                continue
            }
            #expect(span == .seconds(seconds))
            // The authority is known; the very same request goes again.
            #expect(words(exchange.begin()).hasPrefix("POST "))
        }
    }

    @Test func theHubsWordsAreHarmlessAndShort() throws {
        var exchange = try exchange()
        let long = String(repeating: "x", count: 5000)
        let body = Value.object([
            (
                "error",
                .object([("message", .string("No.\u{1B}[31m\n\(long)")), ("hint", .string("Do."))])
            )
        ]).json
        guard case .fail(let error) = exchange.onAnswer(ScriptedHub.answer(401, body)) else {
            Issue.record("no failure")
            return
        }
        #expect(error.code == .refused)
        #expect(error.description.hasPrefix("No.[31mxxx"))
        #expect(error.description.utf8.count <= 500)
    }

    @Test func anyAnswerGivesAStep() throws {
        var random = SeededGenerator.announced(for: "CertificateExchangeTests.anyAnswerGivesAStep")
        let good = [
            ScriptedHub.bundle(authority),
            ScriptedHub.bundle(authority, ScriptedHub.certificate("pump-1", ScriptedHub.boardKey)),
        ]
        for _ in 0..<5000 {
            var exchange = try exchange()
            for answer in good {
                var bytes = answer
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    let index = Int.random(in: bytes.indices, using: &random)
                    bytes[index] = UInt8.random(in: .min ... .max, using: &random)
                }
                if case .keep(let identity) = exchange.onAnswer(bytes) {
                    #expect(identity.facts.publicKey == ScriptedHub.boardKey)
                    #expect(identity.facts.commonName == "pump-1")
                }
            }
        }
    }
}

@Suite struct IdentityFilesTests {
    private static func identity(_ key: [UInt8]) throws -> EnrolledIdentity {
        let token = try EnrolmentToken(
            host: "::1", port: 9, pin: [UInt8](repeating: 4, count: 32),
            id: Base64.encode([1, 2, 3, 4, 5, 6], .url), secret: [UInt8](repeating: 3, count: 16))
        let certificate = ScriptedHub.certificate("pump-1", key)
        return EnrolledIdentity(
            place: HubPlace(token), authority: ScriptedHub.certificate("authority", key),
            certificate: certificate, facts: try CertificateFacts(der: certificate))
    }

    private func files(_ folder: TemporaryFolder) throws -> IdentityFiles {
        let files = IdentityFiles(in: folder.path, files: LinuxFileSystem())
        try files.makeFolder()
        return files
    }

    @Test func whatIsKeptComesBack() throws {
        let folder = try TemporaryFolder()
        let files = try files(folder)
        #expect(files.load() == nil)
        let identity = try Self.identity(ScriptedHub.boardKey)
        try files.keep(identity, isNextKey: false)
        #expect(files.load() == identity)
        #expect(try folder.mode("identity") == 0o700)
    }

    @Test func aNextKeyTakesTheOldOnesPlace() throws {
        let folder = try TemporaryFolder()
        let files = try files(folder)
        try folder.write("identity/device.key", [1])
        try folder.write("identity/device.key.next", [2])
        try files.keep(try Self.identity(ScriptedHub.boardKey), isNextKey: true)
        #expect(try folder.read("identity/device.key") == [2])
        #expect(!files.has(files.nextKey))
    }

    @Test func damagedFilesAreNoIdentity() throws {
        let names = ["device.crt", "ca.crt", "hub.json"]
        for name in names {
            for bytes in [[], Array("{}".utf8), [0xFF, 0x00]] as [[UInt8]] {
                let folder = try TemporaryFolder()
                let files = try files(folder)
                try files.keep(try Self.identity(ScriptedHub.boardKey), isNextKey: false)
                try folder.write("identity/" + name, bytes)
                #expect(files.load() == nil, "\(name)")
            }
        }
    }

    @Test func theClockFloorIsKeptAndNeverFalls() throws {
        let folder = try TemporaryFolder()
        let files = try files(folder)
        let build = WallTime(milliseconds: 1000)
        var floor = files.clockFloor(build: build)
        #expect(floor.time == build)
        let isRaised = floor.onAuthenticated(WallTime(milliseconds: 5000))
        #expect(isRaised)
        try files.keep(floor)
        #expect(files.clockFloor(build: build).time.milliseconds == 5000)
        // A newer release knows better.
        #expect(files.clockFloor(build: WallTime(milliseconds: 9000)).time.milliseconds == 9000)
        for text in ["", "x", "-5", "99999999999999999999"] {
            try folder.write("identity/clock-floor", Array(text.utf8))
            #expect(files.clockFloor(build: build).time == build, "\(text)")
        }
    }
}
