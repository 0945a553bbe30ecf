/// The Lagrangian bound with a knapsack a board (Fisher, Management Science 27, 1981): each
/// workload gets a reward for being placed, each board takes what pays it best. Whatever the
/// rewards, the rewards less what boards earn is a lower bound; it is at least the flow's.
struct KnapsackBound {
    /// Boards with more slots are left out of the tightening: their knapsacks split little.
    static let slotsMax = 64
    static let steps = 200

    private let classes: SlotClasses
    /// Boards alike in site and room, and how many.
    private let groups: [(site: Int, room: Int, boards: Int)]

    init(_ classes: SlotClasses) {
        self.classes = classes
        var counts: [[Int]: Int] = [:]
        for (board, column) in classes.column.enumerated() {
            if let column { counts[[classes.site[column], classes.room[board]], default: 0] += 1 }
        }
        groups = counts.map { (site: $0.key[0], room: $0.key[1], boards: $0.value) }
            .sorted { ($0.site, $0.room) < ($1.site, $1.room) }
    }

    /// The bound after rising from the flow's prices towards `above`.
    func raised(
        from start: Double, prices: [Double], problem: TransportProblem, below above: Double,
        enough: Double
    ) -> Double {
        guard groups.allSatisfy({ $0.room <= Self.slotsMax }) else { return start }
        var reward = rewards(problem, prices)
        var best = start
        var scale = 1.0
        var stalled = 0
        let work = groups.count * classes.members.count
        // The work of a step grows with boards and workloads; the time of a plan must not.
        let steps = min(Self.steps, max(8, 20_000_000 / max(work, 1)))
        for _ in 0..<steps {
            let (value, taken) = evaluate(reward)
            if value > best + 1e-12 {
                best = value
                stalled = 0
            } else {
                stalled += 1
            }
            if above <= best * (1 + enough) { break }
            if stalled > 6 {
                scale /= 2
                stalled = 0
            }
            var norm = 0.0
            for row in reward.indices {
                let off = Double(classes.members[row].count - taken[row])
                norm += off * off
            }
            guard norm > 0 else { break }
            let step = scale * (above - value) / norm
            for row in reward.indices {
                reward[row] += step * Double(classes.members[row].count - taken[row])
            }
        }
        return best
    }

    private func rewards(_ problem: TransportProblem, _ prices: [Double]) -> [Double] {
        classes.members.indices.map { row in
            var least = Double.infinity
            for column in 0..<problem.columns {
                least = min(least, problem.cost[row * problem.columns + column] + prices[column])
            }
            return least * Double(classes.rowSize[row])
        }
    }

    /// The bound of these rewards, and how often boards took each row.
    private func evaluate(_ reward: [Double]) -> (Double, [Int]) {
        var value = 0.0
        for row in reward.indices { value += reward[row] * Double(classes.members[row].count) }
        var taken = Array(repeating: 0, count: reward.count)
        var index = 0
        while index < groups.count {
            let site = groups[index].site
            // What does not pay at a site pays on none of its boards.
            var items: [(row: Int, size: Int, gain: Double)] = []
            for row in reward.indices {
                let gain = reward[row] - classes.cost[row * classes.sites + site]
                if gain > 0 { items.append((row, classes.rowSize[row], gain)) }
            }
            while index < groups.count, groups[index].site == site {
                let (gain, rows) = fill(items, groups[index].room)
                value -= gain * Double(groups[index].boards)
                for row in rows { taken[row] += groups[index].boards }
                index += 1
            }
        }
        return (value, taken)
    }

    /// The knapsack of one board; a row's members may all go in.
    private func fill(
        _ items: [(row: Int, size: Int, gain: Double)], _ room: Int
    ) -> (Double, [Int]) {
        var best = Array(repeating: 0.0, count: room + 1)
        var chosen = Array(repeating: [Int](), count: room + 1)
        for item in items where item.size <= room {
            for _ in 0..<min(classes.members[item.row].count, room / item.size) {
                var slots = room
                while slots >= item.size {
                    let with = best[slots - item.size] + item.gain
                    if with > best[slots] {
                        best[slots] = with
                        chosen[slots] = chosen[slots - item.size] + [item.row]
                    }
                    slots -= 1
                }
            }
        }
        return (best[room], chosen[room])
    }
}
