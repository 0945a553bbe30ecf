/// What a power state means for the board's knobs. A knob that a plan does not name is as it was
/// found.
public struct PowerPlan: Sendable, Hashable {
    /// A cpufreq governor; nil leaves what was found.
    public var governor: String?
    /// The highest clock allowed, as a share of the board's own; 1 leaves what was found.
    public var highestClock: Double
    /// Percent of all processors that workloads may take together; nil is no limit.
    public var workloadPercent: Int?
    /// How many processors background work may use; nil is all.
    public var backgroundProcessors: Int?
    /// By how much sampling and radio are spread out.
    public var intervalFactor: Int
    public var areLightsOn: Bool
    /// False switches monitors off.
    public var isScreenOn = true
    /// True lets USB devices sleep. Never by itself: a stick that has to hear is such a device.
    public var letsUSBSleep = false

    /// The plan of a state, where the board's profile has none. `off` is carried out as `critical`
    /// until the halt.
    public init(_ state: PowerState) {
        switch state {
        case .performance: self.init("performance", 1, nil, nil, 1, true)
        // Not by the clock: docs/power.md shows how little that moves.
        case .balanced: self.init(nil, 1, nil, nil, 1, true)
        case .saver: self.init("schedutil", 0.75, 75, nil, 4, false)
        case .critical, .off: self.init("powersave", 0.5, 25, 1, 10, false)
        }
    }

    private init(
        _ governor: String?, _ highestClock: Double, _ workloadPercent: Int?,
        _ backgroundProcessors: Int?, _ intervalFactor: Int, _ areLightsOn: Bool
    ) {
        self.governor = governor
        self.highestClock = highestClock
        self.workloadPercent = workloadPercent
        self.backgroundProcessors = backgroundProcessors
        self.intervalFactor = intervalFactor
        self.areLightsOn = areLightsOn
    }

    /// Whether every knob is as it was found.
    public var isAsFound: Bool {
        governor == nil && highestClock >= 1 && workloadPercent == nil
            && backgroundProcessors == nil && areLightsOn && isScreenOn && !letsUSBSleep
    }

    /// Kilohertz to set as the limit on a board with these steps; nil leaves what was found. The
    /// highest step that keeps to the share, else the lowest.
    public func highestKilohertz(steps: [Int], range: ClosedRange<Int>) -> Int? {
        guard highestClock < 1 else { return nil }
        let limit = Int((Double(range.upperBound) * max(0, highestClock)).rounded(.down))
        let usable = steps.filter { range.contains($0) }
        guard let lowest = usable.min() else {
            return min(max(limit, range.lowerBound), range.upperBound)
        }
        return usable.filter { $0 <= limit }.max() ?? lowest
    }
}

/// How much it matters that a workload gets on.
public enum WorkloadClass: String, Sendable, Hashable, CaseIterable {
    /// Has a deadline, or somebody who waits: no power state limits it.
    case urgent
    case normal
    /// May always wait.
    case background

    /// `cpu.weight`, of 1 to 10000 with 100 as the kernel's default (cgroup-v2.rst).
    public var weight: Int {
        switch self {
        case .urgent: 400
        case .normal: 100
        case .background: 20
        }
    }

    /// `cpu.max`: microseconds of processor in each tenth of a second; nil leaves what was found.
    public func quota(_ plan: PowerPlan, processors: Int) -> String? {
        guard self != .urgent, let percent = plan.workloadPercent else { return nil }
        let share = self == .background ? percent / 2 : percent
        // The kernel takes no quota below a millisecond.
        return "\(max(1000, share * max(1, processors) * 1000)) 100000"
    }

    /// `cpuset.cpus`; nil leaves what was found.
    public func processors(_ plan: PowerPlan, of count: Int) -> String? {
        guard self == .background, let allowed = plan.backgroundProcessors, allowed < count else {
            return nil
        }
        return allowed <= 1 ? "0" : "0-\(allowed - 1)"
    }
}
