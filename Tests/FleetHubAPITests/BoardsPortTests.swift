import FleetHub
import Foundation
import Hummingbird
import Identity
import Logging
import Platform
import TestSupport
import Testing

@testable import FleetHubAPI

/// What the boards' port bears of clients that mean it no good, and what it says of them.
@Suite struct BoardsPortTests {
    @Test func halfOpenConnectionsAreFewAndShort() async throws {
        var limits = EnrolmentLimits()
        limits.clients.connectionsPerAddressMax = 4
        limits.clients.requestSecondsMax = 1
        limits.clients.idleSecondsMax = 600
        try await EnrolmentSite.run(limits: limits) { site in
            let held = (0..<12).map { _ in TCPLine(port: site.port) }
            // All but four at once, and those when their time is over.
            try await eventually("the surplus is closed") { held.count { $0.heard == nil } >= 8 }
            try await eventually("the rest is closed") { held.allSatisfy { $0.heard == nil } }
            // What they held is free again.
            try await eventually("a board is served") {
                let bytes = try? await site.exchange(
                    ESTMessage.request(.caCertificates, host: "127.0.0.1"))
                return bytes.flatMap { try? ESTAnswer($0).status } == 200
            }
        }
    }

    @Test func theLedgerCountsByAddress() {
        let ledger = ConnectionLedger(perAddressMax: 2)
        #expect(ledger.admit("a") && ledger.admit("a") && !ledger.admit("a") && ledger.admit("b"))
        #expect(ledger.total == 3)
        ledger.leave("a")
        #expect(ledger.admit("a"))
        for address in ["a", "a", "b", "b", "c"] { ledger.leave(address) }
        #expect(ledger.total == 0)
    }

    @Test func whatClientsSendForgesNoLine() {
        #expect(
            RefusalLog.harmless("a\nb\r\u{1b}[2J\u{0}é\u{202E}", 100) == "a?b??[2J???")
        #expect(RefusalLog.harmless(String(repeating: "x", count: 500), 80).count == 80)
    }

    @Test func refusalsAreLoggedWithinABound() async throws {
        let lines = LineLog()
        var logger = Logger(label: "test") { _ in lines }
        logger.logLevel = .warning
        let log = RefusalLog(logger: logger, linesPerMinuteMax: 3, clock: ContinuousClock())
        for number in 0..<10 {
            await log.note(address: "10.0.0.\(number)", path: "/x", status: 401, reason: "no\nno")
        }
        #expect(
            lines.texts == (0..<3).map { "boards: refused /x from 10.0.0.\($0) with 401: no?no" })
    }

    @Test func theInstallScriptIsAShellsAndHoldsTheAuthority() async throws {
        let folder = try TemporaryFolder()
        let kit = InstallKit(
            authorityPEM: "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n",
            place: "hub.example:8443", folder: folder.path)
        try folder.write("install", Array(kit.script.utf8))
        let verdict = try await Tool.run(["sh", "-n", "install"], in: folder)
        #expect(verdict.status == 0, "\(verdict.errors)")
        // Without a token it does nothing.
        let bare = try await Tool.run(["sh", "install"], in: folder)
        #expect(bare.status == 2)
        #expect(kit.script.contains("https://hub.example:8443/package/$machine"))
        // A download that broke off anywhere before the end calls nothing.
        #expect(kit.script.hasSuffix("}\nmain \"$@\"\n"))
    }

    @Test func onlyNamesOfPackagesReachTheFolder() {
        for name in ["InRelease", "Packages.gz", "cloudos-edge-agent_0.1.0~1+b1_arm64.deb"] {
            #expect(InstallKit.isPackageFile(name), "\(name)")
        }
        let longest = String(repeating: "a", count: 200)
        #expect(InstallKit.isPackageFile(longest))
        for name in ["", ".", "..", ".Release", "a/b", "..%2fhub.db", "a\0", "ü", longest + "a"] {
            #expect(!InstallKit.isPackageFile(name), "\(name)")
        }
    }
}

/// Keeps what is logged.
private struct LineLog: LogHandler {
    private let kept = Kept()
    var logLevel = Logger.Level.warning
    var metadata = Logger.Metadata()

    var texts: [String] { kept.lock.withLock { kept.texts } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        kept.lock.withLock { kept.texts.append("\(event.message)") }
    }

    private final class Kept: @unchecked Sendable {
        // @unchecked: `texts` is only touched with `lock` held.
        let lock = NSLock()
        var texts: [String] = []
    }
}
