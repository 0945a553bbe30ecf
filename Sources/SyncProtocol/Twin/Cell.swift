public import Platform

/// How the values of one key merge. The raw value is the type tag on the wire and in the store.
public enum CellKind: UInt8, Sendable, Hashable {
    /// Written by one device, ordered by a per-key counter and no clock.
    case singleWriter = 1
    /// The later write wins, by hybrid logical clock, then epoch.
    case lastWriterWins = 2
    /// Concurrent values all stay, until a write that has seen them replaces them.
    case multiValue = 3
    /// An element stays where an add of it was not seen by the remove.
    case addWinsSet = 4
    /// Increments add up, each epoch's in a cell of its own.
    case counter = 5

    /// A register has one cell, the greatest write; the other kinds have one for each epoch.
    public var isRegister: Bool { self == .singleWriter || self == .lastWriterWins }

    /// Whether a removal names the cells that it saw. A register is emptied by writing null, and
    /// a counter by a new generation: both stay, so that the old cannot come back.
    public var hasRemovals: Bool { self == .multiValue || self == .addWinsSet }
}

/// One write to one key of a twin that is still current.
public struct Cell: Sendable, Hashable {
    public let path: TwinPath
    public let dot: Dot
    /// Single-writer: 1 + the highest stamp that the writer saw at this key. Last-writer-wins: a
    /// `HybridTimestamp`. Counter: the generation, one more with each reset. Else 0.
    public let stamp: UInt64
    /// A set's element; a counter's sum of what this epoch added in this generation, null where
    /// the epoch only reset it; else the value, null for a deletion. A deletion stays, so that a
    /// replica which was away cannot bring the old value back.
    public let value: Value

    public init(path: TwinPath, dot: Dot, stamp: UInt64, value: Value) {
        self.path = path
        self.dot = dot
        self.stamp = stamp
        self.value = value
    }

    public var kind: CellKind { path.kind }

    /// The order of writes to one register, the same at every replica: stamp, then epoch, then
    /// counter. In any other slot all writes are of one epoch, so the later one wins.
    public func wins(over other: Cell) -> Bool {
        guard kind.isRegister else { return dot.counter > other.dot.counter }
        if stamp != other.stamp { return stamp > other.stamp }
        if dot.epoch != other.dot.epoch { return dot.epoch > other.dot.epoch }
        return dot.counter > other.dot.counter
    }

    /// Where the cell lies among those of its path. A later cell of one slot replaces the one
    /// before without a removal record.
    public var slot: CellSlot {
        switch kind {
        case .singleWriter, .lastWriterWins: .register
        case .multiValue, .counter: .epoch(dot.epoch)
        case .addWinsSet: .element(value, dot.epoch)
        }
    }
}

/// A place for one cell at a path.
public enum CellSlot: Sendable, Hashable {
    case register
    case epoch(Epoch)
    case element(Value, Epoch)
}

/// Writes that a later write has seen and taken back. The record has a dot like any write, by
/// which other replicas learn of it; a cell may bear the same dot, where the write also put one.
public struct Removal: Sendable, Hashable {
    public let dot: Dot
    /// In the order of epoch and counter.
    public let removed: [Dot]

    public init(dot: Dot, removed: [Dot]) {
        self.dot = dot
        self.removed = removed.sorted()
    }
}

/// All writes of one epoch to one document in `(since, upto]` that are still current.
///
/// Joins only onto a context that covers `since`. What lies in the interval and is missing here
/// was replaced or removed. The whole of an epoch is the interval since 0.
///
/// Deltas can be cut at any counter, and each part joins by itself.
public struct IntervalDelta: Sendable, Hashable {
    public let epoch: Epoch
    public let since: UInt64
    public let upto: UInt64
    /// By ascending counter.
    public let cells: [Cell]
    /// By ascending counter.
    public let removals: [Removal]
    /// The rest of the interval comes in another frame, and with it what took the place of writes
    /// that are missing here: nothing goes for being missing. Only where no record was collected.
    public var isPart = false

    public init(
        epoch: Epoch, since: UInt64, upto: UInt64, cells: [Cell], removals: [Removal] = []
    ) {
        self.epoch = epoch
        self.since = since
        self.upto = upto
        self.cells = cells
        self.removals = removals
    }
}
