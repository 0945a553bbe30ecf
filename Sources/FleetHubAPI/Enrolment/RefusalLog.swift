import FleetHub
import Hummingbird
import Logging

/// Writes a line for each board that is refused, so that an attack and a mistyped token are seen
/// where one looks first. What clients sent stands in these lines only as far as it is harmless.
struct RefusalLogMiddleware: RouterMiddleware {
    typealias Context = HubRequestContext

    let log: RefusalLog

    func handle(
        _ request: Request, context: HubRequestContext,
        next: (Request, HubRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let failure = (error as? HubError).map(APIFailure.init) ?? error as? APIFailure
            if let failure {
                await log.note(
                    address: context.clientAddress, path: request.uri.path,
                    status: failure.status.code, reason: failure.error.message)
            }
            throw error
        }
    }
}

/// The lines themselves: so many a minute, then only their number.
actor RefusalLog {
    private let logger: Logger
    private let linesPerMinuteMax: Int
    private let now: @Sendable () -> Duration
    private var minuteEnds: Duration?
    private var lines = 0
    private var suppressed = 0

    init<C: Clock<Duration>>(logger: Logger, linesPerMinuteMax: Int, clock: C) {
        self.logger = logger
        self.linesPerMinuteMax = linesPerMinuteMax
        let start = clock.now
        now = { start.duration(to: clock.now) }
    }

    func note(address: String, path: String, status: Int, reason: String) {
        let time = now()
        if let end = minuteEnds, time < end {
            lines += 1
        } else {
            if suppressed > 0 {
                logger.warning("boards: \(suppressed) more refusals in the minute before")
            }
            (minuteEnds, lines, suppressed) = (time + .seconds(60), 1, 0)
        }
        guard lines <= linesPerMinuteMax else { return suppressed += 1 }
        logger.warning(
            """
            boards: refused \(Self.harmless(path, 80)) from \(Self.harmless(address, 64)) with \
            \(status): \(Self.harmless(reason, 300))
            """)
    }

    /// A text on one line of printable ASCII, so that nothing a client sends looks like another
    /// line or like a terminal's command.
    static func harmless(_ text: String, _ length: Int) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(length).map { scalar in
                    0x20..<0x7F ~= scalar.value ? scalar : "?"
                }))
    }
}
