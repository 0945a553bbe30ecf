import LinuxPlatform
import Platform
import Simulator
import Testing

/// Monotonic time never goes back, the boot keeps its name, and both clocks are read at once.
func timekeeperContract(_ timekeeper: any Timekeeper, _ stage: Stage) async throws -> [String] {
    var verdict = Verdict()
    var last = timekeeper.now()
    let boot = timekeeper.bootID
    let first = last
    for _ in 0..<20 {
        try await stage.goOn()
        let next = timekeeper.now()
        verdict.require(next.monotonic >= last.monotonic, "monotonic time went back")
        last = next
    }
    verdict.require(last.monotonic > first.monotonic, "monotonic time stands still")
    verdict.require(timekeeper.bootID == boot, "the boot changed its name")
    return verdict.faults
}

/// Numbers differ, and use all their bits.
func entropyContract(_ entropy: any Entropy) -> [String] {
    var verdict = Verdict()
    let numbers = (0..<64).map { _ in entropy.next() }
    verdict.require(Set(numbers).count == numbers.count, "a number came twice")
    let everSet = numbers.reduce(0, |)
    let alwaysSet = numbers.reduce(UInt64.max, &)
    verdict.require(everSet == .max && alwaysSet == 0, "a bit never changes")
    verdict.require(entropy.below(0) == 0, "below(0) is not 0")
    verdict.require((0..<64).allSatisfy { _ in entropy.below(3) < 3 }, "below(3) is above 2")
    return verdict.faults
}

/// Wakes after a deadline and not before, once for each; a later setting replaces an earlier one;
/// a deadline in the past wakes at once; `close` ends the stream.
func wakeTimerContract(
    _ timer: any WakeTimer, _ timekeeper: any Timekeeper, _ stage: Stage
) async throws -> [String] {
    var verdict = Verdict()
    let early = Locked(false)
    let deadline = Locked(timekeeper.now().monotonic + 40)
    let wakes = stage.collect(timer.wakes) { _ in
        if timekeeper.now().monotonic < deadline.with({ $0 }) { early.with { $0 = true } }
    }
    timer.set(deadline.with { $0 })
    verdict.require(
        try await stage.eventually { wakes.elements.count == 1 }, "no wake at a deadline")
    let distant = timekeeper.now().monotonic + .seconds(3600)
    deadline.with { $0 = distant }
    timer.set(distant)
    let near = timekeeper.now().monotonic + 30
    deadline.with { $0 = near }
    timer.set(near)
    verdict.require(
        try await stage.eventually { wakes.elements.count == 2 }, "the last setting does not count")
    timer.set(timekeeper.now().monotonic + 20)
    timer.set(nil)
    let quiet = timekeeper.now().monotonic + 60
    _ = try await stage.eventually { timekeeper.now().monotonic > quiet }
    verdict.require(wakes.elements.count == 2, "a deadline that was taken back wakes")
    deadline.with { $0 = MonotonicTime(milliseconds: 0) }
    timer.set(MonotonicTime(milliseconds: 0))
    verdict.require(
        try await stage.eventually { wakes.elements.count == 3 }, "no wake for a past deadline")
    verdict.require(!early.with { $0 }, "a wake came before its deadline")
    timer.close()
    verdict.require(try await stage.eventually { wakes.hasEnded }, "close does not end the stream")
    return verdict.faults
}

@Suite struct TimeContracts {
    @Test func timekeepers() async throws {
        #expect(try await timekeeperContract(LinuxTimekeeper(), .linux) == [])
        let world = SimWorld(seed: 1)
        let simulated = SimTimekeeper(world: world, wall: WallTime(milliseconds: 0))
        #expect(try await timekeeperContract(simulated, .simulated(world)) == [])
    }

    @Test func aClockThatGoesBackIsFound() async throws {
        let mutant = BackwardClock()
        #expect(try await timekeeperContract(mutant, .linux).contains("monotonic time went back"))
    }

    @Test func entropies() {
        #expect(entropyContract(LinuxEntropy()) == [])
        #expect(entropyContract(SimEntropy(seed: 7)) == [])
    }

    @Test func repeatedEntropyIsFound() {
        #expect(entropyContract(StuckEntropy()).contains("a number came twice"))
    }

    @Test func wakeTimers() async throws {
        let linux = LinuxWakeTimer(name: "contract")
        #expect(try await wakeTimerContract(linux, LinuxTimekeeper(), .linux) == [])
        let world = SimWorld(seed: 1)
        let clock = SimTimekeeper(world: world, wall: WallTime(milliseconds: 0))
        let simulated = SimWakeTimer(world: world, timekeeper: clock)
        #expect(try await wakeTimerContract(simulated, clock, .simulated(world)) == [])
    }

    @Test func aHastyTimerIsFound() async throws {
        let world = SimWorld(seed: 1)
        let clock = SimTimekeeper(world: world, wall: WallTime(milliseconds: 0))
        let mutant = HastyTimer(SimWakeTimer(world: world, timekeeper: clock))
        let faults = try await wakeTimerContract(mutant, clock, .simulated(world))
        #expect(faults.contains("a wake came before its deadline"))
    }
}

/// Mutant: each reading is earlier than the one before.
private final class BackwardClock: Timekeeper {
    let bootID = BootID(rawValue: 1)
    private let reading = Locked<Int64>(1_000_000)

    func now() -> ClockReading {
        let time = reading.with { value in
            value -= 1
            return value
        }
        return ClockReading(
            monotonic: MonotonicTime(milliseconds: time), wall: WallTime(milliseconds: time),
            isDisciplined: false)
    }
}

/// Mutant: one number for ever.
private struct StuckEntropy: Entropy {
    func next() -> UInt64 { 42 }
}

/// Mutant: wakes a little before the deadline.
private struct HastyTimer: WakeTimer {
    let timer: SimWakeTimer
    var wakes: AsyncStream<Void> { timer.wakes }

    init(_ timer: SimWakeTimer) { self.timer = timer }

    func set(_ deadline: MonotonicTime?) { timer.set(deadline.map { $0 + -10 }) }
    func close() { timer.close() }
}
