public import FleetHub
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
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
    ///   - host: A loopback address or `localhost`; with `tls` any address of this machine.
    ///   - tls: What to serve with; nil for plain HTTP.
    ///   - port: 0 takes any free port.
    ///   - limits: What one client may cost.
    ///   - clock: Paces keep-alive comments and the rate limit.
    ///   - onReady: Called once with the bound port, as soon as clients can connect.
    ///   - logger: Gets what the server itself has to say; requests are not logged.
    /// - Throws: `notLoopback`, `invalidPort`.
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
            handlers, gate: RequestGate(limits: limits, clock: clock),
            isExposed: loopback == nil)
        place = "\(host):\(port)"
        application = Application(
            router: router, server: try Self.builder(tls, limits),
            configuration: .init(
                address: .hostname(host, port: port),
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

    private static func builder(
        _ tls: ServerCredential?, _ limits: APILimits
    ) throws(HubServerError) -> HTTPServerBuilder {
        let ledger = ConnectionLedger(perAddressMax: limits.connectionsPerAddressMax)
        let http = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [
                    ConnectionGuard(ledger: ledger, patience: .init(limits))
                ],
                idleTimeout: .seconds(limits.idleSecondsMax),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.headBytesMax, maxHeaderListSize: limits.headBytesMax,
                    maxHeaderFieldCount: 64)))
        guard let tls else { return http }
        do {
            return try .tls(http, tlsConfiguration: tls.configuration())
        } catch {
            throw HubServerError(
                .credential,
                "Cannot serve the API: its certificate or key is refused. Give a PEM chain that "
                    + "begins with the hub's certificate, and the key of that one.")
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
