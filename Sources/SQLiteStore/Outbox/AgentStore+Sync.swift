public import SyncProtocol

extension AgentStore {
    /// The board's own twin.
    public var document: TwinDocument { twin.document(Self.own) }

    /// The hub state that this store joined last, of one document; nil for the board's own.
    public func hubReference(
        _ document: String? = nil
    ) throws(SQLiteError) -> HubReference? {
        let names = Self.referenceNames(document ?? Self.own)
        guard let epoch = try meta.bits(names.epoch), let commit = try meta.bits(names.commit)
        else { return nil }
        return HubReference(epoch: Epoch(nonce: epoch), commit: commit)
    }

    func setHubReference(
        _ document: String, _ reference: HubReference
    ) throws(SQLiteError) {
        let names = Self.referenceNames(document)
        try meta.set(names.epoch, .bits(reference.epoch.nonce))
        try meta.set(names.commit, .integer(reference.commit))
    }

    static func referenceNames(
        _ document: String
    ) -> (epoch: String, commit: String) {
        let suffix = document == own ? "" : "/" + document
        return ("hub.epoch" + suffix, "hub.commit" + suffix)
    }

    /// What the hub's answers had covered of this board's writes at the last commit that said so.
    public func confirmed(_ document: String? = nil) throws(SQLiteError) -> CausalContext {
        let entries = try twin.document(document ?? Self.own).context().entries
        return CausalContext(
            entries.compactMapValues { $0.floor > 0 ? $0.floor : nil }
                .filter { ownEpochs.contains($0.key) })
    }

    /// Removal records have done their work here once the hub has them.
    func confirm(_ document: String, _ confirmation: Confirmation) throws(SQLiteError) {
        let twin = twin.document(document)
        for entry in confirmation.context.sorted where ownEpochs.contains(entry.epoch) {
            try twin.raiseFloor(of: entry.epoch, to: entry.counter)
            try twin.forgetRemovals(of: entry.epoch, upto: entry.counter)
        }
        try setHubReference(document, confirmation.reference)
    }

    /// What this board has seen of the epochs that advanced here last: enough for the hub to tell
    /// what is missing, together with the reference.
    public func recent(
        _ document: String? = nil, limit: Int = FrameBounds.recent
    ) throws(SQLiteError) -> CausalContext {
        let entries = try twin.document(document ?? Self.own).context().entries
        let latest = entries.filter { $0.value.counter > 0 }.sorted {
            ($0.value.sequence, $0.key) > ($1.value.sequence, $1.key)
        }.prefix(limit)
        return CausalContext(
            Dictionary(uniqueKeysWithValues: latest.map { ($0.key, $0.value.counter) }))
    }

    /// What this board's epochs wrote beyond what the hub has confirmed, up to about `bytes`. True
    /// beside it where more is left.
    public func unconfirmed(
        _ confirmed: CausalContext, document: String? = nil, bytes: Int
    ) throws(SQLiteError) -> (deltas: [IntervalDelta], isMore: Bool) {
        let twin = twin.document(document ?? Self.own)
        let intervals = try twin.context().entries
            .filter { ownEpochs.contains($0.key) && $0.value.counter > confirmed[$0.key] }
            .sorted { ($0.value.sequence, $0.key) < ($1.value.sequence, $1.key) }
            .map { (epoch: $0.key, since: confirmed[$0.key], upto: $0.value.counter) }
        noteSent(document ?? Self.own)
        return try twin.parts(of: intervals, bytes: bytes)
    }

    /// The next part of everything that this store holds of all epochs, for a hub that lost its
    /// history; `done` says which parts went before.
    public func seed(
        after done: CausalContext, document: String? = nil, bytes: Int
    ) throws(SQLiteError) -> (deltas: [IntervalDelta], isMore: Bool) {
        let twin = twin.document(document ?? Self.own)
        noteSent(document ?? Self.own)
        let intervals = try twin.epochs(movedAfter: 0)
            .filter { $0.counter > done[$0.epoch] }
            .map { (epoch: $0.epoch, since: done[$0.epoch], upto: $0.counter) }
        return try twin.deltas(intervals, bytes: bytes)
    }

    /// Whether news would lose to a write of this board that the hub has not confirmed. The hub
    /// may be about to lower that write's stamp; the news would be taken for seen, and lost with
    /// the hub. The answer to the open question settles it.
    private func loses(
        _ deltas: [IntervalDelta], _ document: TwinDocument
    ) throws(SQLiteError) -> Bool {
        let entries = try document.context().entries
        for cell in deltas.flatMap(\.cells) where cell.kind == .lastWriterWins {
            guard let current = try document.register(cell.path),
                ownEpochs.contains(current.dot.epoch), current.wins(over: cell)
            else { continue }
            if current.dot.counter > entries[current.dot.epoch]?.floor ?? 0 { return true }
        }
        return false
    }

    /// A write of this board came back with an earlier stamp: its clock was ahead, and what was
    /// taken from it must not rule the stamps to come.
    private func noteLowered(
        _ winners: [Cell], _ document: TwinDocument
    ) throws(SQLiteError) {
        for winner in winners where winner.kind == .lastWriterWins {
            guard let current = try document.register(winner.path), current.dot == winner.dot,
                current.stamp > winner.stamp
            else { continue }
            clock.lower(to: HybridTimestamp(rawValue: winner.stamp))
        }
    }

    /// Joins what the hub sent, durably; nil where a base is missing and nothing was joined.
    public func join(
        _ answer: HubAnswer, document name: String? = nil
    ) throws(SQLiteError) -> JoinOutcome? {
        let name = name ?? Self.own
        // Nothing new but a commit number is not worth a write to the card: an older reference is
        // as true.
        if answer.isEmpty, let reference = answer.reference,
            try hubReference(name)?.epoch == reference.epoch
        {
            return JoinOutcome()
        }
        guard !answer.isEmpty || answer.reference != nil else { return JoinOutcome() }
        return try write { () throws(SQLiteError) in
            let document = twin.document(name)
            if answer.isNews, try loses(answer.deltas, document) { return nil }
            guard var outcome = try document.join(answer.deltas, keepsRemovals: false) else {
                return nil
            }
            try noteLowered(answer.winners, document)
            let adopted = try document.adopt(
                winners: answer.winners, dead: answer.dead, seen: answer.covered)
            outcome.changed += adopted.changed
            outcome.removed += adopted.removed
            for cell in answer.deltas.flatMap(\.cells) + answer.winners
            where cell.kind == .lastWriterWins {
                clock.observe(HybridTimestamp(rawValue: cell.stamp))
            }
            try meta.set("hlc", .bits(clock.latest.rawValue))
            if let reference = answer.reference, try document.covers(answer.complete) {
                try setHubReference(name, reference)
            }
            return outcome
        }
    }
}

extension TwinDocument {
    /// Whether all of a context was seen here.
    public func covers(_ context: CausalContext) throws(SQLiteError) -> Bool {
        let entries = try self.context().entries
        return context.counters.allSatisfy { $0.value <= entries[$0.key]?.counter ?? 0 }
    }
}
