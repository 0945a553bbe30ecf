/// Our governor: as slow as the deadlines allow. It knows of each burst, from its arrival on, what
/// the workload declared: how much work it is and when it is due. Of bursts to come it knows only
/// what the past says.
///
/// - The waiting bursts give the least speed at which each is done in time ("optimal available",
///   Yao, Demers and Shenker 1995), never below the critical speed while there is work.
/// - Under load that alone would be late for what comes next: room is kept for the arrivals of a
///   deadline's length, by their recent rate, the more the higher the load.
/// - Schedutil is reckoned beside it on the same arrivals. Who is late more often than that keeps
///   more room until it is not.
struct DeadlineGovernor: Sendable {
    private let speeds: [Double]
    private let deadline: Double
    /// The level below which work costs more, not less.
    private let critical: Int
    private var shadow: Schedutil
    private var arrived = ArrivalRate()

    init(model: EnergyModel, trace: BurstTrace) {
        speeds = model.levels.indices.map(model.speed)
        deadline = trace.deadline
        let corner = model.hull.corners.dropFirst().first?.speed ?? 1
        critical = speeds.firstIndex { $0 >= corner - 1e-9 } ?? 0
        shadow = Schedutil(speeds: speeds, trace: trace)
    }

    mutating func next(queue: borrowing BurstQueue, now: Double) -> Int {
        shadow.follow(until: now)
        arrived.observe(queue)
        guard !queue.isEmpty else { return 0 }
        // With a small reserve, so that a tie at the end is not lost by the last burst.
        let isBehind = queue.missed + 2 + shadow.missed / 64 > shadow.missed
        let speed = demand(queue, now, isBehind: isBehind)
        return max(critical, speeds.firstIndex { $0 >= speed - 1e-9 } ?? speeds.count - 1)
    }

    private func demand(_ queue: borrowing BurstQueue, _ now: Double, isBehind: Bool) -> Double {
        var waiting = -queue.done
        var needed = 0.0
        let last = min(queue.end, queue.first + Self.lookahead)
        for index in queue.first..<last {
            waiting += queue.bursts[index].work
            let left = queue.bursts[index].arrival + deadline - now - 1e-6
            guard left > 0 else { return 1 }
            needed = max(needed, waiting / left)
        }
        if last < queue.end { return 1 }
        let room = arrived.upper(over: deadline)
        let load = arrived.load
        // Found by trial on the PlanetLab traces: who is behind keeps five times the room.
        let most = isBehind ? 2.0 : 0.4
        let share = most * min(1, max(0, (load - 0.5) / 0.3))
        return min(1, max(needed, (waiting + room * share) / deadline))
    }

    /// Bursts looked at one by one; more than these waiting is flat out in any case.
    private static let lookahead = 64
}

/// Schedutil on the same arrivals, one step behind.
private struct Schedutil: Sendable {
    private let speeds: [Double]
    private var queue: BurstQueue
    private var tracking = LoadTracking()
    private var time = 0.0
    private var steps = 0

    init(speeds: [Double], trace: BurstTrace) {
        self.speeds = speeds
        queue = BurstQueue(trace.bursts, deadline: trace.deadline)
    }

    var missed: Int { queue.missed }

    /// The steps that are over at `now`.
    mutating func follow(until now: Double) {
        while Double(steps + 1) * Governor.step <= now + 1e-9 {
            let wanted = 1.25 * tracking.utilisation(isWaiting: !queue.isEmpty)
            let speed = speeds.first { $0 >= wanted - 1e-9 } ?? 1
            let busy = queue.advance(from: Double(steps) * Governor.step, speed: speed)
            tracking.observe(busy: busy, speed: speed)
            steps += 1
        }
    }
}

/// What arrived lately: over half a second and over five, the larger of both.
private struct ArrivalRate: Sendable {
    private var last = 0
    private var quick = (number: 0.0, work: 0.0, square: 0.0)
    private var slow = (number: 0.0, work: 0.0, square: 0.0)

    mutating func observe(_ queue: borrowing BurstQueue) {
        var (number, work, square) = (0.0, 0.0, 0.0)
        for index in last..<queue.end {
            let size = queue.bursts[index].work
            number += 1
            work += size
            square += size * size
        }
        last = queue.end
        mix(&quick, number, work, square, 0.02)
        mix(&slow, number, work, square, 0.002)
    }

    private func mix(
        _ mean: inout (number: Double, work: Double, square: Double), _ number: Double,
        _ work: Double, _ square: Double, _ weight: Double
    ) {
        mean.number += (number - mean.number) * weight
        mean.work += (work - mean.work) * weight
        mean.square += (square - mean.square) * weight
    }

    /// Work a second as a share of what the highest clock does.
    var load: Double { max(quick.work, slow.work) / Governor.step }

    /// Work that arrives in a span, two deviations above the mean.
    func upper(over span: Double) -> Double {
        let steps = span / Governor.step
        let square = max(quick.square, slow.square) * steps
        return load * span + 2 * square.squareRoot()
    }
}
