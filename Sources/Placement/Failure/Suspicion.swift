public import Platform

/// How likely a silent board is gone, from its own habits: the accrual detector of Hayashibara et
/// al. (SRDS 2004) with exponential intervals, as Cassandra has it.
///
/// phi = log10(e) · silence / mean interval: 1 means that one silence in ten is as long without a
/// failure, 8 one in a hundred million.
public struct Suspicion: Sendable {
    private static let log10OfE = 0.434_294_481_903_251_8
    static let intervalsMax = 64
    /// Intervals are not believed to be shorter: a burst of messages is no promise of the next.
    static let meanMin: Milliseconds = 1_000

    private var intervals: [Int64]
    private var next = 0
    private var sum: Int64
    public private(set) var heard: MonotonicTime

    /// - Parameter expected: The interval that the board was told, until it shows its own.
    public init(expected: Milliseconds, now: MonotonicTime) {
        intervals = [max(expected.count, 1)]
        sum = max(expected.count, 1)
        heard = now
    }

    /// A sign of life.
    public mutating func hear(now: MonotonicTime) {
        // A silence that ended was no failure, but long ones must not teach patience without end.
        let mean = sum / Int64(intervals.count)
        let interval = min(max((now - heard).count, 0), max(mean * 8, Self.meanMin.count))
        heard = max(heard, now)
        if intervals.count < Self.intervalsMax {
            intervals.append(interval)
        } else {
            sum -= intervals[next]
            intervals[next] = interval
            next = (next + 1) % intervals.count
        }
        sum += interval
    }

    /// The suspicion of this moment.
    public func phi(now: MonotonicTime) -> Double {
        let mean = max(Double(sum) / Double(intervals.count), Double(Self.meanMin.count))
        return Self.log10OfE * Double(max((now - heard).count, 0)) / mean
    }
}
