/// Who picks the clock: the kernel's governors, and ours.
public enum GovernorKind: String, Sendable, Hashable, CaseIterable {
    case performance
    case powersave
    case ondemand
    case conservative
    case schedutil
    case ours
}

/// What a governor may know when a step begins: nothing of the step itself.
public struct StepHistory: Sendable {
    /// Seconds in which the processor was busy in the step before.
    public var busy = 0.0
    /// The level it ran at.
    public var level = 0
}

/// Picks a level at the start of each step of 10 ms. After the kernel's sources (6.1), in the parts
/// that matter at this grain; constants are the kernel's defaults.
struct Governor: Sendable {
    static let step = 0.01

    let kind: GovernorKind
    let speeds: [Double]
    private var wanted: Double
    private var tracking = LoadTracking()
    private var deadline: DeadlineGovernor

    init(_ kind: GovernorKind, model: EnergyModel, trace: BurstTrace) {
        self.kind = kind
        speeds = model.levels.indices.map(model.speed)
        wanted = speeds[0]
        deadline = DeadlineGovernor(model: model, trace: trace)
    }

    /// The level for the step that begins.
    mutating func next(_ history: StepHistory, queue: borrowing BurstQueue, now: Double) -> Int {
        let top = speeds.count - 1
        switch kind {
        case .performance: return top
        case .powersave: return 0
        case .ondemand:
            // cpufreq_ondemand.c: above MICRO_FREQUENCY_UP_THRESHOLD flat out, else in proportion.
            let load = history.busy / Self.step
            if load > 0.95 { return top }
            return level(atLeast: speeds[0] + load * (1 - speeds[0]))
        case .conservative:
            // cpufreq_conservative.c: 80 % up, 20 % down, in steps of 5 % of the highest clock.
            let load = history.busy / Self.step
            if load > 0.8 { wanted = min(1, wanted + 0.05) }
            if load < 0.2 { wanted = max(speeds[0], wanted - 0.05) }
            return level(atLeast: wanted)
        case .schedutil:
            tracking.observe(busy: history.busy, speed: speeds[history.level])
            // cpufreq_schedutil.c: 1.25 · the highest clock · utilisation.
            return level(atLeast: 1.25 * tracking.utilisation(isWaiting: !queue.isEmpty))
        case .ours:
            return deadline.next(queue: queue, now: now)
        }
    }

    private func level(atLeast speed: Double) -> Int {
        speeds.firstIndex { $0 >= speed - 1e-9 } ?? speeds.count - 1
    }
}

/// Per-entity load tracking (kernel/sched/pelt.c): a geometric mean with a half-life of 32 ms, time
/// counted by the clock's share while busy. `util_est` remembers what a task last needed.
struct LoadTracking: Sendable {
    private(set) var average = 0.0
    private var estimate = 0.0
    private var wasBusy = false

    /// 0.5^(n / 320): the share left after n tenths of a millisecond.
    private static let decay: [Double] = {
        // 0.5^(1/320); the standard library has no power function.
        let tenth = 0.997836200
        return (0...100).reduce(into: [1.0]) { table, _ in
            table.append(table[table.count - 1] * tenth)
        }
    }()

    private static func left(after seconds: Double) -> Double {
        decay[min(100, max(0, Int(seconds * 10_000 + 0.5)))]
    }

    mutating func observe(busy: Double, speed: Double) {
        if busy > 0 {
            let left = Self.left(after: busy * speed)
            average = average * left + (1 - left)
            wasBusy = true
        }
        let idle = Governor.step - busy
        guard idle > 1e-6 else { return }
        if wasBusy {
            // util_est_update: a quarter of the way down, at once up.
            estimate = average > estimate ? average : estimate + (average - estimate) / 4
            wasBusy = false
        }
        average *= Self.left(after: idle)
    }

    func utilisation(isWaiting: Bool) -> Double { isWaiting ? max(average, estimate) : average }
}
