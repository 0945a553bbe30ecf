import Platform
import Testing

@testable import Identity

@Suite struct RenewalTests {
    static let day: Int64 = 86_400_000
    let start = WallTime(milliseconds: 1_800_000_000_000)

    func after(_ days: Int64) -> WallTime {
        WallTime(milliseconds: start.milliseconds + days * Self.day)
    }

    @Test func aBoardAsksAThirdIntoTheLife() {
        let due = RenewalRule.due(notBefore: start, notAfter: after(360), spread: 0)
        #expect(due == after(120))
        let latest = RenewalRule.due(
            notBefore: start, notAfter: after(360), spread: UInt64(12 * Self.day - 1))
        #expect(latest > after(131) && latest < after(132))
        for spread in [0, 1, UInt64.max, 12_345_678_901] {
            let due = RenewalRule.due(notBefore: start, notAfter: after(360), spread: spread)
            #expect(due >= after(120) && due < after(132))
        }
        // A certificate without a life is due at once, and nothing is divided by zero.
        #expect(RenewalRule.due(notBefore: start, notAfter: start, spread: 7) == start)
        #expect(RenewalRule.due(notBefore: after(1), notAfter: start, spread: 7) == after(1))
    }

    @Test(
        arguments: [
            (0, .keep), (119, .keep), (120, .renew), (360, .renew), (361, .renewInGrace),
            (760, .renewInGrace), (761, .tooLate), (-5, .keep),
        ] as [(Int64, RenewalRule.Verdict)])
    func theHubsVerdict(days: Int64, verdict: RenewalRule.Verdict) {
        #expect(
            RenewalRule.verdict(notBefore: start, notAfter: after(360), now: after(days))
                == verdict)
    }

    private func reading(_ wall: WallTime, at monotonic: MonotonicTime, isDisciplined: Bool = true)
        -> ClockReading
    {
        ClockReading(monotonic: monotonic, wall: wall, isDisciplined: isDisciplined)
    }

    @Test func attemptsComeMoreAndMoreSeldomAndNeverEnd() {
        var schedule = RenewalSchedule(spread: 0)
        let floor = ClockFloor(build: start, kept: nil)
        var now = MonotonicTime(milliseconds: 5)
        let facts = facts(from: start, to: after(360))
        #expect(!schedule.isDue(facts, at: reading(after(119), at: now), floor: floor))
        #expect(schedule.isDue(facts, at: reading(after(120), at: now), floor: floor))
        var waits: [Milliseconds] = []
        for _ in 0..<20 {
            schedule.onNothingNew(at: now)
            let failed = now
            while !schedule.isDue(facts, at: reading(after(400), at: now), floor: floor) {
                now = now + .seconds(600)
            }
            waits.append(now - failed)
        }
        #expect(waits.first == RenewalSchedule.retryMin)
        #expect(waits[1] == RenewalSchedule.retryMin * 2)
        #expect(waits.last == RenewalSchedule.retryMax)
        #expect(zip(waits, waits.dropFirst()).allSatisfy { $0 <= $1 })
        schedule.onNothingNew(at: now)
        schedule.onRefusedLink()
        #expect(schedule.isDue(facts, at: reading(after(120), at: now), floor: floor))
        schedule.onRenewed(at: now)
        #expect(!schedule.isDue(facts, at: reading(after(120), at: now), floor: floor))
    }

    /// A board that wakes in 1970, or whose clock went on from where it was switched off, does not
    /// take its certificate for young.
    @Test func aClockThatNobodyConfirmsMakesNoCertificateYoung() {
        var floor = ClockFloor(build: start, kept: nil)
        let isRaised = floor.onAuthenticated(after(1))
        #expect(isRaised)
        let schedule = RenewalSchedule(spread: 0)
        let facts = facts(from: start, to: after(360))
        let now = MonotonicTime(milliseconds: 0)
        let of1970 = reading(WallTime(milliseconds: 0), at: now)
        #expect(schedule.isDue(facts, at: of1970, floor: floor))
        let stoodStill = reading(after(2), at: now, isDisciplined: false)
        #expect(schedule.isDue(facts, at: stoodStill, floor: floor))
        #expect(!schedule.isDue(facts, at: reading(after(2), at: now), floor: floor))
    }

    private func facts(from start: WallTime, to end: WallTime) -> CertificateFacts {
        CertificateFacts(
            serial: [1], commonName: "a", publicKey: [], notBefore: start, notAfter: end)
    }
}

@Suite struct ClockFloorTests {
    let build = WallTime(milliseconds: 1000)

    @Test func itIsTheHighestOfWhatIsKnown() {
        #expect(ClockFloor(build: build, kept: nil).time == build)
        #expect(ClockFloor(build: build, kept: WallTime(milliseconds: 5)).time == build)
        #expect(
            ClockFloor(build: build, kept: WallTime(milliseconds: 5000)).time.milliseconds == 5000)
    }

    @Test func itOnlyRises() {
        var floor = ClockFloor(build: build, kept: nil)
        // A hub of the year 2200 is wrong, and there would be no way back.
        let times = [2000, 2000, 1500, ClockFloor.end.milliseconds]
        let rises = times.map { floor.onAuthenticated(WallTime(milliseconds: $0)) }
        #expect(rises == [true, false, false, false])
        #expect(floor.time.milliseconds == 2000)
        #expect(floor.believed(WallTime(milliseconds: 0)).milliseconds == 2000)
        #expect(floor.believed(WallTime(milliseconds: 9000)).milliseconds == 9000)
    }
}

@Suite struct IdentityStateTests {
    /// Every decision in every state.
    @Test(
        arguments: [
            (.pending, .approve, .active), (.pending, .revoke, .revoked),
            (.pending, .decommission, .decommissioned), (.active, .approve, .active),
            (.active, .revoke, .revoked), (.active, .decommission, .decommissioned),
            (.quarantined, .approve, .active), (.quarantined, .revoke, .revoked),
            (.quarantined, .decommission, .decommissioned), (.revoked, .approve, nil),
            (.revoked, .revoke, .revoked), (.revoked, .decommission, .decommissioned),
            (.decommissioned, .approve, nil), (.decommissioned, .revoke, nil),
            (.decommissioned, .decommission, .decommissioned),
        ] as [(IdentityState, IdentityDecision, IdentityState?)])
    func decisions(state: IdentityState, decision: IdentityDecision, next: IdentityState?) {
        #expect((try? state.after(decision)) == next)
    }

    @Test func onlyTheActiveAreTrusted() {
        #expect(IdentityState.allCases.filter(\.isTrusted) == [.active])
    }
}

@Suite struct DeviceNameTests {
    @Test(arguments: ["a", "pump-1", "A.b_C-9", String(repeating: "x", count: 64)])
    func namesComeBackFromTheirURI(text: String) throws {
        let name = try #require(DeviceName(text))
        #expect(name.uri == "urn:fleet:device:" + text)
        #expect(DeviceName(uri: name.uri) == name)
    }

    @Test(arguments: [
        "", ".", "..", "a b", "a/b", "ä", "a\0", "a\n", "#", "+", String(repeating: "x", count: 65),
    ])
    func othersAreNone(text: String) {
        #expect(DeviceName(text) == nil)
        #expect(DeviceName(uri: "urn:fleet:device:" + text) == nil)
    }

    @Test func otherURIsNameNoDevice() {
        #expect(DeviceName(uri: "urn:fleet:hub:a") == nil)
    }
}
