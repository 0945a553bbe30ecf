import Foundation
import Glibc
import LinuxPlatform
import Platform
import Simulator
import TestSupport
import Testing

/// A hub under test: where it is, and what it is known by.
struct ContactStage: Sendable {
    let contact: any HubContact
    let port: Int
    let pin: [UInt8]
}

/// Who has the pin answers; who has another is told nothing; an answer is bounded.
func hubContactContract(_ stage: ContactStage, isAway: () -> Void) -> [String] {
    var verdict = Verdict()
    let request = Array("GET / HTTP/1.0\r\n\r\n".utf8)
    func ask(_ pin: [UInt8], maximumBytes: Int = 1 << 20) -> Result<[UInt8], HubContactError> {
        Result { () throws(HubContactError) in
            try stage.contact.exchange(
                request, host: "127.0.0.1", port: stage.port, pin: pin, maximumBytes: maximumBytes)
        }
    }
    func code(_ result: Result<[UInt8], HubContactError>) -> HubContactError.Code? {
        if case .failure(let error) = result { error.code } else { nil }
    }
    let answer = try? ask(stage.pin).get()
    verdict.require(answer?.isEmpty == false, "the hub of the pin does not answer")
    var other = stage.pin
    other[0] ^= 1
    verdict.require(code(ask(other)) == .notTheHub, "a hub of another pin is believed")
    verdict.require(
        code(ask(stage.pin, maximumBytes: 10)) == .unreachable, "an answer has no bound")
    verdict.require((try? ask(stage.pin).get()) != nil, "it does not answer again")
    isAway()
    verdict.require(code(ask(stage.pin)) == .unreachable, "a hub that is away is not missed")
    return verdict.faults
}

@Suite struct HubContactContracts {
    @Test func simulated() {
        let contact = SimHubContact(pin: [UInt8](repeating: 3, count: 32)) { _ in
            [UInt8](repeating: 65, count: 100)
        }
        let stage = ContactStage(
            contact: contact, port: 1, pin: [UInt8](repeating: 3, count: 32))
        #expect(hubContactContract(stage) { contact.isReachable = false } == [])
        // Only what reached the hub of the pin did.
        #expect(contact.requests == 3)
    }

    /// The other side is OpenSSL's own server.
    @Test(.enabled(if: TestCertificates.canBeMade, "needs openssl"))
    func pinned() async throws {
        let certificates = try TestCertificates()
        try await certificates.make("ca", as: "authority", by: nil)
        try await certificates.make(
            "hub", as: "fleet-hub", by: "ca",
            extensions: ["subjectAltName=DNS:fleet-hub", "extendedKeyUsage=serverAuth"])
        let port = Int.random(in: 20_000...40_000)
        let server = Process()
        server.executableURL = URL(filePath: "/usr/bin/env")
        server.arguments = [
            "openssl", "s_server", "-accept", "\(port)", "-cert", "hub.pem", "-key", "hub.key",
            "-cert_chain", "ca.pem", "-www", "-quiet",
        ]
        server.currentDirectoryURL = URL(filePath: certificates.folder.path)
        server.standardInput = FileHandle.nullDevice
        server.standardOutput = FileHandle.nullDevice
        server.standardError = FileHandle.nullDevice
        try server.run()
        // Not by SIGTERM: a thread of the tests may hold that back, and its child inherits this.
        defer { kill(server.processIdentifier, SIGKILL) }
        let pin = try await certificates.pin(of: "ca")
        let contact = PinnedHubContact(patience: 10_000)
        let stage = ContactStage(contact: contact, port: port, pin: pin)
        // It takes a moment until it listens.
        var isUp = false
        for _ in 0..<200 where !isUp {
            isUp =
                (try? contact.exchange(
                    Array("GET / HTTP/1.0\r\n\r\n".utf8), host: "127.0.0.1", port: port, pin: pin,
                    maximumBytes: 1 << 20)) != nil
            if !isUp { try await Task.sleep(for: .milliseconds(50)) }
        }
        #expect(isUp)
        let faults = hubContactContract(stage) {
            kill(server.processIdentifier, SIGKILL)
            server.waitUntilExit()
        }
        #expect(faults == [])
    }
}
