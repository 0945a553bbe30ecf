import CEdgeShims
public import Platform

/// The hub as a CoAP server: boards speak to it without a broker.
///
/// Devices are spread over several contexts, each with a port and a thread of its own: libcoap
/// walks all sessions of a context at each turn, so that many in one make all of them slow.
public final class CoAPHubEndpoint: HubEndpoint, Sendable {
    public struct Settings: Sendable {
        /// How the hub tells this endpoint from others.
        public var kind = LinkKind.coap
        public var host = "127.0.0.1"
        /// Of the first context; the others follow.
        public var port = 5683
        public var shards = 1
        /// Devices of one context. 1,000 idle sessions cost a third of the requests per second.
        public var devicesPerShard = 1000
        public var security = CoAPSecurity.none
        /// Says which device speaks; nil turns it away.
        public var resolve: @Sendable (CoAPPeer) -> String? = CoAPPeer.claimed
        /// Reads a board's certificate, in DER. Where it is given, a certificate counts only while
        /// the hub trusts its device and its key (`judge`).
        public var readCertificate: (@Sendable ([UInt8]) -> BoardCertificate?)?
        /// How long polls are held at most.
        public var holdMaximum: Milliseconds = 55_000
        /// Silence after which a device is gone.
        public var silenceMaximum: Milliseconds = 30_000
        /// Until an answer that a device did not confirm is sent again, at first.
        public var repeatFirst: Milliseconds = 2000

        public init() {}
    }

    /// Handshakes of one context that have begun and are not finished.
    static let handshakesMaximum: UInt32 = 16_384

    public let links: [LinkKind]
    public let events: AsyncStream<HubEndpointEvent>
    private let continuation: AsyncStream<HubEndpointEvent>.Continuation
    private let desk: CoAPDesk
    private let loops: [CoAPShardLoop]
    private let timekeeper = LinuxTimekeeper()

    /// Listens, and tries again for ever where a port is taken.
    ///
    /// - Throws: Where libcoap is not installed.
    public init(settings: Settings, entropy: any Entropy) throws(CoAPError) {
        let library = try CoAPLibrary.shared()
        // The window of each shard bounds the frames that wait here.
        let (stream, continuation) = AsyncStream.makeStream(of: HubEndpointEvent.self)
        events = stream
        links = [settings.kind]
        self.continuation = continuation
        let count = max(1, settings.shards)
        let desk = CoAPDesk(settings.kind, shards: count) { continuation.yield($0) }
        self.desk = desk
        var rules = CoAPShard.Settings()
        rules.devicesMaximum = settings.devicesPerShard
        rules.holdMaximum = settings.holdMaximum
        rules.silenceMaximum = settings.silenceMaximum
        rules.repeatFirst = settings.repeatFirst
        loops = (0..<count).map { index in
            CoAPShardLoop(
                index: index, library: library, settings: settings,
                shard: CoAPShard(settings: rules, seed: entropy.next()), desk: desk)
        }
        desk.loops.with { $0 = loops }
        for loop in loops {
            NativeThread.start("coap-\(loop.index)") {
                loop.run()
                desk.ended { continuation.finish() }
            }
        }
    }

    public func send(_ frame: [UInt8], to device: String) -> LinkSendResult {
        guard let index = desk.route(to: device), loops.indices.contains(index) else {
            return .notConnected
        }
        return loops[index].send(frame, to: device, now: timekeeper.now().monotonic)
    }

    public func acknowledge(through count: UInt64) {
        desk.acknowledge(through: count)
        for loop in loops { loop.ring() }
    }

    public func judge(_ device: String, _ standing: DeviceStanding?) {
        desk.judge(device, standing)
    }

    public func close() { for loop in loops { loop.close() } }
}
