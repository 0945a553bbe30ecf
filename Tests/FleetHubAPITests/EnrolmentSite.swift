import FleetHub
import Foundation
import Hummingbird
import Identity
import LinuxPlatform
import Platform
import SQLiteStore
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHubAPI

/// A hub that serves boards over TLS on this machine, as `fleet-hub serve --boards` does.
struct EnrolmentSite: Sendable {
    let hub: FleetHub
    let authority: CertificateAuthority
    let port: Int
    let folder: TemporaryFolder

    /// Runs `body` beside the server.
    /// - Parameters:
    ///   - servedBy: Whose certificate is shown; the hub's own for nil.
    ///   - madeAt: When that certificate is made.
    static func run(
        servedBy other: (@Sendable (CertificateAuthority) throws -> (String, String))? = nil,
        madeAt: WallTime = LinuxTimekeeper().now().wall,
        timekeeper: any Timekeeper = LinuxTimekeeper(),
        limits: EnrolmentLimits = EnrolmentLimits(),
        _ body: @escaping @Sendable (EnrolmentSite) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let authority = try CertificateAuthority.make(at: madeAt)
        let made = try authority.serverCredential(names: ["127.0.0.1"], at: madeAt)
        let (chain, key) = try other?(authority) ?? (made.chainPEM, made.keyPEM)
        var settings = FleetHub.Settings()
        settings.boardsPlace = ("127.0.0.1", 1)
        let hub = try FleetHub(
            store: try HubStore(path: folder.path + "/hub.db", epoch: Epoch(nonce: 0xAB01)),
            endpoint: SilentEndpoint(), timekeeper: timekeeper,
            executor: ThreadExecutor(name: "hub"), settings: settings, authority: authority)
        try await withService(
            { onReady in
                try EnrolmentServer(
                    service: hub, host: "127.0.0.1", port: 0, chainPEM: chain, keyPEM: key,
                    limits: limits, onReady: onReady, logger: .silent)
            },
            { port in
                try await body(
                    EnrolmentSite(hub: hub, authority: authority, port: port, folder: folder))
            })
    }

    /// A token that leads to this server's port, whatever the hub thinks that it is.
    func token(approval: Bool = false) async throws -> EnrolmentToken {
        let answer = try await hub.createEnrolmentToken(
            labels: [:], lifetimeSeconds: 3600, needsApproval: approval)
        let token = try EnrolmentToken(try #require(answer["token"]?.stringValue))
        return try EnrolmentToken(
            host: "127.0.0.1", port: port, pin: token.pin, id: token.id, secret: token.secret)
    }

    /// One exchange as a board does it. On a thread of its own: it blocks.
    func exchange(_ request: [UInt8], pin: [UInt8]? = nil) async throws -> [UInt8] {
        let (pin, port) = (pin ?? authority.pin, port)
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        try PinnedHubContact(patience: 20_000).exchange(
                            request, host: "127.0.0.1", port: port, pin: pin,
                            maximumBytes: ESTAnswer.bytesMax)
                    })
            }
        }
    }
}

/// No board is connected here.
final class SilentEndpoint: HubEndpoint {
    let links: [LinkKind] = []
    let events: AsyncStream<HubEndpointEvent>
    private let continuation: AsyncStream<HubEndpointEvent>.Continuation

    init() { (events, continuation) = AsyncStream.makeStream() }

    func send(_ frame: [UInt8], to device: String) -> LinkSendResult { .sent }
    func acknowledge(through count: UInt64) {}
    func close() { continuation.finish() }
}

/// The hub's clock, which a test sets ahead by days.
final class DayClock: Timekeeper, @unchecked Sendable {
    // @unchecked: `days` is only touched with `lock` held.
    private let lock = NSLock()
    private var days: Int64 = 0
    let bootID = BootID(rawValue: 1)

    func advance(days more: Int64) { lock.withLock { days += more } }

    func now() -> ClockReading {
        let wall = Release.date.milliseconds + lock.withLock { days } * 86_400_000
        return ClockReading(
            monotonic: MonotonicTime(milliseconds: wall - Release.date.milliseconds),
            wall: WallTime(milliseconds: wall), isDisciplined: true)
    }
}

/// A board's clock that stands still.
struct StoppedClock: Timekeeper {
    let bootID = BootID(rawValue: 2)
    let wall: WallTime

    func now() -> ClockReading {
        ClockReading(
            monotonic: MonotonicTime(milliseconds: 0), wall: wall, isDisciplined: false)
    }
}
