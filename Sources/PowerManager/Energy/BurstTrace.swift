/// Work that arrives at one moment and must be done a span later.
public struct Burst: Sendable, Hashable {
    /// Seconds from the start of the trace.
    public let arrival: Double
    /// Seconds of all cores at the highest clock.
    public let work: Double

    public init(arrival: Double, work: Double) {
        self.arrival = arrival
        self.work = work
    }
}

/// A board's work as bursts. All have the same time to be done in, so the first to come is the
/// first that is due.
public struct BurstTrace: Sendable, Hashable {
    /// Rising by arrival.
    public let bursts: [Burst]
    /// Seconds from a burst's arrival in which it must be done.
    public let deadline: Double
    /// Seconds that the trace lasts; what is left at its end has `deadline` more.
    public let seconds: Double

    public init(bursts: [Burst], deadline: Double, seconds: Double) {
        self.bursts = bursts.sorted { $0.arrival < $1.arrival }
        self.deadline = deadline
        self.seconds = seconds
    }
}

/// How a mean over five minutes becomes bursts. Public traces hold the means only; what is inside
/// is this model's, and the same for every policy.
///
/// - A slot of percent `u` gets bursts of exactly `u` percent of the slot's capacity.
/// - Their arrivals are uniform over the slot: a Poisson process, given their number.
/// - A burst's work is `w·x³` with `x` uniform in 0...1: many small ones, few large, a quarter of
///   `w` in the mean; the last one of a slot is cut to what is left.
/// - `w` is 60 % of the deadline, so that a burst alone can be done in time with a margin.
/// - A series has one deadline, drawn from `deadlines`.
public struct BurstModel: Sendable, Hashable {
    /// Seconds: what a person waits for, a frame or a control loop, an answer, a batch.
    public static let deadlines = [0.1, 0.25, 0.5, 1.0]
    /// The largest burst as a share of the deadline.
    public static let largestShare = 0.6
    /// Seconds of a slot in the source.
    public static let slotSeconds = 300.0

    /// Seconds that stand for a slot; the result is scaled up to all of it. The bursts are random
    /// anyway, so a part says what the whole would.
    public let replayedSeconds: Double

    public init(replayedSeconds: Double) {
        self.replayedSeconds = min(max(replayedSeconds, 1), Self.slotSeconds)
    }

    /// By how much the figures of a replay stand for the source.
    public var scale: Double { Self.slotSeconds / replayedSeconds }

    /// - Parameter percents: one a slot; what is outside 0...100 is cut to it.
    public func expand(
        _ percents: [Int], using random: inout some RandomNumberGenerator
    ) -> BurstTrace {
        let deadline = Self.deadlines[Int(random.next() & 3)]
        let largest = deadline * Self.largestShare
        var bursts: [Burst] = []
        for (slot, percent) in percents.enumerated() {
            let start = Double(slot) * replayedSeconds
            var left = Double(min(max(percent, 0), 100)) / 100 * replayedSeconds
            while left > 1e-9 {
                let x = Self.unit(&random)
                // Not below 20 µs: a burst of nothing would only cost time here.
                let work = min(left, max(largest * x * x * x, 2e-5))
                let arrival = start + Self.unit(&random) * replayedSeconds
                bursts.append(Burst(arrival: arrival, work: work))
                left -= work
            }
        }
        return BurstTrace(
            bursts: bursts, deadline: deadline,
            seconds: Double(percents.count) * replayedSeconds)
    }

    /// Uniform in 0..<1, in 53 bits.
    private static func unit(_ random: inout some RandomNumberGenerator) -> Double {
        Double(random.next() >> 11) * 0x1p-53
    }
}
