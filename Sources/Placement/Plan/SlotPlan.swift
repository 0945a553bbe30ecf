/// Where each workload goes, and how far from the best that can be.
public struct SlotPlan: Sendable {
    /// By workload, the board's index; nil where there was no room.
    public let assignment: [Int?]
    /// The sum over placed workloads of the mean RTT from users to board, in milliseconds.
    public let cost: Double
    /// No plan that places every workload costs less; nil where the search found none that does.
    public let bound: Double?

    public var isFeasible: Bool { assignment.allSatisfy { $0 != nil } }

    /// How much dearer than the bound, as a share of it; nil without a bound.
    public var gap: Double? {
        guard let bound, isFeasible else { return nil }
        if cost <= bound { return 0 }
        return bound > 0 ? (cost - bound) / bound : .infinity
    }

    /// The workloads that were somewhere before and are elsewhere now.
    public func moves(from before: [Int?]) -> Int {
        zip(before, assignment).count { $0 != nil && $0 != $1 }
    }
}
