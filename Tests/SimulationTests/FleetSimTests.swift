import Foundation
import Platform
import Simulator
import SyncProtocol
import Testing

@testable import FleetSim

/// The real agents and the real hub with the real SQL, in a simulated world. `fleet-sim` runs
/// thousands of seeds; these hold the simulation itself to its word.
@Suite struct FleetSimTests {
    /// `SEED` in the environment repeats one run, `SEEDS` asks for the first so many.
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SEED"].flatMap(UInt64.init) { return [seed] }
        return Array(1...max(1, environment["SEEDS"].flatMap(UInt64.init) ?? 6))
    }()

    @Test(arguments: seeds)
    func allHolds(seed: UInt64) {
        let run = Run(Planner().plan(seed: seed))
        #expect(run.findings.isEmpty, "SEED=\(seed)\n\(run.findings.joined(separator: "\n"))")
    }

    @Test func theSameSeedIsTheSameRun() {
        let plan = Planner().plan(seed: 3)
        #expect(Run(plan).trace == Run(plan).trace)
        #expect(Run(Planner().plan(seed: 4)).trace != Run(plan).trace)
    }

    /// The short form that all figures are of: 3 to 8 boards, six hours, 300 operations, 5 faults.
    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func aSeedIsWorthItsTime(seed: UInt64) {
        let plan = Planner().plan(seed: seed)
        #expect((3...8).contains(plan.devices))
        #expect(plan.span >= Milliseconds(6 * 3_600_000))
        #expect([5, 6].contains(plan.steps.count { $0.act.isFault }))
        #expect(plan.steps.count { !$0.act.isFault } >= 300)
        #expect(zip(plan.steps, plan.steps.dropFirst()).allSatisfy { $0.time <= $1.time })
    }

    /// All kinds of faults occur, and in a swarm each seed has fewer.
    @Test func seedsDiffer() {
        var swarm = Planner()
        swarm.isSwarm = true
        let plans = (1...200 as ClosedRange<UInt64>).map { Planner().plan(seed: $0) }
        let swarms = (1...200 as ClosedRange<UInt64>).map { swarm.plan(seed: $0) }
        #expect(Set(plans.flatMap(\.faults.keys)).count == 18)
        #expect(Set(swarms.flatMap(\.faults.keys)).count == 18)
        #expect(swarms.contains { $0.faults.isEmpty })
    }

    /// Leaving steps out changes nothing in those that stay.
    @Test func aPlanKeepsItsSteps() {
        let plan = Planner().plan(seed: 9)
        let numbers = Set(plan.steps.map(\.number).filter { $0 % 3 == 0 })
        let part = plan.only(numbers)
        #expect(Set(part.steps.map(\.number)) == numbers)
        #expect(
            part.steps.allSatisfy { step in
                plan.steps.contains { $0.number == step.number && $0.time == step.time }
            })
        #expect(part.seed == plan.seed && part.devices == plan.devices)
    }

    /// A finding that needs one step of three hundred shrinks to it.
    @Test func shrinkingKeepsWhatFails() {
        let plan = Planner().plan(seed: 5)
        let culprit = plan.steps[plan.steps.count / 2].number
        let smallest = Shrink(patience: .seconds(60)) { candidate in
            candidate.steps.contains { $0.number == culprit } ? ["planted"] : []
        }.shrink(plan, ["planted"])
        #expect(smallest.steps.map(\.number) == [culprit])
    }

    /// The command that is printed repeats the plan.
    @Test func theReplayNamesAllThatDecides() {
        var options = Options()
        options.seed = 7
        options.devices = 4
        options.isSwarm = true
        let plan = options.planner.plan(seed: 7)
        let part = plan.only([plan.steps[1].number, plan.steps[4].number])
        let numbers = part.steps.map { "\($0.number)" }.joined(separator: ",")
        #expect(options.replay(part) == "fleet-sim --seed 7 --devices 4 --swarm --only \(numbers)")
    }

    /// A world whose disk takes nothing is noticed: the checkers can fail.
    @Test func aLostRowIsFound() throws {
        let site = Site(Planner().plan(seed: 2))
        try Performance(site: site).play()
        #expect(try Checkers(site: site).findings() == [])
        site.ledger.items[1_000_000] = Ledger.Item(
            device: site.devices[0], path: try TwinPath("config/never"), value: .int(1))
        site.ledger.expect("restore_detected", of: site.devices[0], after: 1000)
        let findings = try Checkers(site: site).findings()
        #expect(findings.contains { $0.hasPrefix("lost:") })
        #expect(findings.contains { $0.hasPrefix("event:") })
        try site.end()
    }
}
