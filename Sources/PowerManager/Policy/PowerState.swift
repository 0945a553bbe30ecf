public import Platform

/// How much a board may spend, from most to least.
public enum PowerState: String, Sendable, Hashable, CaseIterable, Comparable {
    case performance
    case balanced
    case saver
    case critical
    /// Halted until its wake alarm or a hand.
    case off

    private var thrift: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    public static func < (left: Self, right: Self) -> Bool { left.thrift < right.thrift }

    /// One step towards spending more.
    var relaxed: PowerState { Self.allCases[max(0, thrift - 1)] }
}

/// What the policy decides by. Nil is unknown, and unknown never makes a board thriftier.
public struct PowerReadings: Sendable, Hashable {
    /// Degrees Celsius of the processor.
    public var temperature: Double?
    /// The firmware says that it holds the clock down.
    public var isThrottled = false
    /// The firmware says that the supply is below what it needs.
    public var isUndervolted = false
    /// 0 to 100.
    public var batteryPercent: Double?
    /// Nil where the board cannot tell.
    public var isOnMains: Bool?
    /// Percent of the last ten seconds in which some task waited for a processor (PSI).
    public var pressure: Double?
    /// The shortest deadline that a running workload declared.
    public var tightestDeadline: Milliseconds?

    public init() {}
}

/// Limits of the policy, each with a band against flapping.
public struct PowerLimits: Sendable, Hashable {
    /// Degrees. The firmware throttles from 80 on; before that is ours to choose.
    public var hot = 75.0
    /// Degrees.
    public var tooHot = 82.0
    /// Degrees below a limit at which it is left again.
    public var temperatureBand = 5.0
    /// Percent.
    public var batteryLow = 40.0
    /// Percent.
    public var batteryCritical = 15.0
    /// Percent at which the board halts before its battery does it.
    public var batteryEmpty = 4.0
    /// Percent above a limit at which it is left again.
    public var batteryBand = 5.0
    /// Nothing is relaxed sooner than this after any change, and one state at a time.
    public var ramp = Milliseconds.seconds(120)
    /// Nothing is relaxed that would be one more change than these within an hour. A danger that
    /// comes and goes leaves the board thrifty, rather than flapping.
    public var changesAnHourMax = 12
    /// Deadlines below this keep the board at `balanced` where only a wish would save more.
    public var shortDeadline: Milliseconds = 250
    /// Percent of PSI from which on a workload with any deadline is taken to be held up by the
    /// thrift that only a battery asks for.
    public var pressed = 25.0
    /// Percent of PSI below which it is no longer.
    public var relieved = 10.0

    public init() {}
}

/// What an operator asked for.
public struct PowerWish: Sendable, Hashable {
    public var state: PowerState
    /// After this the wish is forgotten; nil is for good.
    public var until: MonotonicTime?

    public init(state: PowerState, until: MonotonicTime? = nil) {
        self.state = state
        self.until = until
    }
}

/// A change, and why.
public struct PowerChange: Sendable, Hashable {
    public let from: PowerState
    public let to: PowerState
    /// For people, without a full stop.
    public let reason: String
}
