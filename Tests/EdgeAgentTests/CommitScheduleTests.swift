import Platform
import Testing

@testable import EdgeAgent

private func at(_ milliseconds: Int64) -> MonotonicTime {
    MonotonicTime(milliseconds: milliseconds)
}

@Suite struct CommitScheduleTests {
    private func schedule() -> CommitSchedule {
        CommitSchedule(settings: CommitSchedule.Settings(event: 200, telemetry: 5000))
    }

    @Test func eachPriorityHasItsPatience() {
        for (priority, due) in [(MessagePriority.alarm, 0), (.event, 200), (.telemetry, 5000)] {
            var schedule = schedule()
            schedule.onStaged(priority, at: at(1000))
            #expect(schedule.deadline == at(1000 + Int64(due)))
        }
    }

    @Test func nothingStagedNeedsNoCommit() {
        var schedule = schedule()
        #expect(schedule.deadline == nil)
        schedule.onStaged(.event, at: at(0))
        schedule.onCommitted()
        #expect(schedule.deadline == nil)
    }

    @Test func theMostUrgentDecidesAndNothingIsPutOff() {
        var schedule = schedule()
        schedule.onStaged(.telemetry, at: at(0))
        schedule.onStaged(.telemetry, at: at(4000))
        #expect(schedule.deadline == at(5000))
        schedule.onStaged(.event, at: at(1000))
        #expect(schedule.deadline == at(1200))
        schedule.onStaged(.alarm, at: at(1100))
        #expect(schedule.deadline == at(1100))
        schedule.onStaged(.event, at: at(1150))
        #expect(schedule.deadline == at(1100))
    }

    @Test func acknowledgedRowsWaitLongest() {
        var schedule = schedule()
        schedule.onAcknowledged(at: at(0))
        #expect(schedule.deadline == at(600_000))
        schedule.onStaged(.telemetry, at: at(0))
        #expect(schedule.deadline == at(5000))
    }

    @Test func aRequestIsForNow() {
        var schedule = schedule()
        schedule.onStaged(.telemetry, at: at(0))
        schedule.onRequested(at: at(10))
        #expect(schedule.deadline == at(10))
    }

    @Test func afterAFailureTheNextTryComesByItselfButNotAtOnce() {
        var schedule = schedule()
        schedule.onStaged(.alarm, at: at(0))
        schedule.onFailed(at: at(0))
        #expect(schedule.deadline == at(1000))
    }
}

@Suite struct EventLimiterTests {
    @Test func oneAMinuteOfAKindPasses() {
        var limiter = EventLimiter()
        #expect(limiter.allows("a", at: at(0)) == true)
        #expect(limiter.allows("a", at: at(1)) == false)
        #expect(limiter.allows("b", at: at(1)) == true)
        #expect(limiter.allows("a", at: at(59_999)) == false)
        #expect(limiter.allows("a", at: at(60_000)) == true)
        #expect(limiter.suppressed == 2)
    }

    @Test func kindsAreBounded() {
        var limiter = EventLimiter()
        for number in 0..<EventLimiter.kindsMaximum {
            #expect(limiter.allows("kind \(number)", at: at(0)) == true)
        }
        #expect(limiter.allows("one more", at: at(30_000)) == false)
        #expect(limiter.suppressed == 1)
        // What is a minute old makes room.
        #expect(limiter.allows("one more", at: at(60_000)) == true)
    }
}
