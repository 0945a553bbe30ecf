/// One change of a line, as the kernel saw it.
public struct GPIOEdge: Sendable, Hashable {
    public let offset: Int
    /// To active, as the request's `isActiveLow` has it.
    public let isRising: Bool
    /// CLOCK_MONOTONIC, in nanoseconds: taken in the interrupt, not when it was read.
    public let timestamp: UInt64
    /// Counts the edges of all lines of the request: 1, 2, 3 …, and after 2³²−1 0.
    public let sequence: UInt32
    /// Counts the edges of this line.
    public let lineSequence: UInt32

    public init(
        offset: Int, isRising: Bool, timestamp: UInt64, sequence: UInt32, lineSequence: UInt32
    ) {
        self.offset = offset
        self.isRising = isRising
        self.timestamp = timestamp
        self.sequence = sequence
        self.lineSequence = lineSequence
    }
}

/// Finds what is missing in the edges of one request: the kernel drops the oldest when its buffer
/// is full, and so does a stream whose reader is slow. Neither says so; the numbers do.
public struct GPIOSequence: Sendable {
    private var last: UInt32 = 0
    /// Edges seen.
    public private(set) var seen: UInt64 = 0
    /// Edges that happened and were not seen.
    public private(set) var lost: UInt64 = 0
    /// Edges whose number is not after the one before. The kernel numbers in order, so this is
    /// always 0, unless something between reorders or repeats.
    public private(set) var outOfOrder: UInt64 = 0

    public init() {}

    /// How many edges are missing just before this one; nil for one that came before or twice.
    public mutating func admit(_ edge: GPIOEdge) -> UInt32? {
        let ahead = edge.sequence &- last
        guard 1...UInt32(Int32.max) ~= ahead else {
            outOfOrder += 1
            return nil
        }
        last = edge.sequence
        seen += 1
        lost += UInt64(ahead - 1)
        return ahead - 1
    }
}
