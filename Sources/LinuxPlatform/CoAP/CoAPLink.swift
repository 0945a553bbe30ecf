import CEdgeShims
import Glibc
public import Platform

/// The uplink of a board over CoAP, straight to the hub: no broker between them.
///
/// Frames go up by `POST /v1/up` as confirmable requests in blocks (RFC 7252, 7959), and come down
/// by a poll that the hub holds, `GET /v1/down`, or with the answer to an upload. Nothing is queued
/// while there is no hub.
public struct CoAPLink: Link {
    public struct Settings: Sendable {
        public var host: String
        /// 5683 without security, 5684 with (RFC 7252 §12.6, §12.7).
        public var port: Int
        public var security = CoAPSecurity.none
        /// Where to go instead of `host` and `port`, and with what. Asked before each session and
        /// every `routeInterval` after, on the link's thread.
        public var route: (@Sendable () -> CoAPRoute)?
        public var routeInterval = Milliseconds.seconds(30)
        /// The name in the hub's certificate.
        public var hubName = "hub"
        /// Until a request that nobody acknowledged is sent again (RFC 7252 §4.8).
        public var ackTimeout: Milliseconds = 2000
        /// How long the hub shall hold a poll; below the minute that NAT bindings live.
        public var hold: Milliseconds = 45_000
        /// For an answer, at first; doubles with each of four attempts.
        public var patience: Milliseconds = 4000
        public var reconnectFirst: Milliseconds = 500
        public var reconnectMaximum: Milliseconds = 60_000

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    public let events: AsyncStream<LinkEvent>
    private let continuation: AsyncStream<LinkEvent>.Continuation
    private let loop: CoAPLinkLoop
    private let wake: Int32
    private let timekeeper = LinuxTimekeeper()

    /// Connects, and reconnects for ever, on a thread of its own.
    ///
    /// - Throws: Where libcoap is not installed.
    public init(
        device: String, settings: Settings, entropy: any Entropy
    ) throws(CoAPError) {
        let library = try CoAPLibrary.shared()
        var rules = CoAPUplink.Settings()
        // Where a certificate or a key's identity says it, this must not say another name.
        rules.device = device
        rules.hold = settings.hold
        rules.patience = settings.patience
        rules.reconnectFirst = settings.reconnectFirst
        rules.reconnectMaximum = settings.reconnectMaximum
        // What a slow reader loses here is asked for again, like any frame that a link loses.
        let (stream, continuation) = AsyncStream.makeStream(
            of: LinkEvent.self, bufferingPolicy: .bufferingOldest(1024))
        events = stream
        self.continuation = continuation
        wake = edge_eventfd()
        let loop = CoAPLinkLoop(
            library: library, settings: settings,
            uplink: CoAPUplink(settings: rules, seed: entropy.next()), wake: wake
        ) { continuation.yield($0) }
        self.loop = loop
        NativeThread.start("uplink") {
            loop.run()
            continuation.finish()
        }
    }

    public var kind: LinkKind? { loop.shared.with { $0.isSecured } ? .coaps : .coap }

    public func send(_ frame: [UInt8]) -> LinkSendResult {
        let now = timekeeper.now().monotonic
        let result = loop.shared.with { shared in
            let (result, directives) = shared.uplink.send(frame, now: now)
            shared.pending += directives
            return result
        }
        if result == .sent { ring() }
        return result
    }

    public func close() {
        loop.shared.with { $0.pending += $0.uplink.close() }
        ring()
        // The thread may sit in getaddrinfo(3); who reads the events need not wait for it.
        continuation.finish()
    }

    private func ring() {
        loop.shared.with { shared in
            var one: UInt64 = 1
            if !shared.hasEnded { write(wake, &one, 8) }
        }
    }
}
