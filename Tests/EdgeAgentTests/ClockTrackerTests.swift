import Platform
import SyncProtocol
import Testing

@testable import EdgeAgent

private let floor = WallTime(milliseconds: 1_795_392_000_000)
private let boot = BootID(rawValue: 9)

private func reading(
    _ monotonic: Int64, _ wall: Int64, disciplined: Bool = false
) -> ClockReading {
    ClockReading(
        monotonic: MonotonicTime(milliseconds: monotonic), wall: WallTime(milliseconds: wall),
        isDisciplined: disciplined)
}

/// A reading whose offset is `floor` and a bit.
private func right(_ monotonic: Int64, off: Int64 = 0, disciplined: Bool = false) -> ClockReading {
    reading(monotonic, floor.milliseconds + monotonic + off, disciplined: disciplined)
}

@Suite struct ClockTrackerTests {
    @Test func aClockInThe1970sIsUnsetUntilItIsSet() {
        var tracker = ClockTracker(boot: boot, floor: floor)
        #expect(tracker.observe(reading(1000, 1000)) == nil)
        #expect(tracker.qualityText == "unset")
        #expect(tracker.believed(reading(1000, 1000)) == floor)
        #expect(tracker.time(reading(1500, 1500)).quality == .unset)

        let change = tracker.observe(right(2000, disciplined: true))
        #expect(change?.before == .unset)
        #expect(change?.jump == Milliseconds(floor.milliseconds))
        let expected = BootClock(
            boot: boot, offset: Milliseconds(floor.milliseconds), quality: .synchronized)
        #expect(change?.clock == expected)
        #expect(tracker.qualityText == "synchronized")
        // A row from before can be corrected by it.
        let early = LogTime(
            boot: boot, monotonic: MonotonicTime(milliseconds: 1500), offset: 0, quality: .unset)
        #expect(early.corrected(by: change?.clock).wall.milliseconds == floor.milliseconds + 1500)
    }

    @Test func aClockThatIsRightFromTheStartIsToldOnce() {
        var tracker = ClockTracker(boot: boot, floor: floor)
        let change = tracker.observe(right(10))
        #expect(change?.clock.quality == .plausible)
        #expect(change?.jump == 0)
        #expect(tracker.observe(right(20)) == nil)
        #expect(tracker.believed(right(30)).milliseconds == floor.milliseconds + 30)
    }

    @Test func smallDriftIsIgnoredAndDoesNotAddUp() {
        var tracker = ClockTracker(boot: boot, floor: floor)
        _ = tracker.observe(right(0, off: 1000))
        #expect(tracker.observe(right(10, off: 1250)) == nil)
        #expect(tracker.observe(right(20, off: 750)) == nil)
        let kept = Milliseconds(floor.milliseconds + 1000)
        #expect(tracker.time(right(20, off: 750)).offset == kept)
        // Measured from the offset that rows carry, so that slow drift shows, too.
        let change = tracker.observe(right(30, off: 1251))
        #expect(change?.jump == 251)
        #expect(change?.clock.offset == Milliseconds(floor.milliseconds + 1251))
        #expect(tracker.observe(right(40, off: 1400)) == nil)
    }

    @Test(arguments: [3_600_000, -3_600_000, 73 * 365 * 86_400_000])
    func aJumpIsARecord(jump: Int64) {
        var tracker = ClockTracker(boot: boot, floor: floor)
        _ = tracker.observe(right(0, off: 86_400_000))
        let change = tracker.observe(right(1000, off: 86_400_000 + jump))
        #expect(change?.jump == Milliseconds(jump))
        #expect(change?.before == .plausible)
        #expect(change?.clock.quality == .plausible)
    }

    @Test func aChangeOfQualityAloneIsARecordWithoutAJump() {
        var tracker = ClockTracker(boot: boot, floor: floor)
        _ = tracker.observe(right(0))
        let better = tracker.observe(right(1000, off: 100, disciplined: true))
        #expect(better?.jump == 0)
        #expect(better?.before == .plausible)
        #expect(better?.clock.quality == .synchronized)
        #expect(better?.clock.offset == Milliseconds(floor.milliseconds))
        let worse = tracker.observe(right(2000))
        #expect(worse?.clock.quality == .plausible)
    }

    @Test func aClockThatFallsBelowTheFloorIsUnsetAgain() {
        var tracker = ClockTracker(boot: boot, floor: floor)
        _ = tracker.observe(right(0))
        let change = tracker.observe(reading(1000, 1000))
        #expect(change?.clock.quality == .unset)
        #expect(tracker.qualityText == "unset")
    }
}
