import Placement
import Platform

/// One planning of one instance, and the line that tells of it.
struct PlaceRun {
    let matrix: LatencyMatrix
    let instance: SlotInstance
    var before: [Int?]?
    var gapMax = 0.005
    var seed: UInt64 = 1
    /// Single decisions that are timed after the plan.
    var decisions = 0

    /// The line of the result, and what stands in the way where not all could be placed.
    func result() -> (line: ResultLine, complaint: String?) {
        var random = SplitMix64(seed: seed)
        let start = ContinuousClock.now
        let planner = SlotPlanner()
        var stateless: SlotPlan?
        let plan: SlotPlan
        if let before {
            let both = planner.replan(
                instance, matrix, before: before, gapMax: gapMax, using: &random)
            plan = both.fewest
            stateless = both.stateless
        } else {
            plan = planner.plan(instance, matrix, using: &random)
        }
        let seconds = (ContinuousClock.now - start).seconds
        var line = ResultLine()
        line.add("feasible", plan.isFeasible)
        line.add("cost", Value.number(plan.cost))
        line.add("bound", plan.isFeasible ? plan.bound.map { .number($0) } ?? .null : .null)
        line.add("gap", plan.gap.map { .number($0) } ?? .null)
        line.add("seconds", Value.number(seconds))
        if let before, let stateless {
            line.add("moves", plan.moves(from: before))
            line.add("stateless_moves", stateless.moves(from: before))
            line.add("stateless_cost", Value.number(stateless.cost))
        }
        if decisions > 0 {
            let timed = DecisionTimes(matrix, instance, plan.assignment, decisions, seed: seed)
            line.add("decisions", timed.milliseconds.count)
            for (name, times) in [
                ("decision", timed.milliseconds), ("decision_cpu", timed.processorMilliseconds),
            ] {
                line.add(name + "_p50_ms", DecisionTimes.quantile(times, 0.5))
                line.add(name + "_p99_ms", DecisionTimes.quantile(times, 0.99))
            }
        }
        line.add(
            "assignment", .array(plan.assignment.map { $0.map { .int(Int64($0)) } ?? .null }))
        return (line, plan.isFeasible ? nil : complaint(plan))
    }

    private func complaint(_ plan: SlotPlan) -> String {
        let demand = instance.workloads.reduce(0) { $0 + $1.size }
        let slots = instance.boards.reduce(0) { $0 + $1.slots }
        let largest = instance.boards.map(\.slots).max() ?? 0
        let left = plan.assignment.count { $0 == nil }
        let what = "\(left) of \(instance.workloads.count) workloads have no board: "
        if let size = instance.workloads.map(\.size).max(), size > largest {
            return what + "one needs \(size) slots, the largest board has \(largest); "
                + "add a larger board or make the workload smaller"
        }
        if demand > slots {
            return what + "they need \(demand) slots, all boards have \(slots); add boards"
        }
        return what + "\(demand) of \(slots) slots are needed, but no way was found to pack them "
            + "onto whole boards; add a board"
    }
}
