import Platform
import PowerManager
import TestSupport
import Testing

@Suite struct PowerPolicyTests {
    private func time(_ seconds: Int64) -> MonotonicTime {
        MonotonicTime(milliseconds: seconds * 1000)
    }

    private func at(_ degrees: Double) -> PowerReadings {
        var readings = PowerReadings()
        readings.temperature = degrees
        return readings
    }

    private func onBattery(_ percent: Double) -> PowerReadings {
        var readings = PowerReadings()
        readings.isOnMains = false
        readings.batteryPercent = percent
        return readings
    }

    @Test func aBoardAtRestStaysBalanced() {
        var policy = PowerPolicy()
        #expect(policy.observe(PowerReadings(), at: time(0)) == nil)
        #expect(policy.state == .balanced)
    }

    @Test func heatActsAtOnceAndEndsByItsBand() {
        var policy = PowerPolicy()
        #expect(policy.observe(at(83), at: time(0))?.to == .critical)
        #expect(policy.observe(at(78), at: time(500)) == nil)
        #expect(policy.observe(at(76), at: time(501))?.to == .saver)
        // 71 is below the limit, not below its band.
        #expect(policy.observe(at(71), at: time(900)) == nil)
        #expect(policy.observe(at(69), at: time(901))?.to == .balanced)
    }

    @Test func aBatteryGoesStepByStepToOff() {
        var policy = PowerPolicy()
        #expect(policy.observe(onBattery(80), at: time(0))?.to == .saver)
        #expect(policy.observe(onBattery(14), at: time(1))?.to == .critical)
        let change = policy.observe(onBattery(3), at: time(2))
        #expect(change?.to == .off)
        #expect(change?.reason == "the battery is low")
        var mains = PowerReadings()
        mains.isOnMains = true
        #expect(policy.observe(mains, at: time(3)) == nil)
        #expect(policy.observe(mains, at: time(122))?.to == .critical)
        #expect(policy.observe(mains, at: time(242))?.to == .saver)
        #expect(policy.observe(mains, at: time(362))?.to == .balanced)
    }

    @Test func aWishEndsAndADeadlineHoldsItBack() {
        var policy = PowerPolicy()
        policy.wish(for: PowerWish(state: .saver, until: time(1000)))
        #expect(policy.observe(PowerReadings(), at: time(1))?.to == .saver)
        #expect(policy.deadline == time(121))
        var busy = PowerReadings()
        busy.tightestDeadline = 100
        #expect(policy.observe(busy, at: time(200))?.to == .balanced)
        #expect(policy.observe(PowerReadings(), at: time(201))?.to == .saver)
        #expect(policy.observe(PowerReadings(), at: time(1000))?.to == .balanced)
        #expect(policy.wish == nil)
    }

    @Test func dangerGoesBeforeAWish() {
        var policy = PowerPolicy()
        policy.wish(for: PowerWish(state: .performance))
        var weak = PowerReadings()
        weak.isUndervolted = true
        #expect(policy.observe(weak, at: time(0))?.to == .critical)
    }

    @Test func readingsThatAreNoNumbersChangeNothing() {
        var policy = PowerPolicy()
        #expect(policy.observe(at(.nan), at: time(0)) == nil)
        #expect(policy.observe(at(.infinity), at: time(1)) == nil)
    }

    /// Seconds from each relaxation to the change before it, over a day of readings at random.
    private func pauses(_ limits: PowerLimits, seed: UInt64) -> [Int64] {
        var random = SeededGenerator(seed: seed)
        var policy = PowerPolicy(limits: limits)
        var (last, pauses): (Int64?, [Int64]) = (nil, [])
        for second in stride(from: Int64(0), to: 86_400, by: 10) {
            var readings = at(Double.random(in: 65...85, using: &random))
            readings.isThrottled = random.once(in: 9)
            readings.isUndervolted = random.once(in: 30)
            readings.isOnMains = random.once(in: 2)
            readings.batteryPercent = Double.random(in: 0...100, using: &random)
            if random.once(in: 50) {
                let state = PowerState.allCases[Int.random(in: 0..<5, using: &random)]
                policy.wish(for: PowerWish(state: state))
            }
            guard let change = policy.observe(readings, at: time(second)) else { continue }
            if change.to < change.from, let last { pauses.append(second - last) }
            last = second
        }
        return pauses
    }

    @Test func nothingRelaxesFasterThanTheRamp() {
        for seed in 1...20 as ClosedRange<UInt64> {
            let pauses = pauses(PowerLimits(), seed: seed)
            #expect(!pauses.isEmpty)
            #expect(pauses.allSatisfy { $0 >= 120 }, "seed \(seed)")
        }
    }

    /// The test above can fail: without a ramp the same readings flap.
    @Test func withoutARampItFlaps() {
        var limits = PowerLimits()
        limits.ramp = 0
        #expect(pauses(limits, seed: 1).contains { $0 < 120 })
    }
}
