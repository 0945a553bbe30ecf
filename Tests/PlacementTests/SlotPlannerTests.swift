import Placement
import Platform
import TestSupport
import Testing

@Suite struct SlotPlannerTests {
    private func matrix(_ sites: Int, _ generator: inout SeededGenerator) throws -> LatencyMatrix {
        try LatencyMatrix(
            rows: (0..<sites).map { _ in
                (0..<sites).map { _ in Double(Int.random(in: 0...200, using: &generator)) }
            })
    }

    private func instance(
        _ sites: Int, boards: Int, workloads: Int, slots: ClosedRange<Int>, size: ClosedRange<Int>,
        _ generator: inout SeededGenerator
    ) throws -> SlotInstance {
        try SlotInstance(
            boards: (0..<boards).map { _ in
                .init(
                    site: Int.random(in: 0..<sites, using: &generator),
                    slots: Int.random(in: slots, using: &generator))
            },
            workloads: (0..<workloads).map { _ in
                .init(
                    users: (0..<2).map { _ in Int.random(in: 0..<sites, using: &generator) },
                    size: Int.random(in: size, using: &generator))
            }, sites: sites)
    }

    private func cost(
        _ instance: SlotInstance, _ matrix: LatencyMatrix, _ workload: Int, _ board: Int
    ) -> Double {
        let users = instance.workloads[workload].users
        let sum = users.reduce(0) { $0 + matrix[$1, instance.boards[board].site] }
        return sum / Double(users.count)
    }

    private func exhaustive(_ instance: SlotInstance, _ matrix: LatencyMatrix) -> Double? {
        func place(_ workload: Int, _ free: [Int]) -> Double? {
            if workload == instance.workloads.count { return 0 }
            var best: Double?
            for board in instance.boards.indices
            where free[board] >= instance.workloads[workload].size {
                var rest = free
                rest[board] -= instance.workloads[workload].size
                if let more = place(workload + 1, rest) {
                    best = min(best ?? .infinity, more + cost(instance, matrix, workload, board))
                }
            }
            return best
        }
        return place(0, instance.boards.map(\.slots))
    }

    /// What is wrong with a plan, empty where nothing is.
    private func faults(
        _ plan: SlotPlan, _ instance: SlotInstance, _ matrix: LatencyMatrix
    ) -> [String] {
        var free = instance.boards.map(\.slots)
        var sum = 0.0
        var out: [String] = []
        for (workload, board) in plan.assignment.enumerated() {
            guard let board else { continue }
            free[board] -= instance.workloads[workload].size
            sum += cost(instance, matrix, workload, board)
        }
        if let least = free.min(), least < 0 { out.append("a board is over its slots") }
        if abs(sum - plan.cost) > 1e-6 { out.append("cost \(plan.cost), counted \(sum)") }
        return out
    }

    @Test func oneSizeIsExact() throws {
        var generator = SeededGenerator.announced(for: "one size")
        for _ in 0..<60 {
            let matrix = try matrix(4, &generator)
            let instance = try instance(
                4, boards: 5, workloads: 5, slots: 0...6, size: 3...3, &generator)
            let plan = SlotPlanner().plan(instance, matrix, using: &generator)
            #expect(faults(plan, instance, matrix).isEmpty)
            let best = exhaustive(instance, matrix)
            #expect(plan.isFeasible == (best != nil))
            if let best {
                #expect(abs(plan.cost - best) < 1e-6)
                #expect(abs((plan.gap ?? 1)) < 1e-9)
            }
        }
    }

    @Test func severalSizesStayBetweenBoundAndOptimum() throws {
        var generator = SeededGenerator.announced(for: "several sizes")
        var optimal = 0
        var solved = 0
        var packable = 0
        for _ in 0..<60 {
            let matrix = try matrix(4, &generator)
            let instance = try instance(
                4, boards: 5, workloads: 6, slots: 2...6, size: 1...4, &generator)
            let plan = SlotPlanner().plan(instance, matrix, using: &generator)
            #expect(faults(plan, instance, matrix).isEmpty)
            guard let best = exhaustive(instance, matrix) else {
                #expect(!plan.isFeasible)
                continue
            }
            packable += 1
            if let bound = plan.bound { #expect(bound <= best + 1e-6) }
            if plan.isFeasible {
                solved += 1
                #expect(plan.cost >= best - 1e-6)
                if plan.cost <= best + 1e-6 { optimal += 1 }
            }
        }
        #expect(packable > 20)
        #expect(solved * 10 >= packable * 9, "\(solved) of \(packable) packed")
        #expect(optimal * 10 >= solved * 8, "\(optimal) of \(solved) optimal")
    }

    @Test func aReplanMovesNothingWhereNothingChanged() throws {
        var generator = SeededGenerator.announced(for: "replan")
        let matrix = try matrix(6, &generator)
        let instance = try instance(
            6, boards: 12, workloads: 20, slots: 2...4, size: 1...1, &generator)
        let planner = SlotPlanner()
        let first = planner.plan(instance, matrix, using: &generator)
        let again = planner.replan(
            instance, matrix, before: first.assignment, gapMax: 0.000_1, using: &generator)
        #expect(again.fewest.moves(from: first.assignment) == 0)
        #expect(abs(again.fewest.cost - first.cost) < 1e-6)
    }

    @Test func aReplanMovesWhatLostItsBoardAndNothingElse() throws {
        var generator = SeededGenerator.announced(for: "lost board")
        let matrix = try matrix(6, &generator)
        let whole = try instance(
            6, boards: 12, workloads: 20, slots: 2...4, size: 1...1, &generator)
        let planner = SlotPlanner()
        let first = planner.plan(whole, matrix, using: &generator)
        let lost = try #require(first.assignment[0])
        let less = try SlotInstance(
            boards: whole.boards.enumerated().map {
                $0.offset == lost ? .init(site: $0.element.site, slots: 0) : $0.element
            }, workloads: whole.workloads, sites: 6)
        let homeless = first.assignment.count { $0 == lost }
        let again = planner.replan(
            less, matrix, before: first.assignment, gapMax: 100, using: &generator)
        #expect(again.fewest.isFeasible)
        #expect(again.fewest.moves(from: first.assignment) == homeless)
        #expect(faults(again.fewest, less, matrix).isEmpty)
    }

    @Test func tooMuchWorkIsSaidToBeTooMuch() throws {
        let matrix = try LatencyMatrix(rows: [[0, 5], [5, 0]])
        let instance = try SlotInstance(
            boards: [.init(site: 0, slots: 1), .init(site: 1, slots: 1)],
            workloads: Array(repeating: .init(users: [0]), count: 3), sites: 2)
        var generator = SeededGenerator(seed: 1)
        let plan = SlotPlanner().plan(instance, matrix, using: &generator)
        #expect(!plan.isFeasible)
        #expect(plan.gap == nil)
        #expect(plan.assignment.count { $0 == nil } == 1)
    }

    @Test func theSameSeedGivesTheSamePlan() throws {
        var generator = SeededGenerator.announced(for: "same seed")
        let matrix = try matrix(5, &generator)
        let instance = try instance(
            5, boards: 10, workloads: 16, slots: 1...5, size: 1...3, &generator)
        var (first, second) = (SeededGenerator(seed: 9), SeededGenerator(seed: 9))
        #expect(
            SlotPlanner().plan(instance, matrix, using: &first).assignment
                == SlotPlanner().plan(instance, matrix, using: &second).assignment)
    }
}
