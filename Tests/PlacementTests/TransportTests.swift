import Placement
import TestSupport
import Testing

@Suite struct TransportTests {
    /// The least cost of placing all units, by trying everything; nil where it cannot be done.
    private func exhaustive(_ problem: TransportProblem) -> Double? {
        func place(_ row: Int, _ left: Int, _ free: [Int]) -> Double? {
            if row == problem.rows { return 0 }
            if left == 0 {
                return place(row + 1, row + 1 < problem.rows ? problem.supply[row + 1] : 0, free)
            }
            var best: Double?
            for column in 0..<problem.columns where free[column] > 0 {
                let step = problem.cost[row * problem.columns + column]
                guard step.isFinite else { continue }
                var rest = free
                rest[column] -= 1
                if let more = place(row, left - 1, rest) {
                    best = min(best ?? .infinity, step + more)
                }
            }
            return best
        }
        return place(0, problem.supply.first ?? 0, problem.capacity)
    }

    private func random(_ generator: inout SeededGenerator) -> TransportProblem {
        let rows = Int.random(in: 1...4, using: &generator)
        let columns = Int.random(in: 1...4, using: &generator)
        return TransportProblem(
            supply: (0..<rows).map { _ in Int.random(in: 0...2, using: &generator) },
            capacity: (0..<columns).map { _ in Int.random(in: 0...3, using: &generator) },
            cost: (0..<rows * columns).map { _ in
                let cost = Double(Int.random(in: 0...20, using: &generator))
                return generator.once(in: 6) ? .infinity : cost
            })
    }

    private func cost(_ plan: TransportPlan, _ problem: TransportProblem) -> Double {
        plan.flows.reduce(0) {
            $0 + Double($1.units) * problem.cost[$1.row * problem.columns + $1.column]
        }
    }

    @Test func flowIsAsGoodAsTryingEverything() {
        var generator = SeededGenerator.announced(for: "flow")
        var complete = 0
        for _ in 0..<400 {
            let problem = random(&generator)
            let plan = problem.solved()
            let best = exhaustive(problem)
            #expect(plan.isComplete == (best != nil), "\(problem)")
            guard let best, plan.isComplete else { continue }
            complete += 1
            #expect(abs(cost(plan, problem) - best) < 1e-9, "\(problem)")
            // The prices prove it: their bound is the optimum itself.
            let bound = problem.bound(of: plan.price) ?? -1
            #expect(abs(bound - best) < 1e-9, "\(problem)")
        }
        #expect(complete > 100)
    }

    @Test func anyPricesBoundFromBelow() {
        var generator = SeededGenerator.announced(for: "prices")
        for _ in 0..<200 {
            let problem = random(&generator)
            guard let best = exhaustive(problem) else { continue }
            let prices = problem.capacity.map { _ in Double.random(in: 0...15, using: &generator) }
            if let bound = problem.bound(of: prices) { #expect(bound <= best + 1e-9) }
        }
    }

    @Test func flowsKeepSupplyAndCapacity() {
        var generator = SeededGenerator.announced(for: "conservation")
        for _ in 0..<200 {
            let problem = random(&generator)
            let plan = problem.solved()
            for row in 0..<problem.rows {
                let placed = plan.flows.filter { $0.row == row }.reduce(0) { $0 + $1.units }
                #expect(placed + plan.unplaced[row] == problem.supply[row])
            }
            for column in 0..<problem.columns {
                let used = plan.flows.filter { $0.column == column }.reduce(0) { $0 + $1.units }
                #expect(used <= problem.capacity[column])
                #expect(plan.price[column] == 0 || used == problem.capacity[column])
            }
        }
    }
}
