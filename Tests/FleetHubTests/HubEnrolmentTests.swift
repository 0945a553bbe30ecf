import Foundation
import Identity
import Platform
import SQLiteStore
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

/// A hub with an authority, and boards that want to join.
private final class EnrolmentHarness: Sendable {
    let clock = SettableClock()
    let hub: FleetHub
    let authority: CertificateAuthority

    init(_ folder: TemporaryFolder, authority: CertificateAuthority? = nil) throws {
        self.authority = try authority ?? CertificateAuthority.make(at: Release.date)
        var settings = FleetHub.Settings()
        settings.boardsPlace = ("hub.example", 8443)
        hub = try FleetHub(
            store: try HubStore(path: folder.path + "/hub.db", epoch: Epoch(nonce: 0xAB01)),
            endpoint: FakeEndpoint(), timekeeper: clock, executor: QueueExecutor(),
            settings: settings, authority: self.authority)
    }

    func token(
        labels: [String: String] = [:], seconds: Int64 = 3600, approval: Bool = false
    ) async throws -> EnrolmentToken {
        let answer = try await hub.createEnrolmentToken(
            labels: labels, lifetimeSeconds: seconds, needsApproval: approval)
        return try EnrolmentToken(try #require(answer["token"]?.stringValue))
    }

    func enroll(
        _ name: String, _ signer: TestSigner, _ token: EnrolmentToken
    ) async throws -> EnrolmentAnswer {
        let request = try signer.request(name)
        let header = EnrolmentRequest(request, token: token, digests: CryptoDigests()).credential
        return try await hub.enroll(request.der, authorization: header.header)
    }

    func certificate(_ answer: EnrolmentAnswer) throws -> CertificateFacts {
        guard case .certificate(let message) = answer else {
            throw HubError(.unavailable, "No certificate.", hint: "")
        }
        return try CertificateFacts(der: try CertificateBundle(der: message).certificates[0])
    }

    func code(_ body: () async throws -> Void) async -> HubError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? HubError)?.code
        }
    }

    func state(_ device: String) async throws -> String? {
        try await hub.device(device)["identity"]?["state"]?.stringValue
    }
}

/// A clock that a test sets to any day.
final class SettableClock: Timekeeper {
    let bootID = BootID(rawValue: 1)
    private let wall = Guarded(Release.date.milliseconds)

    func now() -> ClockReading {
        let wall = wall.with { $0 }
        return ClockReading(
            monotonic: MonotonicTime(milliseconds: wall - Release.date.milliseconds),
            wall: WallTime(milliseconds: wall), isDisciplined: true)
    }

    func advance(days: Int64) { wall.with { $0 += days * 86_400_000 } }
    func advance(seconds: Int64) { wall.with { $0 += seconds * 1000 } }
}

