/// Plans an instance: exactly where all workloads have one size, else by the flow relaxation, a
/// search from its solution, and a bound that only needs prices to be believed.
public struct SlotPlanner {
    /// A search stops this close to the bound, as a share of it.
    public var gapEnough = 0.000_1
    /// Rounds of taking out and putting back for each workload, and at most in all.
    public var roundsPerWorkload = 40
    public var roundsMax = 6_000

    public init() {}

    /// A plan that looks at no other plan.
    public func plan(
        _ instance: SlotInstance, _ matrix: LatencyMatrix,
        using random: inout some RandomNumberGenerator
    ) -> SlotPlan {
        let classes = SlotClasses(instance, matrix)
        return solve(classes, movement: 0, using: &random)
    }

    /// The plan with fewest moves from `before` among those that cost at most `gapMax` more than
    /// the stateless plan: the price of a move is raised until that is used up.
    ///
    /// - Returns: The plan, whose bound is that of the latency alone, and the stateless plan.
    public func replan(
        _ instance: SlotInstance, _ matrix: LatencyMatrix, before: [Int?], gapMax: Double,
        using random: inout some RandomNumberGenerator
    ) -> (fewest: SlotPlan, stateless: SlotPlan) {
        let stateless = plan(instance, matrix, using: &random)
        let classes = SlotClasses(instance, matrix, before: before)
        let limit = stateless.cost * (1 + gapMax)
        var best = stateless
        var low = 0.0
        // Above this price of a move nothing moves that does not have to.
        var high = 2 * (matrix.values.max() ?? 0)
        var steps = 0
        while steps < 9, stateless.isFeasible {
            // The first try is the highest price: where its plan is good enough, it is the answer.
            let movement = steps == 0 ? high : steps == 1 ? high / 64 : (low + high) / 2
            let found = solve(classes, movement: movement, using: &random)
            if found.isFeasible, found.cost <= limit {
                if found.moves(from: before) <= best.moves(from: before) { best = found }
                if steps == 0 { break }
                low = movement
            } else {
                high = movement
            }
            steps += 1
        }
        return (
            SlotPlan(assignment: best.assignment, cost: best.cost, bound: stateless.bound),
            stateless
        )
    }

    private func solve(
        _ classes: SlotClasses, movement: Double, using random: inout some RandomNumberGenerator
    ) -> SlotPlan {
        let problem = classes.relaxation(movement: movement)
        let flow = problem.solved()
        var bound = flow.isComplete ? problem.bound(of: flow.price) : nil
        var search = PackingSearch(classes, movement: movement)
        search.place(flow)
        if !classes.isUnitSize {
            search.improve(
                bound: bound, enough: gapEnough,
                rounds: min(roundsMax, roundsPerWorkload * classes.size.count), using: &random)
            if let start = bound, search.isComplete, movement == 0 {
                let tighter = KnapsackBound(classes)
                bound = tighter.raised(
                    from: start, prices: flow.price, problem: problem, below: search.total,
                    enough: gapEnough)
            }
        }
        let cost = search.latency
        // Rounding may put an exact plan's cost a hair below its own dual value.
        return SlotPlan(
            assignment: search.assignment, cost: cost,
            bound: movement == 0 ? bound.map { min($0, cost) } : nil)
    }
}
