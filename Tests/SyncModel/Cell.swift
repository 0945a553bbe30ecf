/// How the writes to one path merge.
public enum Kind: UInt8, Sendable, CaseIterable {
    case reported, config, notes, sets, counters

    /// One cell for each path; the winner of an order replaces the loser.
    var isRegister: Bool { self == .reported || self == .config }
    /// A cell of these is removed by whoever has seen it, and by nothing else.
    var isRemovable: Bool { self == .notes || self == .sets }
}

/// One write that still counts.
struct Cell: Sendable, Equatable {
    let kind: Kind
    /// For `sets` the element of the one set.
    let path: UInt8
    let dot: Dot
    /// `reported`: a Lamport stamp of the path; `config`: hybrid logical time; `counters`: the
    /// generation.
    var stamp: Int
    /// `counters`: the sum of this epoch in this generation. nil is a deletion that stays, or a
    /// reset.
    let value: Int?

    /// A register has one slot for each path, the other kinds one for each path and epoch.
    func sharesSlot(with other: Cell) -> Bool {
        kind == other.kind && path == other.path
            && (kind.isRegister || dot.epoch == other.dot.epoch)
    }

    /// Of two cells in one slot, the same one at every replica.
    func replaces(_ other: Cell) -> Bool {
        if kind.isRegister {
            if stamp != other.stamp { return stamp > other.stamp }
            if dot.epoch != other.dot.epoch { return dot.epoch > other.dot.epoch }
        }
        return dot.counter > other.dot.counter
    }
}

/// A write that removed what it had seen.
struct Removal: Sendable, Equatable {
    let dot: Dot
    let kind: Kind
    let path: UInt8
    let removed: [Dot]

    /// The removed dot stands for everything that its slot held before it: what an epoch put over
    /// its own earlier write left no record, and a replica may still hold that earlier write.
    func removes(_ cell: Cell, _ rules: Rules) -> Bool {
        guard cell.kind == kind, cell.path == path else { return false }
        return removed.contains {
            guard $0.epoch == cell.dot.epoch else { return false }
            return rules[.removalTakesSlot]
                ? cell.dot.counter <= $0.counter : cell.dot.counter == $0.counter
        }
    }
}

/// All that an epoch wrote in `(since, upto]` and that still counts at the sender.
struct Interval: Sendable, Equatable {
    let epoch: Epoch
    let since: Int
    let upto: Int
    var cells: [Cell]
    let removals: [Removal]

    func spans(_ dot: Dot) -> Bool {
        dot.epoch == epoch && dot.counter > since && dot.counter <= upto
    }
}
