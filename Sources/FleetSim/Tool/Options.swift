import Platform

/// What to simulate, and how to go about it.
package struct Options: Sendable {
    /// The first seed, and how many from it.
    package var seed: UInt64 = 1
    package var seeds = 1
    /// Boards; nil leaves it to the seed (3 to 8).
    package var devices: Int?
    /// Simulated days; nil for six hours.
    package var days: Int?
    /// Operations in all; nil for 300 each six hours.
    package var operations: Int?
    /// Whether each seed leaves some kinds of operations and faults out.
    package var isSwarm = false
    /// The steps of the plan to keep, as a failing seed prints them.
    package var only: Set<Int>?
    /// The rule to break.
    package var mutant: String?
    /// Worlds at a time.
    package var jobs = 2
    /// Seconds to shrink a failing seed.
    package var patience = 20
    package var isVerbose = false

    package init() {}

    /// An option that makes no sense in this build.
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    var planner: Planner {
        var planner = Planner()
        planner.devices = devices
        planner.isSwarm = isSwarm
        if let days { planner.hours = 24 * days }
        // A long run has as much happen in it as so many short ones.
        planner.operations = operations ?? 300 * planner.hours / 6
        planner.faults = 5 * planner.hours / 6
        return planner
    }

    /// The command that repeats a plan.
    func replay(_ plan: Plan) -> String {
        var words = ["fleet-sim --seed \(plan.seed)"]
        if let devices { words.append("--devices \(devices)") }
        if let days { words.append("--days \(days)") }
        if let operations { words.append("--ops \(operations)") }
        if isSwarm { words.append("--swarm") }
        if let mutant { words.append("--mutant \(mutant)") }
        words.append("--only " + plan.steps.map { "\($0.number)" }.joined(separator: ","))
        return words.joined(separator: " ")
    }
}
