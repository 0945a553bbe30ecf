/// The cells whose place begins with the same digits, of four bits each. By the digest of the
/// place, not by key: any set of keys then divides evenly, and a range takes a few bytes to name.
public struct CellRange: Sendable, Hashable {
    /// How many digits: 0 for all cells, at most 16.
    public let depth: UInt8
    /// The digits, as a number.
    public let prefix: UInt64

    /// Parts that a range divides into.
    public static let parts = 16
    /// Digits of a place.
    static let depthMaximum: UInt8 = 16

    public static let whole = CellRange(depth: 0, prefix: 0)

    init(depth: UInt8, prefix: UInt64) {
        self.depth = depth
        self.prefix = prefix
    }

    init(of place: UInt64, depth: UInt8) {
        self.depth = depth
        prefix = depth == 0 ? 0 : place >> (64 - 4 * UInt64(depth))
    }

    func part(_ number: Int) -> CellRange {
        CellRange(depth: depth + 1, prefix: prefix << 4 | UInt64(number))
    }

    func contains(_ cell: Cell) -> Bool { CellRange(of: cell.place, depth: depth) == self }

    /// Those of some cells that lie in some ranges. Many of either take no longer than they have
    /// to: both may come from the other side.
    public static func cells(_ cells: [Cell], in ranges: [CellRange]) -> [Cell] {
        let asked = Set(ranges)
        let depths = Set(ranges.map(\.depth))
        return cells.filter { cell in
            let place = cell.place
            return depths.contains { asked.contains(CellRange(of: place, depth: $0)) }
        }
    }
}

/// What one side holds of a range: the sum of its cells' digests, for each part.
public struct RangeSums: Sendable, Hashable {
    public let range: CellRange
    public let sums: [UInt64]

    init(range: CellRange, sums: [UInt64]) {
        self.range = range
        self.sums = sums
    }
}
