public import FleetHub
import Hummingbird
import Identity
public import Logging
public import ServiceLifecycle

/// What the hub shows to boards, ready to run once: TLS with a certificate of its own authority,
/// and behind it EST and the list of revoked certificates.
public struct EnrolmentServer: Service {
    private let server: GuardedServer

    /// Checks what it is given; binds nothing yet.
    /// - Parameters:
    ///   - service: The hub.
    ///   - host: Any address of this machine: what is served proves itself and its clients.
    ///   - port: 0 takes any free port.
    ///   - chainPEM: The certificate to serve with, the authority's behind it.
    ///   - keyPEM: Its key.
    ///   - install: What a board fetches that has no agent yet; not served for nil.
    ///   - limits: What one client may cost.
    ///   - clock: Paces the rate limit.
    ///   - onReady: Called once with the bound port, as soon as boards can connect.
    ///   - logger: Gets what the server itself has to say.
    /// - Throws: `invalidPort`, `credential`.
    public init(
        service: any EnrolmentService, host: String, port: Int, chainPEM: String, keyPEM: String,
        install: InstallKit? = nil, limits: EnrolmentLimits = EnrolmentLimits(),
        clock: any Clock<Duration> = ContinuousClock(),
        onReady: @escaping @Sendable (Int) async -> Void, logger: Logger
    ) throws(HubServerError) {
        guard 0...65535 ~= port else {
            throw HubServerError(
                .invalidPort,
                "Cannot serve boards on port \(port): ports are 0 to 65535. "
                    + "Choose another in --boards HOST:PORT.")
        }
        let log = RefusalLog(
            logger: logger, linesPerMinuteMax: limits.refusalLinesPerMinuteMax, clock: clock)
        let router = Self.router(service, limits: limits, log: log, clock: clock)
        install?.add(to: router)
        do {
            server = try GuardedServer(
                router, host: host, port: port, option: "--boards",
                tls: ServerCredential(chainPEM: chainPEM, keyPEM: keyPEM), limits: limits.clients,
                onReady: onReady, logger: logger)
        } catch {
            throw HubServerError(
                .credential,
                "Cannot serve boards: the certificate made for it is refused (\(error)). "
                    + "Run: fleet-hub doctor --data DIR")
        }
    }

    /// Serves until graceful shutdown.
    /// - Throws: `HubServerError` where the address cannot be had.
    public func run() async throws { try await server.run() }

    static func router<C: Clock<Duration>>(
        _ service: any EnrolmentService, limits: EnrolmentLimits, log: RefusalLog, clock: C
    ) -> Router<HubRequestContext> {
        let handlers = ESTHandlers(service: service, bodyBytesMax: limits.clients.bodyBytesMax)
        let router = Router(context: HubRequestContext.self)
        router.add(middleware: ESTChallengeMiddleware())
        router.add(middleware: ErrorMiddleware())
        router.add(middleware: RefusalLogMiddleware(log: log))
        router.add(
            middleware: RateLimitMiddleware(
                gate: RequestGate(limits: limits.clients, clock: clock)))
        let path = { (operation: ESTMessage.Operation) in
            RouterPath(ESTMessage.pathPrefix + operation.rawValue)
        }
        router.on(path(.caCertificates), method: .get) { _, _ in
            try await handlers.authorityCertificates()
        }
        router.on(path(.enroll), method: .post) { request, _ in
            try await handlers.enroll(request)
        }
        router.on(path(.reenroll), method: .post) { request, _ in
            try await handlers.reenroll(request)
        }
        router.on("/crl", method: .get) { _, _ in try await handlers.revocationList() }
        return router
    }
}
