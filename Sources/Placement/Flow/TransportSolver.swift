/// Successive shortest paths with potentials (Ahuja, Magnanti, Orlin: Network Flows, §9.7, and
/// Jonker and Volgenant, Computing 38, 1987), on columns alone.
///
/// A path goes from column to column: "s → t by row w" moves a unit of `w` out of the full column
/// `s` into `t`. For each full column the cheapest way into every other is kept, so that a step of
/// the search costs one pass over the columns, however many rows a column holds.
struct TransportSolver {
    private let problem: TransportProblem
    private let columns: Int
    private var free: [Int]
    private var price: [Double]
    private var unplaced: [Int]
    /// Rows with units in a column, and how many.
    private var held: [[(row: Int, units: Int)]]
    /// By full column, the least cost of moving a unit of one of its rows to each column. Empty
    /// until a search has passed through.
    private var leave: [[Double]]
    private var leaver: [[Int32]]
    private var isStale: [Bool]
    private var distance: [Double]
    private var from: [Int32]
    /// The columns of one search: settled ones first, then open ones.
    private var order: [Int32]

    init(_ problem: TransportProblem) {
        self.problem = problem
        columns = problem.columns
        free = problem.capacity
        price = Array(repeating: 0, count: columns)
        unplaced = Array(repeating: 0, count: problem.rows)
        held = Array(repeating: [], count: columns)
        leave = Array(repeating: [], count: columns)
        leaver = Array(repeating: [], count: columns)
        isStale = Array(repeating: true, count: columns)
        distance = Array(repeating: .infinity, count: columns)
        from = Array(repeating: -1, count: columns)
        order = (0..<Int32(columns)).map { $0 }
    }

    mutating func run() -> TransportPlan {
        for row in 0..<problem.rows {
            var left = problem.supply[row]
            // Each pass fills a column or empties a row of one, so the loop ends.
            while left > 0 {
                guard let end = search(from: row) else {
                    unplaced[row] = left
                    break
                }
                left -= augment(row, to: end, at: left)
            }
        }
        var flows: [TransportPlan.Flow] = []
        for column in 0..<columns {
            for entry in held[column] where entry.units > 0 {
                flows.append(.init(row: entry.row, column: column, units: entry.units))
            }
        }
        return TransportPlan(flows: flows, price: price, unplaced: unplaced)
    }

    /// Dijkstra's search over columns to the nearest one with room; the potentials then make all
    /// of its path's steps cost nothing. Nil where no column with room can be reached.
    private mutating func search(from row: Int) -> Int? {
        let columns = self.columns
        var settled = 0
        var end: Int?
        var reach = 0.0
        distance.withUnsafeMutableBufferPointer { distance in
            problem.cost.withUnsafeBufferPointer { cost in
                price.withUnsafeBufferPointer { price in
                    for column in 0..<columns {
                        distance[column] = cost[row * columns + column] + price[column]
                    }
                }
            }
        }
        for column in 0..<columns { from[column] = -1 }
        while settled < columns {
            let next = nearest(after: settled)
            let column = Int(order[next])
            reach = distance[column]
            guard reach.isFinite else { return nil }
            order.swapAt(settled, next)
            settled += 1
            if free[column] > 0 {
                end = column
                break
            }
            if isStale[column] { refresh(column) }
            relax(from: column, after: settled)
        }
        guard let end else { return nil }
        for position in 0..<settled {
            let column = Int(order[position])
            price[column] += max(0, reach - distance[column])
        }
        return end
    }

    private func nearest(after settled: Int) -> Int {
        order.withUnsafeBufferPointer { order in
            distance.withUnsafeBufferPointer { distance in
                var best = settled
                var least = distance[Int(order[settled])]
                for position in settled + 1..<max(columns, settled + 1) {
                    let candidate = distance[Int(order[position])]
                    if candidate < least {
                        least = candidate
                        best = position
                    }
                }
                return best
            }
        }
    }

    private mutating func relax(from column: Int, after settled: Int) {
        let base = distance[column] - price[column]
        let start = distance[column]
        let columns = self.columns
        leave[column].withUnsafeBufferPointer { leave in
            order.withUnsafeBufferPointer { order in
                price.withUnsafeBufferPointer { price in
                    distance.withUnsafeMutableBufferPointer { distance in
                        from.withUnsafeMutableBufferPointer { from in
                            for position in settled..<columns {
                                let target = Int(order[position])
                                // Rounding must not make a step shorter than nothing.
                                let reached = max(start, base + leave[target] + price[target])
                                if reached < distance[target] {
                                    distance[target] = reached
                                    from[target] = Int32(truncatingIfNeeded: column)
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Moves as many units as the path allows and says how many.
    private mutating func augment(_ row: Int, to end: Int, at most: Int) -> Int {
        var units = min(most, free[end])
        var column = end
        while from[column] >= 0 {
            let source = Int(from[column])
            let mover = Int(leaver[source][column])
            units = min(units, held[source].first { $0.row == mover }?.units ?? 0)
            column = source
        }
        free[end] -= units
        column = end
        while from[column] >= 0 {
            let source = Int(from[column])
            let mover = Int(leaver[source][column])
            take(units, of: mover, from: source)
            put(units, of: mover, into: column)
            column = source
        }
        put(units, of: row, into: column)
        return units
    }

    private mutating func put(_ units: Int, of row: Int, into column: Int) {
        if let place = held[column].firstIndex(where: { $0.row == row }) {
            held[column][place].units += units
            return
        }
        held[column].append((row, units))
        if !isStale[column] { offer(row, of: column) }
    }

    private mutating func take(_ units: Int, of row: Int, from column: Int) {
        guard let place = held[column].firstIndex(where: { $0.row == row }) else { return }
        held[column][place].units -= units
        if held[column][place].units == 0 {
            held[column].swapAt(place, held[column].count - 1)
            held[column].removeLast()
            isStale[column] = true
        }
    }

    private mutating func refresh(_ column: Int) {
        leave[column] = Array(repeating: .infinity, count: columns)
        leaver[column] = Array(repeating: -1, count: columns)
        isStale[column] = false
        for entry in held[column] { offer(entry.row, of: column) }
    }

    /// Makes `row`, which `column` holds, one of those that may leave it.
    private mutating func offer(_ row: Int, of column: Int) {
        let columns = self.columns
        let here = problem.cost[row * columns + column]
        problem.cost.withUnsafeBufferPointer { cost in
            leave[column].withUnsafeMutableBufferPointer { leave in
                leaver[column].withUnsafeMutableBufferPointer { leaver in
                    for target in 0..<columns {
                        let step = cost[row * columns + target] - here
                        if step < leave[target] {
                            leave[target] = step
                            leaver[target] = Int32(truncatingIfNeeded: row)
                        }
                    }
                }
            }
        }
    }
}
