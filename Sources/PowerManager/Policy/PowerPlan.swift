/// What a power state means for the board's knobs.
public struct PowerPlan: Sendable, Hashable {
    /// A cpufreq governor; nil leaves it.
    public var governor: String?
    /// The highest clock allowed, as a share of the board's own.
    public var highestClock: Double
    /// Percent of all processors that workloads may take together; nil is no limit.
    public var workloadPercent: Int?
    /// By how much sampling and radio are spread out.
    public var intervalFactor: Int
    public var areLightsOn: Bool

    /// The plan of a state. `off` is carried out as `critical` until the halt.
    public init(_ state: PowerState) {
        switch state {
        case .performance: self.init("performance", 1, nil, 1, true)
        // Not by the clock: docs/power.md shows how little that moves.
        case .balanced: self.init("schedutil", 1, nil, 1, true)
        case .saver: self.init("schedutil", 0.75, 75, 4, false)
        case .critical, .off: self.init("powersave", 0.5, 25, 10, false)
        }
    }

    private init(
        _ governor: String?, _ highestClock: Double, _ workloadPercent: Int?,
        _ intervalFactor: Int, _ areLightsOn: Bool
    ) {
        self.governor = governor
        self.highestClock = highestClock
        self.workloadPercent = workloadPercent
        self.intervalFactor = intervalFactor
        self.areLightsOn = areLightsOn
    }
}
