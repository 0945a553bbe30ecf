public import SyncProtocol

extension AgentStore {
    /// Whether the hub has confirmed all that this board wrote to a document.
    public func isConfirmed(
        _ confirmed: CausalContext, document: String? = nil
    ) throws(SQLiteError) -> Bool {
        try twin.document(document ?? Self.own).context().entries.allSatisfy {
            !ownEpochs.contains($0.key) || $0.value.counter <= confirmed[$0.key]
        }
    }

    /// The sum of what is held of a document, put in order before.
    public func mendedRoot(
        _ name: String? = nil
    ) throws(SQLiteError) -> (root: UInt64, isMended: Bool) {
        let document = twin.document(name ?? Self.own)
        return try write { () throws(SQLiteError) in try document.mendedRoot() }
    }

    /// Takes what the hub holds otherwise, durably. What it lacks in the leaves, up to about
    /// `bytes`, is for the next comparison, and so are the leaves that are left.
    ///
    /// - Parameter isFirst: Of an audit: what the rules cannot have put here goes.
    public func repair(
        _ differ: Frame.Differ, isFirst: Bool, document name: String? = nil, bytes: Int
    ) throws(SQLiteError) -> (outcome: JoinOutcome, cells: [Cell], left: [CellRange]) {
        try write { () throws(SQLiteError) in
            let document = twin.document(name ?? Self.own)
            var outcome = JoinOutcome()
            if isFirst { outcome.removed += try document.scrub() }
            for dot in differ.dead {
                guard let cell = try document.cell(dot), cell.kind.hasRemovals else { continue }
                try document.remove(cell)
                outcome.removed.append(cell)
            }
            for cell in differ.difference.cells where try document.takes(cell, isFromHub: true) {
                try document.restore(cell, &outcome)
            }
            for cell in outcome.changed where cell.kind == .lastWriterWins {
                clock.observe(HybridTimestamp(rawValue: cell.stamp))
            }
            if !outcome.changed.isEmpty { try meta.set("hlc", .bits(clock.latest.rawValue)) }
            let (cells, left) = try document.surplus(
                over: differ.difference.cells, in: differ.difference.leaves, bytes: bytes)
            return (outcome, cells, left)
        }
    }
}
