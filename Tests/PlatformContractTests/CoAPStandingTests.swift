import Platform
import TestSupport
import Testing

@testable import LinuxPlatform

/// coaps:// where the hub says whom it trusts: who is cut off or turned away, and what both ends
/// get to know of it.
@Suite(
    .enabled(
        if: CoAPStage.isInstalled && TestCertificates.canBeMade, "needs libcoap and openssl"))
struct CoAPStandingTests {
    private static let key: [UInt8] = [7]
    private static let trusted: [String: DeviceStanding] = [
        "board": .trusted(key: key), "other": .trusted(key: key),
    ]

    /// Certificates of a hub, of `board` and of `other`, all by one authority.
    private static func certificates() async throws -> TestCertificates {
        let certificates = try TestCertificates()
        try await certificates.make("ca", as: "fleet", by: nil)
        try await certificates.make("hub", as: "hub", by: "ca")
        try await certificates.make("board", as: "board", by: "ca")
        try await certificates.make("other", as: "other", by: "ca")
        return certificates
    }

    /// A stage whose hub reads every certificate as `certificate`.
    private static func stage(
        _ certificates: TestCertificates, certificate: BoardCertificate = board(),
        showing name: String = "board", standings: [String: DeviceStanding] = [:],
        board: (inout CoAPLink.Settings) -> Void = { _ in }
    ) throws -> CoAPStage {
        try CoAPStage(
            standings: standings,
            hub: {
                $0.security = certificates.security("hub", trusting: "ca")
                $0.resolve = CoAPPeer.proved
                $0.readCertificate = { _ in certificate }
            },
            board: {
                $0.security = certificates.security(name, trusting: "ca")
                board(&$0)
            })
    }

    private static func board(
        name: String = "board", key: [UInt8] = key, end: Int64 = .max
    ) -> BoardCertificate {
        BoardCertificate(name: name, key: key, end: WallTime(milliseconds: end))
    }