@Suite struct HubEnrolmentTests {
    @Test func aBoardJoinsWithOneToken() async throws {
        let fleet = try EnrolmentHarness(try TemporaryFolder())
        let token = try await fleet.token(labels: ["site": "barn"])
        #expect(token.host == "hub.example")
        #expect(token.pin == fleet.authority.pin)
        let signer = TestSigner()
        let facts = try fleet.certificate(try await fleet.enroll("pump-1", signer, token))
        #expect(facts.publicKey == signer.publicKey)
        #expect(facts.commonName == "pump-1")
        let device = try await fleet.hub.device("pump-1")
        #expect(device["labels"]?["site"]?.stringValue == "barn")
        #expect(device["identity"]?["state"]?.stringValue == "active")
        #expect(
            device["identity"]?["certificate_expires_at"]?.stringValue
                == RFC3339.text(facts.notAfter))
        let tokens = try await fleet.hub.enrolmentTokens()["tokens"]?.arrayValue
        #expect(tokens?.first?["state"]?.stringValue == "used")
        #expect(tokens?.first?["device"]?.stringValue == "pump-1")
    }

    /// `fleet token withdraw` would take an id that begins with a dash for an option; one of
    /// 64 did.
    @Test func aTokensIdBeginsWithALetter() {
        #expect((0..<2000).allSatisfy { _ in FleetHub.newTokenId().first?.isLetter == true })
    }

    @Test func aTokenIsForOneBoardWhosAnswerMayBeLost() async throws {
        let fleet = try EnrolmentHarness(try TemporaryFolder())
        let token = try await fleet.token()
        let signer = TestSigner()
        _ = try await fleet.enroll("pump-1", signer, token)
        fleet.clock.advance(seconds: 7200)
        _ = try fleet.certificate(try await fleet.enroll("pump-1", signer, token))
        #expect(
            await fleet.code { _ = try await fleet.enroll("pump-2", TestSigner(), token) }
                == .unauthorized)
        #expect(
            await fleet.code { _ = try await fleet.enroll("pump-1", TestSigner(), token) }
                == .unauthorized)
    }

    @Test func expiredWithdrawnAndForgedTokensAreRefused() async throws {
        let fleet = try EnrolmentHarness(try TemporaryFolder())
        let token = try await fleet.token(seconds: 60)
        fleet.clock.advance(seconds: 61)
        #expect(
            await fleet.code { _ = try await fleet.enroll("a", TestSigner(), token) }
                == .unauthorized)
        let other = try await fleet.token()
        try await fleet.hub.withdrawEnrolmentToken(other.id)
        #expect(
            await fleet.code { _ = try await fleet.enroll("a", TestSigner(), other) }
                == .unauthorized)
        let good = try await fleet.token()
        let forged = try EnrolmentToken(
            host: "x", port: 1, pin: good.pin, id: good.id,
            secret: [UInt8](repeating: 0, count: 16))
        #expect(
            await fleet.code { _ = try await fleet.enroll("a", TestSigner(), forged) }
                == .unauthorized)
        // A proof is for one request: it does not carry another one.
        let mine = EnrolmentRequest(
            try TestSigner().request("a"), token: good, digests: CryptoDigests())
        let theirs = try TestSigner().request("a").der
        #expect(
            await fleet.code {
                _ = try await fleet.hub.enroll(theirs, authorization: mine.credential.header)
            } == .unauthorized)
        #expect(
            await fleet.code { _ = try await fleet.hub.enroll(theirs, authorization: nil) }
                == .unauthorized)
        #expect(await fleet.code { _ = try await fleet.enroll("a", TestSigner(), good) } == nil)
        #expect(
            await fleet.code { try await fleet.hub.withdrawEnrolmentToken("AQIDBAUG") }
                == .notFound)
    }

    @Test func theSecretIsNotInTheDatabase() async throws {
        let folder = try TemporaryFolder()
        let fleet = try EnrolmentHarness(folder)
        let token = try await fleet.token()
        try await fleet.hub.checkpoint()
        let stored = try folder.read("hub.db") + ((try? folder.read("hub.db-wal")) ?? [])
        let text = Array(Base64.encode(token.secret, .url).utf8)
        #expect(!Self.contains(stored, token.secret))
        #expect(!Self.contains(stored, text))
        // The look finds what is there.
        #expect(Self.contains(stored, Array(token.id.utf8)))
    }

    private static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        Data(bytes).range(of: Data(part)) != nil
    }

    @Test func anApprovalIsWaitedFor() async throws {
        let folder = try TemporaryFolder()
        let fleet = try EnrolmentHarness(folder)
        let token = try await fleet.token(approval: true)
        let signer = TestSigner()
        #expect(
            try await fleet.enroll("pump-1", signer, token)
                == .wait(seconds: EnrolmentRule.retryAfterSeconds))
        #expect(try await fleet.state("pump-1") == "pending")
        // A person may take days.
        fleet.clock.advance(days: 3)
        let again = try EnrolmentHarness(folder, authority: fleet.authority)
        again.clock.advance(days: 3)
        #expect(try await again.state("pump-1") == "pending")
        _ = try await again.hub.decide("pump-1", .approve)
        _ = try again.certificate(try await again.enroll("pump-1", signer, token))
        #expect(try await again.state("pump-1") == "active")
    }

    @Test func oneKeyUnderTwoNamesPutsBothIntoQuarantine() async throws {
        let fleet = try EnrolmentHarness(try TemporaryFolder())
        let events = await fleet.hub.events(after: 0)
        let signer = TestSigner()
        _ = try await fleet.enroll("pump-1", signer, try await fleet.token())
        #expect(
            await fleet.code {
                _ = try await fleet.enroll("pump-2", signer, try await fleet.token())
            } == .refused)
        #expect(try await fleet.state("pump-1") == "quarantined")
        #expect(
            await fleet.code { _ = try await fleet.hub.reenroll(signer.request("pump-1").der) }
                == .refused)
        // The way out: one of them gets a new identity, the other is believed again.
        _ = try fleet.certificate(
            try await fleet.enroll("pump-2", TestSigner(), try await fleet.token()))
        _ = try await fleet.hub.decide("pump-1", .approve)
        #expect(try await fleet.state("pump-1") == "active")
        #expect(try await fleet.state("pump-2") == "active")
        var seen: [String] = []
        for await event in events {
            seen.append(event.data["state"]?.stringValue ?? "")
            if seen.last == "active" { break }
        }
        #expect(seen.count { $0 == "clone_suspected" } == 1)
    }

    /// What the hub tells its broker, and that it says when there is something to tell.
    @Test func aBrokerLearnsWhoIsNotBelieved() async throws {
        let fleet = try EnrolmentHarness(try TemporaryFolder())
        var changes = fleet.hub.accessChanges.makeAsyncIterator()
        let shared = TestSigner()
        let facts = try fleet.certificate(
            try await fleet.enroll("pump-1", shared, try await fleet.token()))
        _ = try await fleet.enroll("pump-2", TestSigner(), try await fleet.token())
        _ = try await fleet.enroll(
            "pump-3", TestSigner(), try await fleet.token(approval: true))
        #expect(await changes.next() != nil)
        #expect(try await fleet.hub.brokerAccess().barred == [])
        // Another board with its key: in quarantine, and not on the list.
        _ = await fleet.code {
            _ = try await fleet.enroll("pump-4", shared, try await fleet.token())
        }
        #expect(await changes.next() != nil)
        #expect(try await fleet.hub.brokerAccess().barred == ["pump-1"])
        #expect(try await fleet.hub.brokerAccess().revoked == [:])
        _ = try await fleet.hub.decide("pump-1", .approve)
        #expect(await changes.next() != nil)
        #expect(try await fleet.hub.brokerAccess().barred == [])
        _ = try await fleet.hub.decide("pump-1", .revoke)
        #expect(await changes.next() != nil)
        let access = try await fleet.hub.brokerAccess()
        #expect(access.barred == ["pump-1"] && Array(access.revoked.values) == ["pump-1"])
        #expect(Self.contains(access.revocationList, facts.serial))
        // With a new key the name is free again, and the old certificate is not.
        _ = try await fleet.enroll("pump-1", TestSigner(), try await fleet.token())
        #expect(await changes.next() != nil)
        #expect(try await fleet.hub.brokerAccess().barred == [])
        #expect(try await fleet.hub.brokerAccess().revoked.count == 1)
        // Removed and forgotten it has no row any more, but its certificate is out there.
        _ = try await fleet.hub.removeDevice("pump-2", forget: true)
        #expect(await changes.next() != nil)
        #expect(Set(try await fleet.hub.brokerAccess().revoked.values) == ["pump-1", "pump-2"])
    }

    /// No device can have the hub's own name, nor what a certificate for serving has.
    @Test func theHubsNameAtTheBrokerIsNobodys() throws {
        let authority = try CertificateAuthority.make(at: Release.date)
        #expect(DeviceName(CertificateAuthority.hubName) == nil)
        let made = try authority.clientCredential(
            name: CertificateAuthority.hubName, life: 600_000, at: Release.date)
        let facts = try CertificateFacts(der: made.certificate)
        #expect(facts.commonName == CertificateAuthority.hubName)
        #expect(facts.notAfter.milliseconds == Release.date.milliseconds + 600_000)
    }

    @Test func revokedMeansRevokedUntilThereIsANewKey() async throws {
        let fleet = try EnrolmentHarness(try TemporaryFolder())
        let signer = TestSigner()
        let facts = try fleet.certificate(
            try await fleet.enroll("pump-1", signer, try await fleet.token()))
        _ = try await fleet.hub.decide("pump-1", .revoke)
        let list = try await fleet.hub.revocationList()
        #expect(Self.contains(list, facts.serial))
        #expect(
            await fleet.code { _ = try await fleet.hub.reenroll(signer.request("pump-1").der) }
                == .refused)
        #expect(
            await fleet.code {
                _ = try await fleet.enroll("pump-1", signer, try await fleet.token())
            } == .refused)
        #expect(
            await fleet.code { _ = try await fleet.hub.decide("pump-1", .approve) } == .conflict)
        #expect(await fleet.hub.identityRefusal(of: "pump-1") != nil)
        _ = try fleet.certificate(
            try await fleet.enroll("pump-1", TestSigner(), try await fleet.token()))
        #expect(await fleet.hub.identityRefusal(of: "pump-1") == nil)
        #expect(await fleet.hub.identityRefusal(of: "never-enrolled") == nil)
    }

    @Test func aDecommissionedNameIsFreeOnlyWhenItIsForgotten() async throws {
        let fleet = try EnrolmentHarness(try TemporaryFolder())
        _ = try await fleet.enroll("pump-1", TestSigner(), try await fleet.token())
        _ = try await fleet.hub.decide("pump-1", .decommission)
        #expect(await fleet.code { _ = try await fleet.hub.device("pump-1") } == .notFound)
        #expect(
            await fleet.code {
                _ = try await fleet.enroll("pump-1", TestSigner(), try await fleet.token())
            } == .refused)
        try await fleet.hub.removeDevice("pump-1", forget: true)
        _ = try await fleet.enroll("pump-1", TestSigner(), try await fleet.token())
        #expect(try await fleet.state("pump-1") == "active")
        #expect(await fleet.code { _ = try await fleet.hub.decide("none", .revoke) } == .notFound)
    }

    @Test func whatBoardsDoAboutTheirIdentityIsOnRecord() async throws {
        let fleet = try EnrolmentHarness(try TemporaryFolder())
        let signer = TestSigner()
        let token = try await fleet.token()
        _ = try await fleet.enroll("pump-1", signer, token)
        // Asked again it is given the same, and that is no row.
        _ = try await fleet.enroll("pump-1", signer, token)
        fleet.clock.advance(days: 200)
        _ = try await fleet.hub.reenroll(try signer.request("pump-1").der)
        _ = try await fleet.hub.reenroll(try signer.request("pump-1").der)
        let log = try await fleet.hub.auditLog(
            after: 0, since: WallTime(milliseconds: 0), limit: 100)
        let rows = (log["rows"]?.arrayValue ?? []).filter { $0["role"]?.stringValue == "board" }
        #expect(rows.map { $0["action"]?.stringValue } == ["enrol", "renew"])
        #expect(rows.allSatisfy { $0["operator"]?.stringValue == "pump-1" })
        #expect(
            rows.first?["detail"]?.stringValue?.hasPrefix("token \(token.id), certificate until 20")
                == true)
    }

    @Test func aCertificateIsRenewedForItsKeyAndUntilTheGraceEnds() async throws {
        let fleet = try EnrolmentHarness(try TemporaryFolder())
        let signer = TestSigner()
        let first = try fleet.certificate(
            try await fleet.enroll("pump-1", signer, try await fleet.token()))
        let request = try signer.request("pump-1").der
        func renewed() async throws -> CertificateFacts {
            try fleet.certificate(try await fleet.hub.reenroll(request))
        }
        // Young: the same again, however often one asks.
        #expect(try await renewed() == first)
        fleet.clock.advance(days: 130)
        let second = try await renewed()
        #expect(second.serial != first.serial)
        #expect(second.publicKey == first.publicKey)
        #expect(try await renewed() == second)
        // Ended, but within the grace.
        fleet.clock.advance(days: 365 + 399)
        let third = try await renewed()
        #expect(third.notAfter > fleet.clock.now().wall)
        fleet.clock.advance(days: 365 + 401)
        #expect(await fleet.code { _ = try await renewed() } == .refused)
        // A token heals that, and the key may stay.
        _ = try await fleet.enroll("pump-1", signer, try await fleet.token())
        _ = try await renewed()
        #expect(
            await fleet.code {
                _ = try await fleet.hub.reenroll(TestSigner().request("pump-1").der)
            } == .unauthorized)
        #expect(
            await fleet.code {
                _ = try await fleet.hub.reenroll(TestSigner().request("pump-9").der)
            } == .unauthorized)
    }

    @Test func tokensAndWaitersAreBounded() async throws {
        let fleet = try EnrolmentHarness(try TemporaryFolder())
        for _ in 0..<20 { _ = try await fleet.token() }
        fleet.clock.advance(days: 8)
        _ = try await fleet.token()
        // A week after their end they are forgotten.
        #expect(try await fleet.hub.enrolmentTokens()["tokens"]?.arrayValue?.count == 1)
    }

    @Test func aHubWithoutAuthorityOrPlaceSaysSo() async throws {
        let folder = try TemporaryFolder()
        try await HubHarness.run(folder) { board in
            await #expect(throws: HubError.self) { try await board.hub.authorityCertificates() }
            await #expect(throws: HubError.self) {
                try await board.hub.createEnrolmentToken(
                    labels: [:], lifetimeSeconds: 60, needsApproval: false)
            }
        }
    }
}

extension FleetHub {
    func checkpoint() throws { try store.checkpoint() }
}
