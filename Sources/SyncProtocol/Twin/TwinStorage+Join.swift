/// What a join did.
public struct JoinOutcome: Sendable, Hashable {
    /// Cells that are new here, or replaced another.
    public var changed: [Cell] = []
    /// Cells that were taken away.
    public var removed: [Cell] = []
    /// Those of them that no record names: the sender had them no more. A hub passes this on by a
    /// removal of its own, as others may have seen them too.
    public var dropped: [Dot] = []

    public init() {}
}

extension TwinStorage {
    /// Joins what another replica sent; nil, and nothing joined, where it builds on writes that
    /// are missing here.
    ///
    /// Idempotent and commutative: what the context covers already is left alone, since it was
    /// joined before, or lost or removed since.
    ///
    /// - Parameter keepsRemovals: Whether records of others are kept, to be passed on. Only a hub
    ///   passes them on.
    /// - Parameter isCopy: Parts of one replica's whole history, which all come: a record may name
    ///   a write that is in none of them so far. It is gone in the part that would bring it.
    public func join(
        _ deltas: [IntervalDelta], keepsRemovals: Bool, isCopy: Bool = false
    ) throws(Failure) -> JoinOutcome? {
        guard let known = try bases(deltas, isCopy: isCopy) else { return nil }
        var outcome = JoinOutcome()
        for delta in deltas { try join(delta, known[delta.epoch] ?? 0, keepsRemovals, &outcome) }
        for delta in deltas { try advance(delta.epoch, to: delta.upto) }
        return outcome
    }

    /// What was seen so far of the epochs that the deltas are of; nil where one does not follow on
    /// from it, or a record names a write that is neither here nor there.
    private func bases(
        _ deltas: [IntervalDelta], isCopy: Bool
    ) throws(Failure) -> [Epoch: UInt64]? {
        var known: [Epoch: UInt64] = [:]
        var after: [Epoch: UInt64] = [:]
        for delta in deltas {
            let seen: UInt64
            if let before = after[delta.epoch] {
                seen = before
            } else {
                seen = try self.seen(delta.epoch)
                known[delta.epoch] = seen
            }
            #if EDGE_MUTANTS
                if SyncMutant.active == .joinWithoutBase { continue }
            #endif
            guard delta.since <= seen else { return nil }
            after[delta.epoch] = max(seen, delta.upto)
        }
        if isCopy { return known }
        for delta in deltas {
            for removal in delta.removals where removal.dot.counter > known[delta.epoch] ?? 0 {
                for dot in removal.removed {
                    var seen = after[dot.epoch]
                    if seen == nil { seen = try self.seen(dot.epoch) }
                    guard dot.counter <= seen ?? 0 else { return nil }
                }
            }
        }
        return known
    }

    private func join(
        _ delta: IntervalDelta, _ known: UInt64, _ keepsRemovals: Bool,
        _ outcome: inout JoinOutcome
    ) throws(Failure) {
        if delta.since < known, !delta.isPart {
            try drop(delta, upto: min(known, delta.upto), &outcome)
        }
        for cell in delta.cells where cell.dot.counter > known {
            let current =
                try cell.kind.isRegister
                ? register(cell.path) : self.cell(slot: cell.slot, at: cell.path)
            #if EDGE_MUTANTS
                if SyncMutant.active == .lastArrivalWins { try put(cell) }
            #endif
            if let current, !cell.wins(over: current) { continue }
            try put(cell)
            outcome.changed.append(cell)
        }
        for removal in delta.removals where removal.dot.counter > known {
            if keepsRemovals { try keep(removal) }
            #if EDGE_MUTANTS
                if SyncMutant.active == .removalsIgnored { continue }
            #endif
            for dot in removal.removed {
                guard let cell = try cell(dot), cell.kind.hasRemovals else { continue }
                try remove(cell)
                outcome.removed.append(cell)
            }
        }
    }

    /// Takes away what was held of the interval and is no longer in it. Registers and counters
    /// only ever yield to what replaces them, so that no part of an answer makes one vanish
    /// before the next part brings what won.
    private func drop(
        _ delta: IntervalDelta, upto: UInt64, _ outcome: inout JoinOutcome
    ) throws(Failure) {
        let held = try cells(of: delta.epoch, since: delta.since, upto: upto, limit: .max)
            .filter(\.kind.hasRemovals)
        guard !held.isEmpty else { return }
        let present = Set(delta.cells.map(\.dot.counter))
        for cell in held where !present.contains(cell.dot.counter) {
            try remove(cell)
            outcome.removed.append(cell)
            outcome.dropped.append(cell.dot)
        }
    }

    /// Takes the hub's current cells of keys that this device sent, and forgets what the hub has
    /// seen removed.
    ///
    /// `seen` is what the hub has joined of this device. A register that the hub has seen yields
    /// even to a winner with a lower stamp: the hub lowers stamps from a future that its clock
    /// denies, and what it holds then is the truth. A newer write, unseen by the hub, competes as
    /// usual.
    public func adopt(
        winners: [Cell], dead: [Dot], seen: CausalContext
    ) throws(Failure) -> JoinOutcome {
        var outcome = JoinOutcome()
        for dot in dead {
            guard let cell = try cell(dot), cell.kind.hasRemovals else { continue }
            try remove(cell)
            outcome.removed.append(cell)
        }
        for winner in winners where winner.kind.isRegister {
            if let current = try register(winner.path) {
                guard current != winner,
                    seen.covers(current.dot) || winner.wins(over: current)
                else { continue }
            }
            try put(winner)
            outcome.changed.append(winner)
        }
        return outcome
    }
}
