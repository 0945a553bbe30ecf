import Platform

/// Spreads greetings: each is work for the store, and a fleet that lost its hub greets at once. Who
/// comes when there is no room is told when to come again, each at a time of its own.
struct GreetingGate: Sendable {
    struct Settings: Sendable {
        /// Greetings answered in a second; above what a small hub does beside its usual work.
        var perSecond = 500
        /// Answered at once after a quiet time.
        var burst = 1000
        /// No board is sent away for longer.
        var waitMaximum: Milliseconds = 600_000
    }

    private let settings: Settings
    /// Greetings that may be answered now, in thousandths.
    private var credit: Int64
    private var counted: MonotonicTime?
    /// The time given to the last board that was sent away, in microseconds of the monotonic clock.
    private var given: Int64 = 0

    init(settings: Settings = Settings()) {
        self.settings = settings
        credit = Int64(settings.burst) * 1000
    }

    /// Nil where the greeting may be answered, else how long its board should wait.
    mutating func admit(_ now: MonotonicTime) -> Milliseconds? {
        let rate = Int64(settings.perSecond)
        if let counted, now > counted {
            let span = min((now - counted).count, 3_600_000)
            credit = min(Int64(settings.burst) * 1000, credit + span * rate)
        }
        counted = max(counted ?? now, now)
        if credit >= 1000 {
            credit -= 1000
            return nil
        }
        // A second at least: a board that comes back at once would only be sent away again.
        let (clock, first) = (now.milliseconds * 1000, now.milliseconds * 1000 + 1_000_000)
        given = max(given + 1_000_000 / max(1, rate), first)
        if given - clock > settings.waitMaximum.count * 1000 { given = first }
        return Milliseconds((given - clock) / 1000)
    }
}
