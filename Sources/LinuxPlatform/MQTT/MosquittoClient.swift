import CEdgeShims
import CMosquitto
import Glibc
public import Platform

/// An MQTT 5 connection on libmosquitto with its own poll thread.
///
/// Each connection gets a fresh library client: libmosquitto queues what is published while it is
/// disconnected, without a bound, and sends it later although it had reported an error. Here a
/// publish without a connection says so and leaves nothing behind.
public final class MosquittoClient: Sendable {
    public struct Settings: Sendable {
        public var host: String
        public var port: Int
        /// Where to go instead of `host` and `port`, asked before each connection and from time to
        /// time after. Called on the client's thread.
        public var route: (@Sendable () -> MosquittoRoute)?
        public var clientID: String
        public var keepAliveSeconds = 60
        /// False: the broker keeps the session, and its queue, while we are away.
        public var startsClean = true
        public var subscriptions: [String] = []
        /// Published, retained, by the broker when we vanish.
        public var will: (topic: String, payload: String)?
        /// Published, retained, on each connection.
        public var birth: (topic: String, payload: String)?
        /// QoS 1 messages that the broker sends before we acknowledge one (MQTT 5 §3.1.2.11.3).
        public var receiveMaximum = 20
        /// Bytes handed over and not acknowledged, beyond which no more is read.
        public var readBytesMaximum = Int.max
        /// Keeps PUBACKs back until `acknowledge(through:)`.
        public var holdsAcknowledgements = false
        public var reconnectFirst: Milliseconds = 500
        public var reconnectMaximum: Milliseconds = 60_000

        public init(host: String, port: Int, clientID: String) {
            self.host = host
            self.port = port
            self.clientID = clientID
        }
    }

    public enum Event: Sendable {
        case connected
        case disconnected(reason: String)
        case messages([BusMessage], through: UInt64)
        case commitRequested
        /// Comes once for each number that `publish` gave, before its connection's `disconnected`.
        case published(UInt64, PublishOutcome)
        /// After `close`: the last event.
        case closed
    }

    /// Whether a message was taken.
    public enum Publication: Sendable, Hashable {
        /// Of what becomes of it `Event.published` tells, under this number.
        case sent(number: UInt64)
        case notConnected
        case busy

        /// The same without the number.
        public var result: LinkSendResult {
            switch self {
            case .sent: .sent
            case .notConnected: .notConnected
            case .busy: .busy
            }
        }
    }

    /// What the poll thread and callers share.
    struct Shared {
        /// The live library client; nil while there is no MQTT connection.
        var handle: OpaquePointer?
        var acknowledged: UInt64 = 0
        var subscriptions: [String]
        var newSubscriptions: [String] = []
        /// Bytes handed to the library and not yet acknowledged by the broker.
        var bytesInFlight = 0
        /// By the library's identifiers, which begin anew with each connection.
        var inFlight: [Int32: (number: UInt64, bytes: Int)] = [:]
        /// Messages published over all connections.
        var published: UInt64 = 0
        /// Something other than PUBACKs waits to be written.
        var hasWaitingPublish = false
        var isClosed = false
        /// The thread has ended and its descriptor is somebody else's by now.
        var hasEnded = false
    }

    /// Bytes published and not yet acknowledged by the broker; beyond it `publish` says `busy`.
    /// Holds the largest twin of a board at once, after a hub has lost it.
    static let bytesInFlightMaximum = 8 << 20
    /// Topic filters of one client: seven families' and two for each discovered entity.
    static let subscriptionsMaximum = 7 + 2 * 1024

    let settings: Settings
    let shared: Locked<Shared>
    let wake: Int32

    /// Connects, and reconnects for ever, on a thread named `name`, which also calls `deliver`.
    ///
    /// What was delivered and not acknowledged is bounded by the window: no more is read then.
    public init(
        name: String, settings: Settings, entropy: any Entropy,
        deliver: @escaping @Sendable (Event) -> Void
    ) {
        self.settings = settings
        shared = Locked(Shared(subscriptions: settings.subscriptions))
        wake = edge_eventfd()
        Self.initialiseLibrary
        let loop = MosquittoLoop(
            settings: settings, shared: shared, wake: wake, entropy: entropy, deliver: deliver)
        NativeThread.start(name) { loop.run() }
    }

    /// Once a process; never cleaned up, as the process ends with it.
    private static let initialiseLibrary: Void = { mosquitto_lib_init() }()

    /// Everything up to this count is durable: the broker may forget it.
    public func acknowledge(through count: UInt64) {
        shared.with { $0.acknowledged = max($0.acknowledged, count) }
        ring()
    }

    /// QoS 1. Nothing is queued unless the answer is `sent`.
    public func publish(topic: String, payload: [UInt8], isRetained: Bool) -> Publication {
        let publication = shared.with { shared -> Publication in
            guard let handle = shared.handle else { return .notConnected }
            guard shared.bytesInFlight + payload.count <= Self.bytesInFlightMaximum else {
                return .busy
            }
            var identifier: Int32 = 0
            let code = mosquitto_publish_v5(
                handle, &identifier, topic, Int32(payload.count), payload, 1, isRetained, nil)
            guard code == MOSQ_ERR_SUCCESS.rawValue else { return .notConnected }
            shared.published += 1
            shared.inFlight[identifier] = (shared.published, payload.count)
            shared.bytesInFlight += payload.count
            shared.hasWaitingPublish = true
            return .sent(number: shared.published)
        }
        ring()
        return publication
    }

    /// Adds topic filters, now and on every later connection.
    public func subscribe(_ filters: [String]) {
        shared.with { shared in
            for filter in filters where !shared.subscriptions.contains(filter) {
                guard shared.subscriptions.count < Self.subscriptionsMaximum else { return }
                shared.subscriptions.append(filter)
                shared.newSubscriptions.append(filter)
                shared.hasWaitingPublish = true
            }
        }
        ring()
    }

    public func close() {
        shared.with { $0.isClosed = true }
        ring()
    }

    private func ring() {
        shared.with { shared in
            var one: UInt64 = 1
            if !shared.hasEnded { write(wake, &one, 8) }
        }
    }
}
