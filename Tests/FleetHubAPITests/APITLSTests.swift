import FleetClient
import FleetHub
import Identity
import LinuxPlatform
import Platform
import TestSupport
import Testing

@testable import FleetHubAPI

/// The API over TLS with `fleet`'s own client: which hub it believes, and that a token goes to no
/// other.
@Suite(.timeLimit(.minutes(2))) struct APITLSTests {
    /// A hub's authority, and what its API serves with.
    private struct Site {
        let authority: CertificateAuthority
        let credential: ServerCredential

        init() throws {
            let now = LinuxTimekeeper().now().wall
            authority = try CertificateAuthority.make(at: now)
            // By no address: a hub is known by its one name, whatever was dialled.
            let made = try authority.serverCredential(names: [], at: now)
            credential = ServerCredential(chainPEM: made.chainPEM, keyPEM: made.keyPEM)
        }

        var hash: String { Base64.encode(authority.pin, .url) }
    }

    private static func url(_ port: Int, _ scheme: String = "https") throws -> HubURL {
        try HubURL("\(scheme)://127.0.0.1:\(port)")
    }

    /// How many devices a call with a token finds.
    private static func call(
        _ url: HubURL, believing authority: HubAuthority?
    ) async -> Result<Int, FleetClientError> {
        let client = FleetClient(url: url, token: FakeHub.token, authority: authority)
        let result: Result<Int, FleetClientError>
        do throws(FleetClientError) {
            result = .success(try await client.devices().content.count)
        } catch {
            result = .failure(error)
        }
        await client.shutdown()
        return result
    }

    @Test func theRightHashIsBelieved() async throws {
        let site = try Site()
        let hub = FakeHub(authorityPEM: site.authority.certificatePEM)
        try await withHubServer(hub, tls: site.credential) { port in
            let url = try Self.url(port)
            let found = try await HubAuthority.fetch(from: url, hash: site.hash)
            #expect(found.hash == site.hash)
            #expect(await hub.calls == ["authority"])
            let result = await Self.call(url, believing: found)
            #expect(try result.get() == 1)
            #expect(await hub.calls == ["authority", "devices -"])
        }
    }

    @Test func anotherHashIsRefused() async throws {
        let (site, other) = (try Site(), try Site())
        let hub = FakeHub(authorityPEM: site.authority.certificatePEM)
        try await withHubServer(hub, tls: site.credential) { port in
            let url = try Self.url(port)
            let error = await #expect(throws: FleetClientError.self) {
                try await HubAuthority.fetch(from: url, hash: other.hash)
            }
            #expect(error?.code == .refused)
            #expect(error?.description.contains("not the one that was given") == true)
        }
    }

    /// The certificate of the authority is public: who shows it has not its key.
    @Test func whoShowsTheAuthorityOfAnotherGetsNoToken() async throws {
        let (site, impostor) = (try Site(), try Site())
        let hub = FakeHub(authorityPEM: site.authority.certificatePEM)
        try await withHubServer(hub, tls: impostor.credential) { port in
            let url = try Self.url(port)
            let found = try await HubAuthority.fetch(from: url, hash: site.hash)
            let result = await Self.call(url, believing: found)
            #expect(throws: FleetClientError.self) { try result.get() }
            guard case .failure(let error) = result else { return }
            #expect(error.code == .refused)
            #expect(error.description.contains("does not prove itself"))
            #expect(await hub.calls == ["authority"])
        }
    }

    /// A board's certificate is by the same authority, and is none of a server.
    @Test func aBoardsCertificateIsNoHubs() async throws {
        let site = try Site()
        let made = try site.authority.clientCredential(
            name: CertificateAuthority.hubName, life: .seconds(60),
            at: LinuxTimekeeper().now().wall)
        let credential = ServerCredential(
            chainPEM: PEM.text("CERTIFICATE", made.certificate) + site.authority.certificatePEM,
            keyPEM: PEM.text("PRIVATE KEY", made.key))
        let authority = try HubAuthority(certificatePEM: site.authority.certificatePEM)
        let hub = FakeHub()
        try await withHubServer(hub, tls: credential) { port in
            guard
                case .failure(let error) = await Self.call(
                    try Self.url(port), believing: authority)
            else {
                Issue.record("a board's certificate was believed")
                return
            }
            #expect(error.code == .refused)
            #expect(await hub.calls == [])
        }
    }

    @Test func withoutAHashNobodyIsBelievedWhomThisMachineDoesNotKnow() async throws {
        let site = try Site()
        let hub = FakeHub()
        try await withHubServer(hub, tls: site.credential) { port in
            guard case .failure(let error) = await Self.call(try Self.url(port), believing: nil)
            else {
                Issue.record("an unknown authority was believed")
                return
            }
            #expect(error.code == .refused)
            #expect(error.description.contains("--ca HASH"))
            #expect(await hub.calls == [])
        }
    }

    @Test func nothingPlainIsServedThere() async throws {
        let site = try Site()
        let hub = FakeHub()
        try await withHubServer(hub, tls: site.credential) { port in
            let line = TCPLine(port: port)
            line.say("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
            try await eventually("it is ended") {
                guard let heard = line.heard else { return true }
                #expect(!heard.contains("HTTP/1.1"))
                return false
            }
            #expect(await hub.calls == [])
        }
    }

    @Test func plainHTTPHasNothingToPin() async throws {
        let site = try Site()
        let error = await #expect(throws: FleetClientError.self) {
            try await HubAuthority.fetch(from: try Self.url(1, "http"), hash: site.hash)
        }
        #expect(error?.code == .usage)
    }
}
