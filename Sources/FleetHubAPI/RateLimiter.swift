import Platform

/// A bucket that holds tokens up to its capacity and refills at a steady rate.
///
/// Counts in thousandths of a token: a rate per second is then the same number per millisecond,
/// and no time is lost to rounding.
struct TokenBucket: Sendable, Hashable {
    private let capacity: Int64
    private let perMillisecond: Int64
    private var level: Int64
    private var updated: MonotonicTime

    /// Starts full. Both numbers are at least 1 and at most 10^9.
    init(capacity: Int, perSecond: Int, now: MonotonicTime) {
        let bounds = Int64(1)...1_000_000_000
        self.capacity = min(max(Int64(capacity), bounds.lowerBound), bounds.upperBound) * 1000
        perMillisecond = min(max(Int64(perSecond), bounds.lowerBound), bounds.upperBound)
        level = self.capacity
        updated = now
    }

    /// Takes one token.
    /// - Returns: nil if there was one, else how long until there is.
    mutating func take(at now: MonotonicTime) -> Milliseconds? {
        refill(at: now)
        guard level >= 1000 else {
            return Milliseconds((1000 - level + perMillisecond - 1) / perMillisecond)
        }
        level -= 1000
        return nil
    }

    /// True where forgetting this bucket changes nothing.
    func isFull(at now: MonotonicTime) -> Bool {
        var later = self
        later.refill(at: now)
        return later.level == capacity
    }

    private mutating func refill(at now: MonotonicTime) {
        let untilFull = (capacity - level + perMillisecond - 1) / perMillisecond
        let elapsed = min(max((now - updated).count, 0), untilFull)
        level = min(level + elapsed * perMillisecond, capacity)
        updated = max(updated, now)
    }
}

/// One bucket per client address, for a bounded number of addresses.
struct RateLimiter: Sendable {
    private let capacity: Int
    private let perSecond: Int
    private let addressesMax: Int
    private var buckets: [String: TokenBucket] = [:]

    init(limits: ClientLimits) {
        capacity = limits.requestsBurstMax
        perSecond = limits.requestsPerSecondMax
        addressesMax = max(limits.addressesMax, 1)
    }

    /// How many addresses it remembers now.
    var count: Int { buckets.count }

    /// Admits one request.
    /// - Returns: nil if it may pass, else how long its client should wait.
    mutating func admit(_ address: String, at now: MonotonicTime) -> Milliseconds? {
        if buckets[address] == nil, buckets.count >= addressesMax {
            buckets = buckets.filter { !$0.value.isFull(at: now) }
            // All of them are busy: a newcomer waits, or the table would grow with its clients.
            if buckets.count >= addressesMax { return .seconds(1) }
        }
        var bucket =
            buckets[address]
            ?? TokenBucket(capacity: capacity, perSecond: perSecond, now: now)
        let wait = bucket.take(at: now)
        buckets[address] = bucket
        return wait
    }
}

/// The rate limit as its requests share it.
actor RequestGate {
    private var limiter: RateLimiter
    private let now: @Sendable () -> MonotonicTime

    init<C: Clock<Duration>>(limits: ClientLimits, clock: C) {
        limiter = RateLimiter(limits: limits)
        let start = clock.now
        now = {
            let (seconds, attoseconds) = start.duration(to: clock.now).components
            return MonotonicTime(
                milliseconds: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        }
    }

    func admit(_ address: String) -> Milliseconds? { limiter.admit(address, at: now()) }
}
