public import SyncProtocol

extension AgentStore {
    /// The hub state that this store joined last.
    public func hubReference() throws(SQLiteError) -> HubReference? {
        guard let epoch = try meta.bits("hub.epoch"), let commit = try meta.bits("hub.commit")
        else { return nil }
        return HubReference(epoch: Epoch(nonce: epoch), commit: commit)
    }

    /// Kept as a context without cells; no device's name has a slash in it.
    var confirmedDocument: String { device + "/confirmed" }

    /// What the hub's answers had covered at the last commit that said so.
    public func confirmed() throws(SQLiteError) -> CausalContext {
        try twin.context(confirmedDocument)
    }

    public func context() throws(SQLiteError) -> CausalContext { try twin.context(device) }

    /// What this device's epochs wrote and the hub has not acknowledged, up to about `bytes`.
    /// True beside it where more is left.
    public func unacknowledged(
        _ acknowledged: CausalContext, bytes: Int
    ) throws(SQLiteError) -> (deltas: [IntervalDelta], isMore: Bool) {
        try deltas(
            of: try context().filtered(.device), since: acknowledged, bytes: bytes)
    }

    /// All cells of all epochs in parts of about `bytes`, for a hub that lost its history.
    public func seed(bytes: Int) throws(SQLiteError) -> [[IntervalDelta]] {
        let context = try context()
        var parts: [[IntervalDelta]] = []
        var done = CausalContext()
        while true {
            let (deltas, isMore) = try deltas(of: context, since: done, bytes: bytes)
            for delta in deltas { done.advance(delta.epoch, to: delta.upto) }
            parts.append(deltas)
            guard isMore else { return parts }
        }
    }

    private func deltas(
        of context: CausalContext, since base: CausalContext, bytes: Int
    ) throws(SQLiteError) -> ([IntervalDelta], Bool) {
        try twin.deltas(device, of: context, since: base, bytes: bytes)
    }

    /// Joins what the hub sent, durably. False where a base is missing and nothing was joined.
    public func join(
        deltas: [IntervalDelta], winners: [Cell], seen: CausalContext, reference: HubReference?
    ) throws(SQLiteError) -> Bool {
        // Nothing new but a commit number is not worth a write to the card: an older reference is
        // as true.
        let isKnown = try hubReference()?.epoch == reference?.epoch || reference == nil
        guard !isKnown || !deltas.isEmpty || !winners.isEmpty else { return true }
        let before = clock
        do {
            return try connection.transaction { () throws(SQLiteError) in
                guard try twin.join(device, deltas) else { return false }
                try twin.adopt(device, winners: winners, seen: seen)
                for cell in deltas.flatMap(\.cells) + winners
                where cell.kind == .lastWriterWins {
                    clock.observe(HybridTimestamp(rawValue: cell.stamp))
                }
                try meta.set("hlc", .bits(clock.latest.rawValue))
                if let reference {
                    try meta.set("hub.epoch", .bits(reference.epoch.nonce))
                    try meta.set("hub.commit", .integer(reference.commit))
                }
                return true
            }
        } catch {
            clock = before
            throw error
        }
    }
}

extension TwinTables {
    /// The deltas of several epochs, in the order of their nonces, up to about `bytes` together.
    public func deltas(
        _ document: String, of context: CausalContext, since base: CausalContext, bytes: Int
    ) throws(SQLiteError) -> (deltas: [IntervalDelta], isMore: Bool) {
        var deltas: [IntervalDelta] = []
        var left = bytes
        for entry in context.sorted where entry.counter > base[entry.epoch] {
            guard left > 0 || deltas.isEmpty else { return (deltas, true) }
            let delta = try delta(
                document, entry.epoch, since: base[entry.epoch], upto: entry.counter, bytes: left)
            deltas.append(delta)
            left -= delta.cells.reduce(16) { $0 + Self.size($1) }
            guard delta.upto >= entry.counter else { return (deltas, true) }
        }
        return (deltas, false)
    }
}
