import Foundation
import Platform
import TestSupport
import Testing

@testable import LinuxPlatform

/// MQTT over TLS with the real mosquitto: who gets in, who does not, and what a board is told.
@Suite(
    .enabled(
        if: Mosquitto.program != nil && TestCertificates.canBeMade,
        "needs mosquitto and openssl"))
struct MosquittoTLSTests {
    private let certificates: TestCertificates
    private let broker: Mosquitto

    init() async throws {
        certificates = try TestCertificates()
        try await certificates.make("ca", as: "fleet", by: nil)
        try await certificates.make("foreign", as: "fleet", by: nil)
        try await certificates.make("hub", as: "fleet-hub", by: "ca")
        try await certificates.make("board", as: "board", by: "ca")
        broker = try Mosquitto(security: [
            "allow_anonymous false", "require_certificate true", "use_identity_as_username true",
            "use_username_as_clientid true", "cafile \(certificates.path("ca", "pem"))",
            "certfile \(certificates.path("hub", "pem"))",
            "keyfile \(certificates.path("hub", "key"))",
        ])
        try await broker.start()
    }

    @Test func certifiedEndsMeet() async throws {
        let client = client { .tls(host: "127.0.0.1", port: broker.port, try credential("board")) }
        #expect(try await client.events { $0.contains { $0.isConnected } })
        // More than a TLS record, and more than the socket takes at once.
        let payload = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(client.client.publish(topic: "t", payload: payload, isRetained: false) != .busy)
        #expect(try await client.events { $0.contains { $0.payload == payload } })
        client.client.close()
    }

    /// Who is refused, and the words that a board's log and status then have.
    @Test(arguments: [
        ("forged", "board", "foreign", "ca", "unknown CA"),
        ("good", "board", "ca", "foreign", "not this fleet's broker"),
    ])
    func strangersAreToldWhy(
        name: String, commonName: String, authority: String, trusted: String, words: String
    ) async throws {
        try await certificates.make(name, as: commonName, by: authority)
        let route = MosquittoRoute.tls(
            host: "127.0.0.1", port: broker.port, try credential(name, trusting: trusted))
        let client = client { route }
        #expect(try await client.events { $0.contains { $0.reason?.contains(words) == true } })
        #expect(!client.collected.elements.contains { $0.isConnected })
        client.client.close()
    }

    /// A broker that another board plays: its certificate is of the right authority.
    @Test func aBoardIsNoBroker() async throws {
        let impostor = try Mosquitto(security: [
            "allow_anonymous true", "certfile \(certificates.path("board", "pem"))",
            "keyfile \(certificates.path("board", "key"))",
        ])
        try await impostor.start()
        let client = client {
            .tls(host: "127.0.0.1", port: impostor.port, try credential("board"))
        }
        #expect(
            try await client.events {
                $0.contains { $0.reason?.contains("not this fleet's broker") == true }
            })
        client.client.close()
    }

    /// The route is asked before each connection: nothing, then another certificate.
    @Test func aRouteIsTakenUpWhenItIsThere() async throws {
        let place = Locked(MosquittoRoute.none(reason: "not enrolled"))
        let client = client { place.with { $0 } }
        #expect(try await client.events { $0.contains { $0.reason == "not enrolled" } })
        let route = MosquittoRoute.tls(
            host: "127.0.0.1", port: broker.port, try credential("board"))
        place.with { $0 = route }
        #expect(try await client.events { $0.contains { $0.isConnected } })
        client.client.close()
    }

    @Test func aPlainClientIsRefused() async throws {
        let client = client { .plain(host: "127.0.0.1", port: broker.port) }
        #expect(try await client.events { $0.contains { $0.reason != nil } })
        #expect(!client.collected.elements.contains { $0.isConnected })
        client.client.close()
    }

    @Test func aCertificateGivesWayOnItsLastDay() throws {
        let day: Int64 = 86_400_000
        func route(_ name: UInt8, end: Int64?) -> MosquittoRoute {
            .tls(
                host: "h", port: 1,
                MosquittoCredential(
                    authority: [], certificate: [name], key: [],
                    end: end.map { WallTime(milliseconds: $0) }))
        }
        let (now, next) = (WallTime(milliseconds: 10 * day), route(2, end: 90 * day))
        #expect(!route(1, end: 12 * day).givesWay(to: next, at: now))
        #expect(route(1, end: 11 * day).givesWay(to: next, at: now))
        #expect(!route(2, end: 11 * day).givesWay(to: route(2, end: 11 * day), at: now))
        #expect(!route(1, end: nil).givesWay(to: next, at: now))
        let plain = MosquittoRoute.plain(host: "h", port: 1)
        #expect(plain.givesWay(to: next, at: now) && !next.givesWay(to: plain, at: now))
        #expect(!next.givesWay(to: .none(reason: "damaged"), at: now))
    }

    private func credential(
        _ name: String, trusting authority: String = "ca"
    ) throws -> MosquittoCredential {
        func der(_ label: String, _ path: String) throws -> [UInt8] {
            try #require(PEM.first(label, in: try String(contentsOfFile: path, encoding: .utf8)))
        }
        return MosquittoCredential(
            authority: try der("CERTIFICATE", certificates.path(authority, "pem")),
            certificate: try der("CERTIFICATE", certificates.path(name, "pem")),
            key: try der("PRIVATE KEY", certificates.path(name, "key")))
    }

    private func client(_ route: @escaping @Sendable () throws -> MosquittoRoute) -> Listener {
        Listener(settings: broker.client("board"), route)
    }
}

/// A client and what it said so far.
private struct Listener {
    let client: MosquittoClient
    let collected: Collected<MosquittoClient.Event>

    init(
        settings: MosquittoClient.Settings, _ route: @escaping @Sendable () throws -> MosquittoRoute
    ) {
        var settings = settings
        settings.subscriptions = ["t"]
        settings.route = {
            do { return try route() } catch { return .none(reason: "\(error)") }
        }
        let collected = Collected<MosquittoClient.Event>()
        self.collected = collected
        client = MosquittoClient(name: "test", settings: settings, entropy: LinuxEntropy()) {
            collected.append($0)
        }
    }

    func events(_ condition: ([MosquittoClient.Event]) -> Bool) async throws -> Bool {
        try await Stage.linux.eventually { condition(collected.elements) }
    }
}

extension MosquittoClient.Event {
    fileprivate var isConnected: Bool { if case .connected = self { true } else { false } }

    fileprivate var reason: String? {
        if case .disconnected(let reason) = self { reason } else { nil }
    }

    fileprivate var payload: [UInt8]? {
        if case .messages(let messages, _) = self { messages.first?.payload } else { nil }
    }
}
