/// What a range holds, in few numbers.
struct RangeTally {
    private(set) var sum: UInt64 = 0
    private(set) var count = 0
    private(set) var bytes = 0

    mutating func add(_ cell: Cell, size: Int) {
        sum &+= cell.digest
        count += 1
        bytes += size
    }
}

/// Where a hub and a device differ in some ranges.
public struct RangeDifference: Sendable, Hashable {
    /// To be divided further.
    public var splits: [CellRange] = []
    /// Few enough cells to be told.
    public var leaves: [CellRange] = []
    /// All that is held in the leaves.
    public var cells: [Cell] = []

    public init() {}

    public var isEmpty: Bool { splits.isEmpty && leaves.isEmpty }
}

extension TwinStorage {
    /// The sum of the digests of all cells: equal at two replicas that hold the same. Reads every
    /// cell as it is stored, so that it notices also what went wrong beneath the rules.
    public func root() throws(Failure) -> UInt64 {
        var sum: UInt64 = 0
        try scan { sum &+= $0.digest }
        return sum
    }

    /// The root of a document in order. What lies where nobody looks for it would count on no side,
    /// and two that both lack a cell are equal: so it is put in order first.
    ///
    /// - Returns: Also whether something was put in its place, and nothing had to go. Where
    ///   something went, the other side's root will tell.
    public func mendedRoot() throws(Failure) -> (root: UInt64, isMended: Bool) {
        var sum: UInt64 = 0
        let strays = try scan { sum &+= $0.digest }
        guard strays > 0 else { return (sum, false) }
        let isMended = try mend()
        return (try root(), isMended)
    }

    /// What is held in each part of some ranges; parts with nothing in them are left out.
    private func tallies(_ ranges: Set<CellRange>) throws(Failure) -> [CellRange: RangeTally] {
        let depths = Set(ranges.map(\.depth))
        var tallies: [CellRange: RangeTally] = [:]
        try scan { cell in
            let place = cell.place
            for depth in depths where ranges.contains(CellRange(of: place, depth: depth)) {
                tallies[CellRange(of: place, depth: depth + 1), default: RangeTally()]
                    .add(cell, size: Self.size(cell))
            }
        }
        return tallies
    }

    /// - Parameter ranges: None of a single place, which has no parts.
    public func sums(of ranges: [CellRange]) throws(Failure) -> [RangeSums] {
        let tallies = try tallies(Set(ranges))
        return ranges.map { range in
            RangeSums(
                range: range,
                sums: (0..<CellRange.parts).map { tallies[range.part($0)]?.sum ?? 0 })
        }
    }

    /// The parts in which other sums are held here. A part of a few cells is told whole, as long
    /// as there is room for it; the others are to be asked for again, part by part.
    public func differences(
        from others: [RangeSums], bytes: Int
    ) throws(Failure) -> RangeDifference {
        let tallies = try tallies(Set(others.map(\.range)))
        var difference = RangeDifference()
        var left = bytes
        for other in others {
            for (number, sum) in other.sums.enumerated() {
                let part = other.range.part(number)
                let own = tallies[part] ?? RangeTally()
                guard own.sum != sum else { continue }
                let isSingle = part.depth == CellRange.depthMaximum || own.count <= 1
                let isFew = isSingle || own.count <= AuditBounds.leafCells
                // One has to go however long it is, or a long value would be asked for forever.
                let fits = own.bytes <= left || (isSingle && difference.leaves.isEmpty)
                if isFew && fits {
                    difference.leaves.append(part)
                    left -= own.bytes
                } else if part.depth < CellRange.depthMaximum {
                    difference.splits.append(part)
                }
            }
        }
        difference.cells = try cells(in: difference.leaves)
        return difference
    }

    /// By dot; of two cells with one dot, which no write makes, the first.
    public func cells(in ranges: [CellRange]) throws(Failure) -> [Cell] {
        guard !ranges.isEmpty else { return [] }
        let asked = Set(ranges)
        let depths = Set(ranges.map(\.depth))
        var found: [Dot: Cell] = [:]
        try scan { cell in
            let place = cell.place
            let isAsked = depths.contains { asked.contains(CellRange(of: place, depth: $0)) }
            if isAsked, found[cell.dot] == nil { found[cell.dot] = cell }
        }
        return found.values.sorted { $0.dot < $1.dot }
    }
}

/// What an audit takes at most.
public enum AuditBounds {
    /// Cells of a range that is told whole.
    static let leafCells = 16
    /// Ranges that one frame compares.
    static let ranges = 256
    /// Ranges that one frame says are different: each part of these.
    static let differences = ranges * CellRange.parts
    /// Ranges that wait for their turn; others are found by the next audit.
    static let pending = 4096
    /// Questions of one audit. What is left after them is the next one's.
    public static let rounds = 64
    /// Questions of a board that never rests after which it asks for a root all the same.
    static let questions = 64
    /// Roots that are passed over at most, where audits change nothing.
    static let pause = 256
    /// About how long the sums of a range are in a frame.
    static let rangeBytes = 140
}
