public import Platform

/// A daily allowance of bytes on a metered link. As it runs out, telemetry is held back first,
/// then events; an alarm always goes.
public struct ByteBudget: Sendable {
    /// Shares of the day's allowance after which a class waits for the next day, in percent.
    private static let telemetryShare: Int64 = 80
    private static let eventShare: Int64 = 95
    private static let day: Milliseconds = 86_400_000

    /// Bytes a day; nil where the link is not metered.
    public let daily: Int64?
    public private(set) var used: Int64 = 0
    private var dayStarted: MonotonicTime?

    public init(daily: Int64?) { self.daily = daily }

    public mutating func onSent(_ bytes: Int, at now: MonotonicTime) {
        renew(now)
        used += Int64(bytes)
    }

    /// The lowest class that may be sent now. A day is 24 hours of monotonic time: the wall clock
    /// of a board may stand still or jump, and must not renew an allowance.
    public mutating func lowest(_ now: MonotonicTime) -> MessagePriority {
        renew(now)
        guard let daily else { return .telemetry }
        if used * 100 < daily * Self.telemetryShare { return .telemetry }
        if used * 100 < daily * Self.eventShare { return .event }
        return .alarm
    }

    public var left: Int64? { daily.map { max(0, $0 - used) } }

    private mutating func renew(_ now: MonotonicTime) {
        guard let started = dayStarted, now - started < Self.day else {
            dayStarted = now
            used = 0
            return
        }
    }
}
