import Platform
import Testing

@testable import FleetHub

@Suite struct FloodGuardTests {
    private static func settings() -> FloodGuard.Settings {
        var settings = FloodGuard.Settings()
        settings.strikesMaximum = 10
        settings.forgivenEach = 1000
        settings.cutFirst = 60_000
        settings.cutMaximum = 200_000
        settings.calmAfter = 120_000
        return settings
    }

    private static func time(_ seconds: Int64) -> MonotonicTime {
        MonotonicTime(milliseconds: seconds * 1000)
    }

    @Test func aFloodIsSlowedThenCutOffThenLetInAgain() {
        var guardian = FloodGuard(settings: Self.settings())
        #expect(guardian.onDropped("a", 1, now: Self.time(0)) == [.slowed("a")])
        #expect(guardian.isSlowed("a") && !guardian.isCutOff("a"))
        #expect(guardian.onDropped("a", 8, now: Self.time(0)) == [])
        #expect(guardian.onDropped("a", 1, now: Self.time(0)) == [.cutOff("a", span: 60_000)])
        #expect(guardian.isCutOff("a") && !guardian.isCutOff("b"))
        #expect(guardian.tick(Self.time(59)) == [])
        #expect(guardian.tick(Self.time(60)) == [.letIn("a")])
        #expect(guardian.isSlowed("a") && !guardian.isCutOff("a"))
        #expect(guardian.tick(Self.time(179)) == [])
        #expect(guardian.tick(Self.time(180)) == [.calm("a")])
        #expect(!guardian.isSlowed("a"))
        #expect(guardian.records.isEmpty)
    }

    @Test func whoFloodsAgainIsCutOffForLonger() {
        var guardian = FloodGuard(settings: Self.settings())
        var now: Int64 = 0
        var spans: [Milliseconds] = []
        for _ in 0..<4 {
            for notice in guardian.onDropped("a", 10, now: Self.time(now)) {
                if case .cutOff(_, let span) = notice { spans.append(span) }
            }
            now += 200
            #expect(guardian.tick(Self.time(now)) == [.letIn("a")])
        }
        #expect(spans == [60_000, 120_000, 200_000, 200_000])
    }

    @Test func whatIsDroppedNowAndThenIsForgiven() {
        var guardian = FloodGuard(settings: Self.settings())
        // A window of eight every ten seconds, for an hour.
        for round in 0..<360 {
            let notices = guardian.onDropped("a", 8, now: Self.time(Int64(round) * 10))
            #expect(notices == (round == 0 ? [.slowed("a")] : []))
        }
        #expect(guardian.records["a"]?.dropped == 2880)
    }

    @Test func whoIsCutOffIsToldNowAndThen() {
        var guardian = FloodGuard(settings: Self.settings())
        #expect(guardian.shouldTell("a", now: Self.time(0)) == nil)
        _ = guardian.onDropped("a", 10, now: Self.time(0))
        #expect(guardian.shouldTell("a", now: Self.time(0)) == 60_000)
        #expect(guardian.shouldTell("a", now: Self.time(9)) == nil)
        #expect(guardian.shouldTell("a", now: Self.time(10)) == 50_000)
    }

    @Test func watchedBoardsHaveABound() {
        var settings = Self.settings()
        settings.devicesMaximum = 3
        var guardian = FloodGuard(settings: settings)
        for number in 0..<10 { _ = guardian.onDropped("b\(number)", 1, now: Self.time(0)) }
        #expect(guardian.records.count == 3)
        #expect(guardian.records["b9"] != nil)
    }
}

@Suite struct GreetingGateTests {
    private static func settings(_ rate: Int, burst: Int) -> GreetingGate.Settings {
        var settings = GreetingGate.Settings()
        settings.perSecond = rate
        settings.burst = burst
        return settings
    }

    @Test func aBurstIsAnsweredAndTheRestComesLater() {
        var gate = GreetingGate(settings: Self.settings(10, burst: 3))
        let now = MonotonicTime(milliseconds: 5000)
        let waits = (0..<6).map { _ in gate.admit(now)?.count }
        #expect(waits == [nil, nil, nil, 1000, 1100, 1200])
    }

    @Test func creditComesBackAndIsBounded() {
        var gate = GreetingGate(settings: Self.settings(10, burst: 3))
        for _ in 0..<3 { #expect(gate.admit(MonotonicTime(milliseconds: 0)) == nil) }
        #expect(gate.admit(MonotonicTime(milliseconds: 50)) != nil)
        #expect(gate.admit(MonotonicTime(milliseconds: 100)) == nil)
        let late = MonotonicTime(milliseconds: 100_000_000)
        for _ in 0..<3 { #expect(gate.admit(late) == nil) }
        #expect(gate.admit(late) != nil)
    }

    @Test func nobodyWaitsForLonger() {
        var settings = Self.settings(1, burst: 1)
        settings.waitMaximum = 30_000
        var gate = GreetingGate(settings: settings)
        let now = MonotonicTime(milliseconds: 0)
        #expect(gate.admit(now) == nil)
        for _ in 0..<500 { #expect((gate.admit(now)?.count ?? 0) <= 30_000) }
    }

    /// 10,000 boards greet in one moment, and come again when they were told to, with the agents'
    /// jitter: all are in, no second has more than its share, and none is sent away often.
    @Test func aStormOfTenThousandIsSpread() {
        var gate = GreetingGate()
        let settings = GreetingGate.Settings()
        var random = SplitMix64(seed: 11)
        var coming: [Int64: [Int]] = [0: (0..<10_000).map { _ in 0 }]
        var admitted: [Int64: Int] = [:]
        var (now, most) = (Int64(0), 0)
        while !coming.isEmpty, now < 600_000 {
            for tries in coming.removeValue(forKey: now) ?? [] {
                guard let wait = gate.admit(MonotonicTime(milliseconds: now)) else {
                    admitted[now / 1000, default: 0] += 1
                    continue
                }
                most = max(most, tries + 1)
                // As `RetryAfter` and `DeviceSession` do: whole seconds, and a quarter at random.
                let seconds = (wait.count + 999) / 1000 * 1000
                let jitter = Int64(random.next() % UInt64(seconds / 4 + 1))
                coming[now + seconds + jitter, default: []].append(tries + 1)
            }
            now += 1
        }
        #expect(admitted.values.reduce(0, +) == 10_000)
        #expect(admitted.values.max() ?? 0 <= settings.perSecond + settings.burst)
        // Twenty seconds at the rate, and as much again for jitter.
        #expect(admitted.keys.max() ?? .max <= 40)
        #expect(most <= 6)
    }
}

@Suite struct CommitPaceTests {
    @Test func quietBoardsDoNotWaitAndBusyOnesGather() {
        var pace = CommitPace(interval: 5)
        let start = MonotonicTime(milliseconds: 100)
        #expect(pace.wait(start, isFull: false) == nil)
        pace.onCommit(start)
        #expect(pace.wait(start + 2, isFull: false) == start + 5)
        #expect(pace.wait(start + 2, isFull: true) == nil)
        #expect(pace.wait(start + 5, isFull: false) == nil)
        // A clock that went back does not hold anybody up.
        #expect(pace.wait(MonotonicTime(milliseconds: 1), isFull: false) == nil)
    }
}
