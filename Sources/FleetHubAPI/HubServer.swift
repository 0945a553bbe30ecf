public import FleetHub
import Hummingbird
public import Logging
import NIOCore
public import ServiceLifecycle

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The hub's web face, ready to run once.
public struct HubServer: Service {
    let application: Application<RouterResponder<HubRequestContext>>
    private let place: String

    /// Checks the address; binds nothing yet.
    /// - Parameters:
    ///   - service: The hub.
    ///   - host: A loopback address or `localhost`.
    ///   - port: 0 takes any free port.
    ///   - limits: What one client may cost.
    ///   - clock: Paces keep-alive comments and the rate limit.
    ///   - onReady: Called once with the bound port, as soon as clients can connect.
    ///   - logger: Gets what the server itself has to say; requests are not logged.
    /// - Throws: `notLoopback`, `invalidPort`.
    public init(
        service: any HubService, host: String, port: Int, limits: APILimits = APILimits(),
        clock: any Clock<Duration> = ContinuousClock(),
        onReady: @escaping @Sendable (Int) async -> Void, logger: Logger
    ) throws(HubServerError) {
        guard let address = LoopbackAddress(host) else {
            throw HubServerError(
                .notLoopback,
                "Cannot serve the API on \(host): it is no loopback address, and the API has no "
                    + "TLS, so tokens would cross the network in clear text. Listen on 127.0.0.1 "
                    + "and put a proxy with TLS or an SSH tunnel in front.")
        }
        guard 0...65535 ~= port else {
            throw HubServerError(
                .invalidPort,
                "Cannot serve the API on port \(port): ports are 0 to 65535. "
                    + "Choose another in --listen HOST:PORT.")
        }
        let handlers = HubHandlers(
            service: service, limits: limits, slots: EventSlots(limit: limits.eventClientsMax),
            clock: clock)
        let router = HubRouter.make(handlers, gate: RequestGate(limits: limits, clock: clock))
        place = "\(address.host):\(port)"
        application = Application(
            router: router,
            server: .http1(configuration: .init(idleTimeout: .seconds(limits.idleSecondsMax))),
            configuration: .init(
                address: .hostname(address.host, port: port),
                availableConnectionsDelegate: .maximum(limits.connectionsMax, logger: logger)),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? port) },
            logger: logger)
    }

    /// Serves until graceful shutdown, which ends event streams and lets other requests finish.
    /// - Throws: `HubServerError` where the address cannot be had.
    public func run() async throws {
        do {
            try await application.run()
        } catch let error as IOError {
            throw Self.listening(error, on: place, option: "--listen")
        }
    }

    static func listening(
        _ error: IOError, on place: String, option: String
    ) -> HubServerError {
        guard error.errnoCode == EADDRINUSE else {
            return HubServerError(
                .cannotListen,
                "Cannot serve on \(place): \(error). "
                    + "Choose another address in \(option) HOST:PORT.")
        }
        return HubServerError(
            .portInUse,
            "Cannot serve on \(place): another process listens there, perhaps a fleet-hub "
                + "that still runs. Stop it, or choose another port in \(option) HOST:PORT.")
    }
}

/// The hub's web face on a loopback address, as a service for a service group.
/// - Throws: `HubServerError` where `host` is no loopback address or `port` no port.
public func makeHubApplication(
    service: any HubService, host: String, port: Int,
    onReady: @escaping @Sendable (Int) async -> Void, logger: Logger
) throws(HubServerError) -> some Service {
    try HubServer(service: service, host: host, port: port, onReady: onReady, logger: logger)
}
