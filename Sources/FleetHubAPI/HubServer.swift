public import FleetHub
public import Logging
public import ServiceLifecycle

/// The hub's web face, ready to run once.
public struct HubServer: Service {
    let server: GuardedServer

    /// Checks the address; binds nothing yet.
    /// - Parameters:
    ///   - service: The hub.
    ///   - host: A loopback address or `localhost`; with `tls` any address of this machine.
    ///   - tls: What to serve with; nil for plain HTTP.
    ///   - port: 0 takes any free port.
    ///   - limits: What one client may cost.
    ///   - clock: Paces keep-alive comments and the rate limit.
    ///   - onReady: Called once with the bound port, as soon as clients can connect.
    ///   - logger: Gets what the server itself has to say; requests are not logged.
    /// - Throws: `notLoopback`, `invalidPort`, `credential`.
    public init(
        service: any HubService, host: String, port: Int, tls: ServerCredential? = nil,
        limits: APILimits = APILimits(), clock: any Clock<Duration> = ContinuousClock(),
        onReady: @escaping @Sendable (Int) async -> Void, logger: Logger
    ) throws(HubServerError) {
        let loopback = LoopbackAddress(host)
        guard loopback != nil || tls != nil else {
            throw HubServerError(
                .notLoopback,
                "Cannot serve the API on \(host): it is no loopback address, and without TLS "
                    + "tokens would cross the network in clear text. Serve it with TLS, or listen "
                    + "on 127.0.0.1.")
        }
        let host = loopback?.host ?? host
        guard 0...65535 ~= port else {
            throw HubServerError(
                .invalidPort,
                "Cannot serve the API on port \(port): ports are 0 to 65535. "
                    + "Choose another in --listen HOST:PORT.")
        }
        let handlers = HubHandlers(
            service: service, limits: limits, slots: EventSlots(limit: limits.eventClientsMax),
            clock: clock)
        let router = HubRouter.make(
            handlers, gate: RequestGate(limits: limits.clients, clock: clock),
            isExposed: loopback == nil)
        do {
            server = try GuardedServer(
                router, host: host, port: port, option: "--listen", tls: tls,
                limits: limits.clients, onReady: onReady, logger: logger)
        } catch {
            throw HubServerError(
                .credential,
                "Cannot serve the API: its certificate or key is refused. Give a PEM chain that "
                    + "begins with the hub's certificate, and the key of that one.")
        }
    }

    /// Serves until graceful shutdown, which ends event streams and lets other requests finish.
    /// - Throws: `HubServerError` where the address cannot be had.
    public func run() async throws { try await server.run() }
}

/// The hub's web face as a service for a service group.
/// - Throws: `HubServerError` where `port` is no port, or `host` is no loopback address and there is
///   no TLS.
public func makeHubApplication(
    service: any HubService, host: String, port: Int, tls: ServerCredential? = nil,
    onReady: @escaping @Sendable (Int) async -> Void, logger: Logger
) throws(HubServerError) -> some Service {
    try HubServer(
        service: service, host: host, port: port, tls: tls, onReady: onReady, logger: logger)
}
