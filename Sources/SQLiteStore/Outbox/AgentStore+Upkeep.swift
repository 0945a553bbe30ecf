public import Platform
public import SyncProtocol

extension AgentStore {
    /// Rows that a bound took.
    public struct Dropped: Sendable, Hashable {
        public let stream: String
        public let rows: UInt64
        public let reason: GapReason
    }

    /// Bytes of the database that hold something.
    public func bytesUsed() throws(SQLiteError) -> Int64 {
        let pages = try number(pageCount)
        let free = try number(freePages)
        return (pages - free) * Int64(options.connection.pageSize)
    }

    private func number(_ statement: borrowing Statement) throws(SQLiteError) -> Int64 {
        try statement.query([]) { (row) throws(SQLiteError) in row.integer(0) }.first ?? 0
    }

    /// Drops rows over the bounds on bytes and age, each round in a transaction of its own, with
    /// a gap record for every row: what is too old, then the oldest of the lowest class.
    ///
    /// `sent` names what is on its way to the hub: that is not dropped, as the hub may have it
    /// by now. `now` is nil while the clock is not to be trusted; nothing is too old then.
    public func enforceBounds(
        sent: [LogSequence: UInt64], now: WallTime?
    ) throws(SQLiteError) -> [Dropped] {
        var all: [Dropped] = []
        if let now {
            let oldest = WallTime(milliseconds: now.milliseconds - options.ageMaximum.count)
            while let dropped = try dropLowest(sent: sent, before: oldest, reason: .expired) {
                all.append(dropped)
            }
        }
        guard try bytesUsed() > options.bytesMaximum else { return all }
        // A sixteenth more than needed at once, so that a full log is not trimmed at every row.
        let target = options.bytesMaximum - options.bytesMaximum / 16
        while try bytesUsed() > target,
            let dropped = try dropLowest(sent: sent, before: nil, reason: .evicted)
        {
            all.append(dropped)
        }
        return all
    }

    private func dropLowest(
        sent: [LogSequence: UInt64], before: WallTime?, reason: GapReason
    ) throws(SQLiteError) -> Dropped? {
        // The lowest class first; within it closed epochs in the order of their birth, then the
        // current one.
        let candidates = outbox.streams.values.sorted { left, right in
            if left.priority != right.priority { return left.priority > right.priority }
            if (left.sequence.epoch == epoch) != (right.sequence.epoch == epoch) {
                return right.sequence.epoch == epoch
            }
            return left.id < right.id
        }
        for stream in candidates {
            let protected = max(sent[stream.sequence] ?? 0, stream.acknowledged)
            guard try outbox.hasRows(stream, above: protected, before: before) else { continue }
            let rows = try drop(
                stream.sequence, above: protected, before: before, reason: reason)
            if rows > 0 {
                return Dropped(stream: stream.sequence.stream, rows: rows, reason: reason)
            }
        }
        return nil
    }

    private func drop(
        _ sequence: LogSequence, above protected: UInt64, before: WallTime?, reason: GapReason
    ) throws(SQLiteError) -> UInt64 {
        let totals = totals
        do {
            return try connection.transaction { () throws(SQLiteError) in
                let count = try outbox.drop(
                    sequence, above: protected, before: before, limit: OutboxTables.rowsInRound,
                    reason: reason)
                self.totals.dropped += count
                try self.totals.store(meta)
                return count
            }
        } catch {
            self.totals = totals
            throw error
        }
    }

    /// Faults that SQLite finds in the file; empty for a sound one.
    public func quickCheck() throws(SQLiteError) -> [String] { try connection.quickCheck() }

    /// Writes the twin, without the log, into a new database at `path`, which opens as a store by
    /// itself. Small, so that a daily copy does not wear the card.
    public func copyTwin(to path: String) throws(SQLiteError) {
        let copy = try AgentStore(path: path, device: device, epoch: epoch, options: options)
        try copy.write { () throws(SQLiteError) in
            try copy.take(document, of: self)
            for name in ["hlc", "clock.floor", "hub.epoch", "hub.commit"] {
                guard let value = try meta.integer(name) else { continue }
                try copy.meta.set(name, .integer(value))
            }
            try copy.meta.set(Self.ownerName, .text(device))
        }
        try copy.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    private func take(
        _ source: TwinDocument, of other: AgentStore
    ) throws(SQLiteError) {
        for cell in try source.cells() { try document.put(cell) }
        for (epoch, entry) in try source.context().entries.sorted(by: { $0.key < $1.key }) {
            // So that the copy names the same epochs as recent.
            twin.sequence = entry.sequence
            try document.advance(epoch, to: entry.counter)
            try document.raiseFloor(of: epoch, to: entry.floor)
            for removal in try source.removals(epoch, since: 0, upto: entry.counter) {
                try document.keep(removal)
            }
        }
        for epoch in other.ownEpochs.sorted() { try own(epoch) }
    }

    /// The device whose store this is; nil where nothing was committed yet. To hand one device's
    /// history to another would show the hub two pasts of one document.
    public func owner() throws(SQLiteError) -> String? { try meta.text(Self.ownerName) }

    static let ownerName = "device"

    /// A position that a commit stored; nil where none did.
    public func mark(_ name: String) throws(SQLiteError) -> Int64? {
        try meta.integer("mark." + name)
    }

    /// The latest wall time that this board believed in.
    public func clockFloor() throws(SQLiteError) -> WallTime? {
        try meta.integer("clock.floor").map { WallTime(milliseconds: $0) }
    }
}
