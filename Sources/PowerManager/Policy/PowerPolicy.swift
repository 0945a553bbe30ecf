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
    /// Deadlines below this keep the board at `balanced` where only a wish would save more.
    public var shortDeadline: Milliseconds = 250

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

/// Picks the power state: the thriftiest that any danger asks for, else the wish, else `balanced`
/// on mains and `saver` on battery.
///
/// Danger acts at once; relaxing waits for the ramp and goes by single states, so that a reading at
/// a limit cannot make the board flap.
public struct PowerPolicy: Sendable {
    public let limits: PowerLimits
    public private(set) var state = PowerState.balanced
    public private(set) var wish: PowerWish?
    private var changed: MonotonicTime?
    /// What each danger asks for now; kept, because a danger ends later than it begins.
    private var heat = PowerState.performance
    private var battery = PowerState.performance

    public init(limits: PowerLimits = PowerLimits()) { self.limits = limits }

    /// Takes an operator's wish; nil forgets it.
    public mutating func wish(for wish: PowerWish?) { self.wish = wish }

    /// When the policy has to be asked again though no reading changed.
    public var deadline: MonotonicTime? {
        [wish?.until, changed.map { $0 + limits.ramp }].compactMap { $0 }.min()
    }

    /// - Returns: the change; nil where the state stays.
    public mutating func observe(_ readings: PowerReadings, at now: MonotonicTime) -> PowerChange? {
        if let until = wish?.until, now >= until { wish = nil }
        let (wanted, reason) = want(readings)
        if wanted == state { return nil }
        let next: PowerState
        if wanted > state {
            next = wanted
        } else {
            if let changed, now - changed < limits.ramp { return nil }
            next = max(wanted, state.relaxed)
        }
        let change = PowerChange(from: state, to: next, reason: reason)
        state = next
        changed = now
        return change
    }

    private mutating func want(_ readings: PowerReadings) -> (PowerState, String) {
        updateHeat(readings)
        updateBattery(readings)
        var dangers = [(heat, "the processor is hot"), (battery, "the battery is low")]
        if readings.isUndervolted { dangers.append((.critical, "the supply is undervolted")) }
        if readings.isThrottled { dangers.append((.saver, "the firmware throttles")) }
        let base = base(readings)
        guard let worst = dangers.max(by: { $0.0 < $1.0 }), worst.0 > base.0 else { return base }
        return worst
    }

    private func base(_ readings: PowerReadings) -> (PowerState, String) {
        let isShort = readings.tightestDeadline.map { $0 < limits.shortDeadline } ?? false
        if let wish {
            // Off is an order, saver a preference.
            if isShort, wish.state > .balanced, wish.state != .off {
                return (.balanced, "a workload's deadline is short, so the wish has to wait")
            }
            return (wish.state, "an operator wished it")
        }
        if readings.isOnMains == false, !isShort { return (.saver, "the board is on battery") }
        return (.balanced, "nothing asks for more or less")
    }

    private mutating func updateHeat(_ readings: PowerReadings) {
        guard let degrees = readings.temperature, degrees.isFinite else { return }
        let asked = Self.level(
            degrees, heat, [(.saver, limits.hot), (.critical, limits.tooHot)],
            band: limits.temperatureBand)
        heat = asked
    }

    private mutating func updateBattery(_ readings: PowerReadings) {
        if readings.isOnMains == true {
            battery = .performance
            return
        }
        guard let percent = readings.batteryPercent, percent.isFinite else { return }
        battery = Self.level(
            -percent, battery,
            [
                (.saver, -limits.batteryLow), (.critical, -limits.batteryCritical),
                (.off, -limits.batteryEmpty),
            ], band: limits.batteryBand)
    }

    /// The thriftiest state whose limit is reached, or was and is not yet left by the band.
    private static func level(
        _ value: Double, _ held: PowerState, _ limits: [(PowerState, Double)], band: Double
    ) -> PowerState {
        limits.last { state, limit in
            value >= (held >= state ? limit - band : limit)
        }?.0 ?? .performance
    }
}
