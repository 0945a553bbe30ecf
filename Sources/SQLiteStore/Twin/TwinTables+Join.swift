public import SyncProtocol

extension TwinTables {
    /// Joins what a peer sent, inside the caller's transaction.
    ///
    /// False, and nothing joined, where a delta builds on writes that are missing here. A cell
    /// that the context covers already is left alone: it was joined before, or lost before.
    public func join(
        _ document: String, _ deltas: [IntervalDelta]
    ) throws(SQLiteError) -> Bool {
        var context = try context(document)
        for delta in deltas {
            guard delta.since <= context[delta.epoch] else { return false }
            context.advance(delta.epoch, to: delta.upto)
        }
        context = try self.context(document)
        for delta in deltas {
            for cell in delta.cells where !context.covers(cell.dot) {
                if let current = try self.cell(document, cell.path), !cell.wins(over: current) {
                    continue
                }
                try put(document, cell)
            }
            context.advance(delta.epoch, to: delta.upto)
            try advance(document, delta.epoch, to: delta.upto)
        }
        return true
    }

    /// Takes the hub's current cells of keys that this device sent.
    ///
    /// `seen` is what the hub has joined of this device. A cell that the hub has seen yields even
    /// to a winner with a lower stamp: the hub lowers stamps from a future that its clock denies,
    /// and what it holds then is the truth. A newer write, unseen by the hub, competes as usual.
    public func adopt(
        _ document: String, winners: [Cell], seen: CausalContext
    ) throws(SQLiteError) {
        for winner in winners {
            guard let current = try cell(document, winner.path) else {
                try put(document, winner)
                continue
            }
            if seen.covers(current.dot) || winner.wins(over: current) {
                try put(document, winner)
            }
        }
    }
}
