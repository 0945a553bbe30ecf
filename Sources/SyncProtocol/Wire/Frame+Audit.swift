extension Frame {
    /// What the device holds of some ranges. It counts only where the hub has seen the same writes.
    public struct Compare: Sendable, Hashable {
        /// Counts the comparisons of a session.
        public var number: UInt64
        /// The digest of all that the device has seen.
        public var context: UInt64
        /// The sum of all that it holds.
        public var root: UInt64
        /// None once all was compared: just whether the roots are equal now.
        public var ranges: [RangeSums]
        /// Of the leaves of the last answer, what the hub did not tell.
        public var cells: [Cell]

        /// Whether it is the first of an audit, or of another look.
        public var isWhole: Bool { ranges.contains { $0.range == .whole } }

        public init(
            number: UInt64, context: UInt64, root: UInt64, ranges: [RangeSums] = [],
            cells: [Cell] = []
        ) {
            self.number = number
            self.context = context
            self.root = root
            self.ranges = ranges
            self.cells = cells
        }
    }

    /// Where the hub holds something else.
    public struct Differ: Sendable, Hashable {
        /// The comparison that this answers.
        public var number: UInt64
        public var context: UInt64
        public var root: UInt64
        public var difference: RangeDifference
        /// Cells of the comparison that a removal names.
        public var dead: [Dot]

        public var splits: [CellRange] { difference.splits }

        public init(
            number: UInt64, context: UInt64, root: UInt64,
            difference: RangeDifference = RangeDifference(), dead: [Dot] = []
        ) {
            self.number = number
            self.context = context
            self.root = root
            self.difference = difference
            self.dead = dead
        }
    }
}
