public import Platform

/// Picks the power state: the thriftiest that any danger asks for, else the wish, else the state
/// that the board is configured for, else `balanced` on mains and `saver` on battery.
///
/// Danger acts at once. Relaxing waits for the ramp, goes by single states, and waits longer where
/// the hour has seen many changes, so that a reading at a limit cannot make the board flap: in any
/// hour there are at most `changesAnHourMax` changes and one step to each thriftier state.
public struct PowerPolicy: Sendable {
    public let limits: PowerLimits
    /// The state to be in without danger and wish; nil is `balanced`, or `saver` on battery.
    public let standing: PowerState?
    public private(set) var state = PowerState.balanced
    /// Why the board is in its state, by the readings seen last.
    public private(set) var reason = Self.atRest
    public private(set) var wish: PowerWish?
    /// Times of the last changes, oldest first; at most `changesAnHourMax`.
    private var changes: [MonotonicTime] = []
    /// What each danger asks for now; kept, because a danger ends later than it begins.
    private var heat = PowerState.performance
    private var battery = PowerState.performance
    private var isPressed = false

    private static let hour = Milliseconds.seconds(3600)
    private static let atRest = "nothing asks for more or less"

    public init(limits: PowerLimits = PowerLimits(), standing: PowerState? = nil) {
        self.limits = limits
        self.standing = standing
    }

    /// Takes an operator's wish; nil forgets it.
    public mutating func wish(for wish: PowerWish?) { self.wish = wish }

    /// When the policy has to be asked again though no reading changed.
    public var deadline: MonotonicTime? {
        [wish?.until, changes.last.map { $0 + limits.ramp }].compactMap { $0 }.min()
    }

    /// - Returns: the change; nil where the state stays.
    public mutating func observe(_ readings: PowerReadings, at now: MonotonicTime) -> PowerChange? {
        if let until = wish?.until, now >= until { wish = nil }
        let (wanted, reason) = want(readings)
        self.reason = reason
        if wanted == state { return nil }
        let next: PowerState
        if wanted > state {
            next = wanted
        } else {
            guard mayRelax(now) else {
                self.reason = reason + "; it waits before it spends more"
                return nil
            }
            next = max(wanted, state.relaxed)
        }
        let change = PowerChange(from: state, to: next, reason: reason)
        state = next
        changes = (changes + [now]).suffix(max(1, limits.changesAnHourMax))
        return change
    }

    private func mayRelax(_ now: MonotonicTime) -> Bool {
        guard let last = changes.last else { return true }
        let recent = changes.count { now - $0 < Self.hour }
        return now - last >= limits.ramp && recent < limits.changesAnHourMax
    }

    private mutating func want(_ readings: PowerReadings) -> (PowerState, String) {
        updateHeat(readings)
        updateBattery(readings)
        updatePressure(readings)
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
        if let standing { return (standing, "the board is configured so") }
        guard readings.isOnMains == false else { return (.balanced, Self.atRest) }
        if isShort { return (.balanced, "on battery, but a workload's deadline is short") }
        if isPressed { return (.balanced, "on battery, but work with a deadline has to wait") }
        return (.saver, "the board is on battery")
    }

    private mutating func updatePressure(_ readings: PowerReadings) {
        guard readings.tightestDeadline != nil, let percent = readings.pressure, percent.isFinite
        else {
            isPressed = false
            return
        }
        isPressed = percent >= (isPressed ? limits.relieved : limits.pressed)
    }

    private mutating func updateHeat(_ readings: PowerReadings) {
        guard let degrees = readings.temperature, degrees.isFinite else { return }
        heat = Self.level(
            degrees, heat, [(.saver, limits.hot), (.critical, limits.tooHot)],
            band: limits.temperatureBand)
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
