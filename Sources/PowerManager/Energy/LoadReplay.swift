/// Replays bursts under a governor, in steps of 10 ms. Inside a step arrivals and ends are exact;
/// the clock changes between steps only, and a change costs nothing.
public struct LoadReplay: Sendable {
    /// What one governor did with one trace.
    public struct Outcome: Sendable, Hashable {
        public var residency: Residency
        /// Bursts done after their deadline, or never.
        public var missed = 0
        public var bursts = 0
    }

    /// One step, for whoever checks the figures.
    public struct Step: Sendable, Hashable {
        public let level: Int
        public let busy: Double
    }

    private let model: EnergyModel
    public let trace: BurstTrace
    private let speeds: [Double]

    public init(model: EnergyModel, trace: BurstTrace) {
        self.model = model
        self.trace = trace
        speeds = model.levels.indices.map(model.speed)
    }

    /// How many steps a replay has: the trace, and a deadline's length after it.
    public var stepCount: Int {
        Int(((trace.seconds + trace.deadline) / Governor.step).rounded(.up))
    }

    /// - Parameter onStep: gets each step.
    public func run(_ kind: GovernorKind, onStep: (Step) -> Void = { _ in }) -> Outcome {
        var governor = Governor(kind, model: model, trace: trace)
        var queue = BurstQueue(trace.bursts, deadline: trace.deadline)
        var outcome = Outcome(
            residency: Residency(levels: speeds.count), bursts: trace.bursts.count)
        var history = StepHistory()
        for number in 0..<stepCount {
            let start = Double(number) * Governor.step
            let level = governor.next(history, queue: queue, now: start)
            let busy = queue.advance(from: start, speed: speeds[level])
            outcome.residency.time[level] += Governor.step
            outcome.residency.busy[level] += busy
            history = StepHistory(busy: busy, level: level)
            onStep(Step(level: level, busy: busy))
        }
        // What nobody finished is charged at the highest clock: work left is no saving.
        let left = queue.left
        outcome.missed = queue.missed + left.bursts
        if left.work > 0 {
            outcome.residency.busy[speeds.count - 1] += left.work
            outcome.residency.time[speeds.count - 1] += left.work
        }
        return outcome
    }

    /// The schedule that no governor can beat without being later than the highest clock is: a
    /// burst that even that cannot do in time is due when that would have done it.
    public func least() -> LeastEnergy {
        let earliest = LeastEnergy.earliest(trace.bursts)
        let due = zip(trace.bursts, earliest).map { max($0.arrival + trace.deadline, $1) }
        let end = max(Double(stepCount) * Governor.step, due.last ?? 0)
        return LeastEnergy(bursts: trace.bursts, due: due, end: end)
    }
}
