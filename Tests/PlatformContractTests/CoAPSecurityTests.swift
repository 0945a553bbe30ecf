import Platform
import TestSupport
import Testing

@testable import LinuxPlatform

/// coaps:// between two real ends: who gets in, under which name, and who does not.
@Suite(.enabled(if: CoAPStage.isInstalled, "needs libcoap (Debian: libcoap3)"))
struct CoAPSecurityTests {
    @Test(.enabled(if: TestCertificates.canBeMade, "needs openssl"))
    func certificatesSayWhoSpeaks() async throws {
        let certificates = try TestCertificates()
        try await certificates.make("ca", as: "fleet", by: nil)
        try await certificates.make("hub", as: "hub", by: "ca")
        try await certificates.make("board", as: "board", by: "ca")
        let stage = try CoAPStage(
            hub: {
                $0.security = certificates.security("hub", trusting: "ca")
                $0.resolve = CoAPPeer.proved
            }, board: { $0.security = certificates.security("board", trusting: "ca") })
        #expect(try await stage.connect())
        let frame = [UInt8](repeating: 5, count: 20_000)
        #expect(stage.link.send(frame) == .sent)
        #expect(stage.endpoint.send(frame, to: "board") == .sent)
        #expect(
            try await Stage.linux.eventually {
                stage.framesAtHub == [frame] && stage.framesAtBoard == [frame]
            })
        // Another address needs another handshake, and then goes on.
        stage.proxy.move(after: 30)
        #expect(stage.link.send(frame) == .sent)
        #expect(try await Stage.linux.eventually { stage.framesAtHub == [frame, frame] })
        #expect(stage.losses == [])
    }

    @Test(.enabled(if: TestCertificates.canBeMade, "needs openssl"))
    func foreignCertificatesAreRefused() async throws {
        let certificates = try TestCertificates()
        try await certificates.make("ca", as: "fleet", by: nil)
        try await certificates.make("foreign", as: "fleet", by: nil)
        try await certificates.make("hub", as: "hub", by: "ca")
        try await certificates.make("board", as: "board", by: "ca")
        try await certificates.make("forged", as: "board", by: "foreign")
        let good = certificates.security("hub", trusting: "ca")
        // A foreign authority of the same name; and a hub that is only another board.
        for (hub, board) in [
            (good, certificates.security("forged", trusting: "ca")),
            (good, certificates.security("board", trusting: "foreign")),
            (
                certificates.security("board", trusting: "ca"),
                certificates.security("board", trusting: "ca")
            ),
        ] {
            let stage = try CoAPStage(
                hub: {
                    $0.security = hub
                    $0.resolve = CoAPPeer.proved
                }, board: { $0.security = board })
            #expect(try await Stage.linux.eventually { !stage.losses.isEmpty })
            #expect(!stage.down.elements.contains(.connected))
            #expect(!stage.up.elements.contains(.presence(device: "board", isOnline: true)))
        }
    }

    @Test func keysSayWhoSpeaks() async throws {
        let key = [UInt8](repeating: 3, count: 16)
        let stage = try CoAPStage(
            hub: {
                $0.security = .keys(["board": key, "other": [1]])
                $0.resolve = CoAPPeer.proved
            }, board: { $0.security = .keys(["board": key]) })
        #expect(try await stage.connect())
        #expect(stage.link.send([1]) == .sent)
        #expect(try await Stage.linux.eventually { stage.framesAtHub == [[1]] })
        let forger = try CoAPStage(
            hub: {
                $0.security = .keys(["board": key])
                $0.resolve = CoAPPeer.proved
            }, board: { $0.security = .keys(["board": [1, 2, 3]]) })
        #expect(try await Stage.linux.eventually { !forger.losses.isEmpty })
        #expect(!forger.down.elements.contains(.connected))
    }
}

extension TestCertificates {
    /// What one end of a link shows and believes.
    func security(_ name: String, trusting authority: String) -> CoAPSecurity {
        .certificates(
            CoAPCredential(
                authority: certificate(authority), certificate: certificate(name),
                key: key(name)))
    }
}
