import Platform

/// Lets one event of a kind through a minute and counts the rest, so that a broken device cannot
/// fill the log with complaints about itself.
struct EventLimiter {
    static let interval: Milliseconds = 60_000
    /// Kinds remembered; with more, the limit applies to all of them together.
    static let kindsMaximum = 256

    private var last: [String: MonotonicTime] = [:]
    private(set) var suppressed: UInt64 = 0

    mutating func allows(_ kind: String, at now: MonotonicTime) -> Bool {
        if last.count >= Self.kindsMaximum { last = last.filter { now - $0.value < Self.interval } }
        guard last.count < Self.kindsMaximum else {
            suppressed += 1
            return false
        }
        if let seen = last[kind], now - seen < Self.interval {
            suppressed += 1
            return false
        }
        last[kind] = now
        return true
    }
}
