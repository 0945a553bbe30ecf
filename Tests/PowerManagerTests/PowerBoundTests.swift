import Platform
import PowerManager
import TestSupport
import Testing

/// What holds of the policy whatever the readings are.
@Suite struct PowerBoundTests {
    private static let hour: Int64 = 3600

    private func time(_ seconds: Int64) -> MonotonicTime {
        MonotonicTime(milliseconds: seconds * 1000)
    }

    /// Most changes in any hour of a day in which the firmware throttles whenever the board has
    /// relaxed: the worst that a danger can do.
    private func worstHour(_ limits: PowerLimits) -> Int {
        var policy = PowerPolicy(limits: limits)
        var changes: [Int64] = []
        for second in stride(from: Int64(0), to: 24 * Self.hour, by: 10) {
            var readings = PowerReadings()
            readings.isUndervolted = policy.state == .balanced
            if policy.observe(readings, at: time(second)) != nil { changes.append(second) }
        }
        return Self.most(changes)
    }

    private static func most(_ changes: [Int64]) -> Int {
        changes.map { end in changes.count { $0 <= end && end - $0 < hour } }.max() ?? 0
    }

    @Test func anHourHasABoundOfChanges() {
        let limits = PowerLimits()
        let bound = limits.changesAnHourMax + PowerState.allCases.count - 1
        let worst = worstHour(limits)
        #expect(worst <= bound)
        #expect(worst >= limits.changesAnHourMax, "the readings are not the worst there are")
    }

    /// The test above can fail.
    @Test func withoutItsBoundAnHourHasMore() {
        var limits = PowerLimits()
        limits.changesAnHourMax = 1000
        #expect(worstHour(limits) > PowerLimits().changesAnHourMax + PowerState.allCases.count - 1)
    }

    @Test func whateverComesAnHourHasABound() {
        var random = SeededGenerator.announced(for: "whateverComesAnHourHasABound")
        for _ in 0..<20 {
            var policy = PowerPolicy()
            var changes: [Int64] = []
            for second in stride(from: Int64(0), to: 6 * Self.hour, by: 10) {
                if random.once(in: 30) { policy.wish(for: Self.wish(second, &random)) }
                let readings = Self.readings(&random)
                if policy.observe(readings, at: time(second)) != nil { changes.append(second) }
            }
            #expect(Self.most(changes) <= policy.limits.changesAnHourMax + 4)
        }
    }

    @Test func aDangerWinsAtOnce() {
        var random = SeededGenerator.announced(for: "aDangerWinsAtOnce")
        for _ in 0..<200 {
            let standing = random.once(in: 2) ? PowerState.performance : nil
            var policy = PowerPolicy(standing: standing)
            for second in stride(from: Int64(0), to: 3000, by: 10) {
                if random.once(in: 20) { policy.wish(for: Self.wish(second, &random)) }
                let readings = Self.readings(&random)
                _ = policy.observe(readings, at: time(second))
                let isHot = (readings.temperature ?? 0) >= policy.limits.tooHot
                let isEmpty =
                    readings.isOnMains != true
                    && (readings.batteryPercent ?? 100) <= policy.limits.batteryCritical
                if isHot || isEmpty || readings.isUndervolted { #expect(policy.state >= .critical) }
            }
        }
    }

    @Test func aWishEndsInTime() {
        var random = SeededGenerator.announced(for: "aWishEndsInTime")
        for _ in 0..<100 {
            var policy = PowerPolicy()
            let states = PowerState.allCases
            let state = states[Int.random(in: 0..<states.count, using: &random)]
            let end = Int64.random(in: 1...7200, using: &random)
            policy.wish(for: PowerWish(state: state, until: time(end)))
            var second: Int64 = 0
            while second < end {
                _ = policy.observe(PowerReadings(), at: time(second))
                #expect(policy.wish != nil)
                second += 10
            }
            // Each step back takes a ramp.
            for step in 0...4 {
                _ = policy.observe(PowerReadings(), at: time(end + Int64(step) * 130))
                #expect(policy.wish == nil)
            }
            #expect(policy.state == .balanced)
            #expect(policy.reason == "nothing asks for more or less")
        }
    }

    @Test func workWithADeadlineIsNotHeldUpByABattery() {
        var policy = PowerPolicy()
        var readings = PowerReadings()
        readings.isOnMains = false
        readings.tightestDeadline = 1000
        readings.pressure = 5
        #expect(policy.observe(readings, at: time(0))?.to == .saver)
        readings.pressure = 30
        #expect(policy.observe(readings, at: time(200))?.to == .balanced)
        // The band: 12 percent began nothing and ends nothing.
        readings.pressure = 12
        #expect(policy.observe(readings, at: time(400)) == nil)
        readings.pressure = 9
        #expect(policy.observe(readings, at: time(600))?.to == .saver)
        // Without a deadline nobody waits in vain.
        readings.tightestDeadline = nil
        readings.pressure = 90
        #expect(policy.observe(readings, at: time(800)) == nil)
    }

    private static func wish(
        _ second: Int64, _ random: inout SeededGenerator
    ) -> PowerWish? {
        let states = PowerState.allCases
        return random.once(in: 4)
            ? nil
            : PowerWish(
                state: states[Int.random(in: 0..<states.count, using: &random)],
                until: MonotonicTime(milliseconds: (second + 500) * 1000))
    }

    private static func readings(_ random: inout SeededGenerator) -> PowerReadings {
        var readings = PowerReadings()
        readings.temperature = Double.random(in: 60...90, using: &random)
        readings.isThrottled = random.once(in: 5)
        readings.isUndervolted = random.once(in: 9)
        readings.isOnMains = random.once(in: 3) ? nil : random.once(in: 2)
        readings.batteryPercent = Double.random(in: 0...100, using: &random)
        readings.pressure = Double.random(in: 0...100, using: &random)
        readings.tightestDeadline = random.once(in: 3) ? 100 : nil
        return readings
    }
}