    @Test func whoIsNotTrustedAnyMoreIsCutOffAndStaysOut() async throws {
        let stage = try Self.stage(try await Self.certificates(), standings: Self.trusted)
        #expect(try await stage.connect())
        stage.endpoint.judge("board", .refused(reason: "this device's key was revoked"))
        let away = HubEndpointEvent.presence(device: "board", isOnline: false)
        #expect(try await Stage.linux.eventually { stage.up.elements.contains(away) })
        #expect(try await stage.isToldWhy("this device's key was revoked"))
        // It comes back again and again, and is turned away each time.
        #expect(try await Stage.linux.eventually { stage.losses.count >= 4 })
        #expect(stage.down.elements.filter { $0 == .connected }.count == 1)
        #expect(stage.up.elements.last { $0 == away } != nil)
        // The hub hears of it once a minute.
        #expect(
            stage.refusals == [.refused(device: "board", reason: "this device's key was revoked")])
        // Trusted again, it is served again.
        stage.endpoint.judge("board", .trusted(key: Self.key))
        #expect(
            try await Stage.linux.eventually {
                stage.down.elements.filter { $0 == .connected }.count == 2
            })
    }

    @Test(
        arguments: [
            (nil, Int64.max, "this hub knows no device board"),
            (.trusted(key: [1]), .max, "this key of board was replaced by another"),
            (.trusted(key: key), 0, "the certificate of board ended"),
            (.refused(reason: "this device is in quarantine: twins"), .max, "in quarantine: twins"),
        ] as [(DeviceStanding?, Int64, String)])
    func whoIsNotTrustedGetsToKnowWhy(
        standing: DeviceStanding?, end: Int64, reason: String
    ) async throws {
        let stage = try Self.stage(
            try await Self.certificates(), certificate: Self.board(end: end),
            standings: standing.map { ["board": $0] } ?? [:])
        #expect(try await stage.isToldWhy(reason))
        #expect(stage.refusals.count == 1)
        #expect(!stage.down.elements.contains(.connected))
    }

    @Test func nobodySpeaksInTheNameOfAnother() async throws {
        // The board says `d=board`, and its certificate is another's, who is trusted.
        let stage = try Self.stage(
            try await Self.certificates(), certificate: Self.board(name: "other"),
            showing: "other", standings: Self.trusted)
        let reason = "the request names the device board, and its certificate is other's"
        #expect(try await stage.isToldWhy(reason))
        #expect(stage.refusals == [.refused(device: "other", reason: reason)])
        #expect(!stage.up.elements.contains(.presence(device: "board", isOnline: true)))
        #expect(!stage.up.elements.contains(.presence(device: "other", isOnline: true)))
    }

    @Test func whatEndedOrIsForeignIsRefusedInTheHandshake() async throws {
        let certificates = try await Self.certificates()
        try await certificates.make("ended", as: "board", by: "ca", days: -1)
        try await certificates.make("foreign", as: "fleet", by: nil)
        try await certificates.make("forged", as: "board", by: "foreign")
        for (name, atBoard, atHub) in [
            ("ended", "certificate expired", "certificate has expired"),
            ("forged", "unknown CA", "unable to get local issuer certificate"),
        ] {
            let stage = try Self.stage(certificates, showing: name, standings: Self.trusted)
            #expect(try await stage.isToldWhy(atBoard), "\(stage.losses)")
            // The alert leaves before the hub's thread says why it did.
            #expect(try await Stage.linux.eventually { !stage.refusals.isEmpty })
            let refusals = stage.refusals
            guard case .refused(nil, let reason) = refusals.first else {
                Issue.record("the hub says nothing of \(name)")
                continue
            }
            #expect(reason.contains("calls itself board") && reason.contains(atHub), "\(reason)")
            #expect(!stage.down.elements.contains(.connected))
        }
    }

    @Test func aBoardSaysWhyItDoesNotBelieveAHub() async throws {
        let certificates = try await Self.certificates()
        try await certificates.make("foreign", as: "fleet", by: nil)
        let stage = try Self.stage(
            certificates,
            board: { $0.security = certificates.security("board", trusting: "foreign") })
        #expect(try await stage.isToldWhy("the hub's certificate is not believed"))
    }

    @Test func aRenewedCertificateIsTakenUpAndNothingIsLost() async throws {
        let certificates = try await Self.certificates()
        let isRenewed = Locked(false)
        let stage = try Self.stage(
            certificates, standings: Self.trusted,
            board: { settings in
                settings.routeInterval = 50
                let port = settings.port
                settings.route = {
                    let name = isRenewed.with { $0 } ? "other" : "board"
                    return .hub(
                        host: "127.0.0.1", port: port,
                        certificates.security(name, trusting: "ca"))
                }
            })
        #expect(try await stage.connect())
        let sessions = stage.proxy.bindingsCount
        isRenewed.with { $0 = true }
        let frame = [UInt8](repeating: 4, count: 30_000)
        #expect(stage.link.send(frame) == .sent)
        #expect(try await Stage.linux.eventually { stage.proxy.bindingsCount > sessions })
        #expect(try await Stage.linux.eventually { stage.framesAtHub == [frame] })
        #expect(stage.losses == [])
    }

    @Test func keysAndCertificatesGoTogether() async throws {
        let certificates = try await Self.certificates()
        guard
            case .certificates(let credential, _) = certificates.security("hub", trusting: "ca")
        else { return }
        let secret = [UInt8](repeating: 9, count: 16)
        for security in [
            certificates.security("board", trusting: "ca"), .keys(["board": secret]),
        ] {
            let stage = try CoAPStage(
                standings: Self.trusted,
                hub: {
                    $0.security = .certificates(credential, keys: ["board": secret])
                    $0.resolve = CoAPPeer.proved
                    $0.readCertificate = { _ in Self.board() }
                }, board: { $0.security = security })
            #expect(try await stage.connect(), "\(stage.losses)")
            #expect(stage.link.send([1]) == .sent)
            #expect(try await Stage.linux.eventually { stage.framesAtHub == [[1]] })
        }
    }

    @Test func aBoardWithoutAWaySaysWhy() async throws {
        let stage = try Self.stage(
            try await Self.certificates(), board: { $0.route = { .none(reason: "not enrolled") } })
        #expect(try await stage.isToldWhy("not enrolled"))
    }

    @Test func refusalsAreLimited() {
        var limiter = RefusalLimiter()
        let start = MonotonicTime(milliseconds: 0)
        let answers = [("a", 0), ("a", 59_999), ("b", 0), ("a", 60_000)].map { name, later in
            limiter.admits(name, at: start + Milliseconds(later))
        }
        #expect(answers == [true, false, true, true])
        for number in 0...RefusalLimiter.namesMaximum { _ = limiter.admits("\(number)", at: start) }
        #expect(limiter.count <= RefusalLimiter.namesMaximum)
    }

    @Test func failuresAreReadFromLines() {
        let ended = HandshakeFailure(
            "   127.0.0.1:5684 <-> 127.0.0.1:4000 DTLS: certificate has expired: 'a:b' depth=0\n")
        #expect(ended?.side == .here && ended?.reason == "certificate has expired")
        #expect(ended?.name == "a:b")
        let alert = HandshakeFailure(
            "*  127.0.0.1:1 <-> 127.0.0.1:2 DTLS: SSL3 alert read:fatal:unknown CA\n")
        #expect(alert?.side == .there && alert?.reason == "unknown CA")
        #expect(alert.map { ended?.joined(by: $0) } == ended)
        let none = HandshakeFailure(
            "*  127.0.0.1:1 <-> 127.0.0.1:2 DTLS: peer did not return a certificate at "
                + "SSL routines:(null)\n")
        #expect(none?.side == .neither && none?.reason == "peer did not return a certificate")
        // A name that looks like another line is a name.
        for forged in ["alert read:fatal:x", "x at SSL routines:y", "TLS: a: b"] {
            let failure = HandshakeFailure(
                "   127.0.0.1:1 <-> 127.0.0.1:2 DTLS: certificate has expired: '\(forged)' depth=0")
            #expect(failure?.side == .here && failure?.reason == "certificate has expired")
            #expect(failure?.name == forged)
        }
        for known in [ended, alert] {
            #expect(none.map { known?.joined(by: $0) } == known)
            #expect(known.map { none?.joined(by: $0) } == known)
        }
        for line in ["", "TLS: ", "TLS: 'depth=", "TLS: x' depth=1", "***setup_pki: (D)TLS: x"] {
            #expect(HandshakeFailure(line) == nil)
        }
    }
}

extension CoAPStage {
    fileprivate var refusals: [HubEndpointEvent] {
        up.elements.filter { if case .refused = $0 { true } else { false } }
    }

    /// Whether the board loses its link, or gets none, for a reason that says so.
    fileprivate func isToldWhy(_ reason: String) async throws -> Bool {
        try await Stage.linux.eventually {
            losses.contains {
                guard case .disconnected(let text) = $0 else { return false }
                return text.lowercased().contains(reason.lowercased())
            }
        }
    }
}
