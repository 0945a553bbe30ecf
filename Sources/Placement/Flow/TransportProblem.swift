/// Rows that have to be spread over columns at least cost: a transportation problem.
///
/// A row is a workload, or workloads that are alike; a column is a site, or boards of a site that
/// are alike. Ten thousand boards on a few hundred sites become a few hundred columns, which is why
/// an exact plan fits into a second.
public struct TransportProblem: Sendable {
    /// What each row has to place, in units.
    public var supply: [Int]
    /// What each column takes, in units.
    public var capacity: [Int]
    /// The cost of one unit, row after row; infinite where a row must not use a column.
    public var cost: [Double]

    public var rows: Int { supply.count }
    public var columns: Int { capacity.count }

    /// - Precondition: `cost` has rows × columns entries, none negative and no NaN; supplies and
    ///   capacities are not negative.
    public init(supply: [Int], capacity: [Int], cost: [Double]) {
        precondition(cost.count == supply.count * capacity.count)
        precondition(supply.allSatisfy { $0 >= 0 } && capacity.allSatisfy { $0 >= 0 })
        self.supply = supply
        self.capacity = capacity
        self.cost = cost
    }

    /// An optimal flow with the prices that prove it.
    public func solved() -> TransportPlan {
        var solver = TransportSolver(self)
        return solver.run()
    }

    /// The dual value of prices: no plan that places every unit costs less, whatever the prices
    /// are, so that a bound needs no trust in the solver. Nil where a row has no column at all.
    public func bound(of price: [Double]) -> Double? {
        var total = 0.0
        for row in 0..<rows where supply[row] > 0 {
            var least = Double.infinity
            for column in 0..<columns {
                least = min(least, cost[row * columns + column] + price[column])
            }
            guard least.isFinite else { return nil }
            total += least * Double(supply[row])
        }
        for column in 0..<columns where price[column] > 0 {
            total -= price[column] * Double(capacity[column])
        }
        return total
    }
}

/// What a transportation problem's solver found.
public struct TransportPlan: Sendable {
    /// Units of a row in a column.
    public struct Flow: Sendable, Hashable {
        public let row: Int
        public let column: Int
        public let units: Int
    }

    public let flows: [Flow]
    /// What a unit of each column is worth; 0 where the column is not full.
    public let price: [Double]
    /// The units of each row for which there was no room.
    public let unplaced: [Int]

    public var isComplete: Bool { unplaced.allSatisfy { $0 == 0 } }
}
