import AsyncHTTPClient
import Platform

/// The hub's REST API as typed calls.
///
/// Every call is bounded in time and in bytes, follows no redirect (the token goes to one hub and
/// nowhere else) and throws a `FleetClientError`. Create one with `with(_:limits:_:)`, or call
/// `shutdown()` when done.
public struct FleetClient: Sendable {
    let transport: HTTPTransport

    /// The bounds of a client.
    public struct Limits: Sendable, Hashable {
        /// An answer larger than this is an error. Default 16 MiB: a thousand log rows of the
        /// largest device message fit.
        public var bodyBytes = 16 << 20
        /// One event of the event stream larger than this is an error.
        public var eventBytes = 1 << 20
        /// For the connection to the hub, name resolution included.
        public var connectTimeout = Duration.seconds(5)
        /// From the request to the last byte of the answer.
        public var requestTimeout = Duration.seconds(30)
        /// An event stream silent for longer is taken as dead: three of the hub's keep-alives.
        public var silenceTimeout = Duration.seconds(45)
        /// Attempts in a row to take up an event stream again before its end is an error.
        public var reconnectAttempts = 10
        /// The delay before the first of these attempts; it doubles up to `reconnectDelayMax`.
        public var reconnectDelay = Duration.milliseconds(250)
        /// The longest delay between two of these attempts.
        public var reconnectDelayMax = Duration.seconds(10)

        /// The defaults, each with its reason above.
        public init() {}
    }

    /// A client for one hub. Connects at the first call.
    ///
    /// - Parameter token: sent with everything under /api/v1; nil asks without.
    /// - Parameter authority: that of the hub, where it is known; nil believes whoever this machine
    ///   believes. Says nothing about a hub without TLS.
    public init(
        url: HubURL, token: String?, authority: HubAuthority? = nil, limits: Limits = Limits()
    ) {
        transport = HTTPTransport(
            url: url, token: token, trust: HubTrust(authority), limits: limits)
    }

    /// Closes all connections. The client must not be used afterwards.
    public func shutdown() async { await transport.shutdown() }

    /// Runs `body` with a client for `settings` and closes it whatever happens.
    public static func with<Result: Sendable>(
        _ settings: ClientSettings, limits: Limits = Limits(),
        _ body: (FleetClient) async throws -> Result
    ) async throws -> Result {
        let authority = try await settings.believed(limits: limits)
        let client = FleetClient(
            url: settings.url, token: settings.token, authority: authority, limits: limits)
        do {
            let result = try await body(client)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }

    /// How the hub is. Needs no token; a hub that is not well answers too.
    public func health() async throws(FleetClientError) -> Answer<HubHealth> {
        let reply = try await transport.send("GET", "/healthz", isPublic: true)
        let object = try reply.object()
        // A degraded hub may say so by the status 503; the object tells more than an error would.
        guard reply.isSuccess || object["store"] != nil else { throw reply.error() }
        let health = try HubHealth(try Fields(object, place: "health"), time: reply.time)
        return Answer(content: health, object: object)
    }

    /// The hub's metrics in the text format of Prometheus. Needs no token.
    public func metrics() async throws(FleetClientError) -> String {
        let reply = try await transport.send("GET", "/metrics", isPublic: true)
        guard reply.isSuccess else { throw reply.error() }
        return String(decoding: reply.body, as: UTF8.self)
    }

    /// The hub's version and epoch. The cheapest call that needs a token.
    public func hub() async throws(FleetClientError) -> Answer<HubInfo> {
        try await call("GET", "/api/v1/hub", "hub", HubInfo.init)
    }

    /// What happens in the fleet, as it happens.
    ///
    /// - Parameters:
    ///   - after: the id of the last event already seen; 0 asks for all that the hub still has,
    ///     nil for new ones only.
    ///   - onConnect: called each time the hub has accepted the stream.
    public func events(
        after: UInt64? = nil, onConnect: @escaping @Sendable () -> Void = {}
    ) -> EventSequence {
        EventSequence(transport: transport, after: after, onConnect: onConnect)
    }

    /// Sends a request and reads the object of its answer.
    func call<Content>(
        _ method: String, _ path: String, body: Value? = nil, _ place: String,
        _ read: (Fields) throws(FleetClientError) -> Content
    ) async throws(FleetClientError) -> Answer<Content> {
        let reply = try await transport.send(method, path, body: body)
        guard reply.isSuccess else { throw reply.error() }
        let object = try reply.object()
        return Answer(content: try read(try Fields(object, place: place)), object: object)
    }

    static func devicePath(_ id: String) -> String {
        "/api/v1/devices/" + PercentEncoding.segment(id)
    }
}
