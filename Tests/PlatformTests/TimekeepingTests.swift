import Platform
import Testing

@Suite struct TimekeepingTests {
    @Test func spansAddAndMultiply() {
        #expect(Milliseconds.seconds(3) + 20 * 2 == 3040)
        #expect(Milliseconds(5) - 8 == -3)
        let time = MonotonicTime(milliseconds: 100)
        #expect(time + 50 == MonotonicTime(milliseconds: 150))
        #expect(time - MonotonicTime(milliseconds: 250) == -150)
        #expect(WallTime(milliseconds: 7) - WallTime(milliseconds: 9) == -2)
        #expect(time < time + 1 && Milliseconds(-1) < 0)
    }

    /// A clock that says nonsense must not stop the agent.
    @Test func arithmeticStopsAtTheEndsOf64Bits() {
        let (most, least) = (Milliseconds(.max), Milliseconds(.min))
        #expect(most + 1 == most && least + -1 == least && most + least == -1)
        #expect(most - -1 == most && least - 1 == least && 0 - least == most)
        #expect(most * 2 == most && most * -2 == least && least * 2 == least && least * -1 == most)
        #expect(Milliseconds.seconds(.max) == most && Milliseconds.seconds(.min) == least)
        let end = MonotonicTime(milliseconds: .max)
        #expect(end + 1 == end && end + most == end)
        #expect(end - MonotonicTime(milliseconds: -1) == most)
        #expect(MonotonicTime(milliseconds: .min) - end == least)
        #expect(WallTime(milliseconds: .max) - WallTime(milliseconds: .min) == most)
    }

    @Test func qualityComesFromTheFloorFirst() {
        func quality(_ wall: Int64, isDisciplined: Bool) -> ClockQuality {
            ClockReading(
                monotonic: MonotonicTime(milliseconds: 0), wall: WallTime(milliseconds: wall),
                isDisciplined: isDisciplined
            ).quality(floor: WallTime(milliseconds: 1000))
        }
        #expect(quality(999, isDisciplined: true) == .unset)
        #expect(quality(1000, isDisciplined: false) == .plausible)
        #expect(quality(1000, isDisciplined: true) == .synchronized)
        #expect(ClockQuality.unset < .plausible && ClockQuality.plausible < .synchronized)
    }
}
