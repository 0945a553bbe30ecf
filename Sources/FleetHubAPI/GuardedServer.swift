import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A router behind a port, within the bounds of what its clients may cost.
struct GuardedServer {
    let application: Application<RouterResponder<HubRequestContext>>
    private let place: String
    private let option: String

    /// Binds nothing yet.
    /// - Parameters:
    ///   - option: The option that chose the place, for what is said where it cannot be had.
    ///   - tls: What to serve with; nil for plain HTTP.
    ///   - onReady: Called once with the bound port.
    /// - Throws: what is wrong with `tls`.
    init(
        _ router: Router<HubRequestContext>, host: String, port: Int, option: String,
        tls: ServerCredential?, limits: ClientLimits,
        onReady: @escaping @Sendable (Int) async -> Void, logger: Logger
    ) throws {
        place = "\(host):\(port)"
        self.option = option
        let ledger = ConnectionLedger(perAddressMax: limits.connectionsPerAddressMax)
        let http = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [ConnectionGuard(ledger: ledger, limits: limits)],
                idleTimeout: .seconds(limits.idleSecondsMax),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.headBytesMax, maxHeaderListSize: limits.headBytesMax,
                    maxHeaderFieldCount: 64)))
        application = Application(
            router: router,
            server: try tls.map { try .tls(http, tlsConfiguration: $0.configuration()) } ?? http,
            configuration: .init(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: .maximum(limits.connectionsMax, logger: logger)),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? port) },
            logger: logger)
    }

    /// Serves until graceful shutdown, which ends streams and lets other requests finish.
    /// - Throws: `HubServerError` where the address cannot be had.
    func run() async throws {
        do {
            try await application.run()
        } catch let error as IOError {
            throw refusal(error)
        }
    }

    private func refusal(_ error: IOError) -> HubServerError {
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
