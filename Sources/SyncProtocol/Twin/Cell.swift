public import Platform

/// How the values of one key merge. The raw value is the type tag on the wire and in the store.
public enum CellKind: UInt8, Sendable, Hashable {
    /// Written by one device, ordered by a per-key counter and no clock.
    case singleWriter = 1
    /// The later write wins, by hybrid logical clock, then epoch.
    case lastWriterWins = 2
}

/// One key of a twin with its current value. `Value.null` is a deletion: it stays, so that a
/// replica which was away cannot bring the old value back.
public struct Cell: Sendable, Hashable {
    public let path: TwinPath
    public let dot: Dot
    /// Single-writer: 1 + the highest stamp that the writer saw at this key. Last-writer-wins: a
    /// `HybridTimestamp`.
    public let stamp: UInt64
    public let value: Value

    public init(path: TwinPath, dot: Dot, stamp: UInt64, value: Value) {
        self.path = path
        self.dot = dot
        self.stamp = stamp
        self.value = value
    }

    public var kind: CellKind { path.kind }

    /// The order of writes to one key, the same at every replica: stamp, then epoch, then
    /// counter.
    public func wins(over other: Cell) -> Bool {
        if stamp != other.stamp { return stamp > other.stamp }
        if dot.epoch != other.dot.epoch { return dot.epoch > other.dot.epoch }
        return dot.counter > other.dot.counter
    }
}

/// All writes of one epoch to one document in `(since, upto]` that are still current.
///
/// Joins only onto a context that covers `since`; what lies in the interval and is missing here
/// was overwritten. Deltas can be cut at any counter, and each part joins by itself.
public struct IntervalDelta: Sendable, Hashable {
    public let epoch: Epoch
    public let since: UInt64
    public let upto: UInt64
    /// By ascending counter.
    public let cells: [Cell]

    public init(epoch: Epoch, since: UInt64, upto: UInt64, cells: [Cell]) {
        self.epoch = epoch
        self.since = since
        self.upto = upto
        self.cells = cells
    }
}
