public import SyncProtocol

/// One document's twin in SQL.
public struct TwinDocument: TwinStorage {
    public typealias Failure = SQLiteError

    let tables: TwinTables
    public let name: String

    var statements: TwinStatements { tables.statements }

    // MARK: Cells

    public func register(_ path: TwinPath) throws(SQLiteError) -> Cell? {
        let context = try context()
        return try statements.register.query([.text(name), .text(path.text)]) {
            (row) throws(SQLiteError) in try Self.cell(row, path, context)
        }.first
    }

    public func cells(at path: TwinPath) throws(SQLiteError) -> [Cell] {
        let context = try context()
        return try statements.cells.query([.text(name), .text(path.text)]) {
            (row) throws(SQLiteError) in try Self.cell(row, path, context)
        }
    }

    public func cell(slot: CellSlot, at path: TwinPath) throws(SQLiteError) -> Cell? {
        let context = try context()
        guard let key = SlotCodec.encode(slot, context) else { return nil }
        return try statements.slot.query([.text(name), .text(path.text), .blob(key)]) {
            (row) throws(SQLiteError) in try Self.cell(row, path, context)
        }.first
    }

    public func cell(_ dot: Dot) throws(SQLiteError) -> Cell? {
        let context = try context()
        guard let entry = context.entries[dot.epoch] else { return nil }
        return try statements.dot.query(
            [.text(name), .integer(entry.handle), .integer(dot.counter)]
        ) { (row) throws(SQLiteError) in try Self.cell(row, nil, context) }.first
    }

    public func cells(
        of epoch: Epoch, since: UInt64, upto: UInt64, limit: Int
    ) throws(SQLiteError) -> [Cell] {
        let context = try context()
        guard let entry = context.entries[epoch] else { return [] }
        return try statements.since.query(
            [
                .text(name), .integer(entry.handle), .integer(since), .integer(upto),
                .integer(Int64(limit)),
            ]
        ) { (row) throws(SQLiteError) in try Self.cell(row, nil, context) }
    }

    /// The cells under a prefix such as `reported/`, by path and slot; all for an empty prefix.
    public func cells(prefix: String = "") throws(SQLiteError) -> [Cell] {
        let context = try context()
        // U+10FFFF sorts after every path, in SQLite's bytewise order too.
        let end = prefix + "\u{10FFFF}"
        return try statements.prefixed.query([.text(name), .text(prefix), .text(end)]) {
            (row) throws(SQLiteError) in try Self.cell(row, nil, context)
        }
    }

    public func count() throws(SQLiteError) -> Int64 {
        try statements.count.query([.text(name)]) { (row) throws(SQLiteError) in
            row.integer(0)
        }.first ?? 0
    }

    public func put(_ cell: Cell) throws(SQLiteError) {
        let entry = try entry(cell.dot.epoch)
        try statements.put.run(
            .text(name), .text(cell.path.text),
            .blob(SlotCodec.encode(cell, entry.handle)), .integer(entry.handle),
            .integer(cell.dot.counter), .bits(cell.stamp), .blob(ValueCodec.encode(cell.value)))
    }

    public func remove(_ cell: Cell) throws(SQLiteError) {
        let entry = try entry(cell.dot.epoch)
        try statements.remove.run(
            .text(name), .text(cell.path.text), .blob(SlotCodec.encode(cell, entry.handle)))
    }

    static func cell(
        _ row: borrowing Statement, _ path: TwinPath?, _ context: DocumentContext
    ) throws(SQLiteError) -> Cell {
        guard let path = path ?? (try? TwinPath(row.text(0))) else {
            throw row.damaged("path")
        }
        guard let epoch = context.epochs[row.integer(1)] else { throw row.damaged("epoch") }
        guard let value = try? ValueCodec.decode(row.blob(4)) else { throw row.damaged("value") }
        return Cell(
            path: path, dot: Dot(epoch: epoch, counter: row.bits(2)), stamp: row.bits(3),
            value: value)
    }

    // MARK: Context

    func context() throws(SQLiteError) -> DocumentContext { try tables.context(of: name) }

    public func causalContext() throws(SQLiteError) -> CausalContext {
        CausalContext(try context().entries.compactMapValues { $0.counter > 0 ? $0.counter : nil })
    }

    public func seen(_ epoch: Epoch) throws(SQLiteError) -> UInt64 {
        try context().entries[epoch]?.counter ?? 0
    }

    public func advance(_ epoch: Epoch, to counter: UInt64) throws(SQLiteError) {
        var entry = try entry(epoch)
        guard counter > entry.counter else { return }
        entry.counter = counter
        entry.sequence = tables.sequence
        try store(epoch, entry)
    }

    /// The number that an epoch has in this document; it gets one when it is first met.
    private func entry(_ epoch: Epoch) throws(SQLiteError) -> DocumentContext.Entry {
        let context = try context()
        if let known = context.entries[epoch] { return known }
        let entry = DocumentContext.Entry(
            handle: context.nextHandle, counter: 0, sequence: tables.sequence, floor: 0)
        try store(epoch, entry)
        return entry
    }

    private func store(
        _ epoch: Epoch, _ entry: DocumentContext.Entry
    ) throws(SQLiteError) {
        var context = try context()
        context.set(epoch, entry)
        tables.update(name, context)
        #if EDGE_MUTANTS
            if SyncMutant.active == .contextNotStored, entry.counter > 0 { return }
        #endif
        try statements.advance.run(
            .text(name), .integer(entry.handle), .bits(epoch.nonce), .integer(entry.counter),
            .integer(entry.sequence), .integer(entry.floor))
    }

    // MARK: Removal records

    public func removals(
        _ epoch: Epoch, since: UInt64, upto: UInt64
    ) throws(SQLiteError) -> [Removal] {
        let context = try context()
        guard let entry = context.entries[epoch] else { return [] }
        return try statements.removals.query(
            [.text(name), .integer(entry.handle), .integer(since), .integer(upto)]
        ) { (row) throws(SQLiteError) in
            guard let dots = SlotCodec.dots(row.blob(1), context) else {
                throw row.damaged("removal")
            }
            return Removal(dot: Dot(epoch: epoch, counter: row.bits(0)), removed: dots)
        }
    }

    public func keep(_ removal: Removal) throws(SQLiteError) {
        let handle = try entry(removal.dot.epoch).handle
        var handles: [(handle: Int64, counter: UInt64)] = []
        for dot in removal.removed {
            handles.append((handle: try entry(dot.epoch).handle, counter: dot.counter))
        }
        try statements.keep.run(
            .text(name), .integer(handle), .integer(removal.dot.counter),
            .integer(tables.sequence), .blob(SlotCodec.encode(handles)))
    }

    /// Drops the records of an epoch that no one needs from here any more.
    public func forgetRemovals(of epoch: Epoch, upto: UInt64) throws(SQLiteError) {
        guard let entry = try context().entries[epoch] else { return }
        try statements.forgetRemovals.run(
            .text(name), .integer(entry.handle), .integer(upto))
    }

    /// Drops the oldest records where there are more than `maximum`, half of them at a time, and
    /// notes up to where: who has not seen so far gets everything.
    public func collectRemovals(maximum: Int64) throws(SQLiteError) {
        let held =
            try statements.removalCount.query([.text(name)]) {
                (row) throws(SQLiteError) in row.integer(0)
            }.first ?? 0
        guard held > maximum else { return }
        let oldest = try statements.oldestRemovals.query(
            [.text(name), .integer(held - maximum / 2)]
        ) { (row) throws(SQLiteError) in (handle: row.integer(0), counter: row.bits(1)) }
        for record in oldest {
            try statements.forgetRemoval.run(
                .text(name), .integer(record.handle), .integer(record.counter))
            #if EDGE_MUTANTS
                if SyncMutant.active == .floorNotRaised { continue }
            #endif
            guard let epoch = try context().epochs[record.handle] else { continue }
            try raiseFloor(of: epoch, to: record.counter)
        }
    }

    /// Records of an epoch up to here are not all held.
    public func raiseFloor(of epoch: Epoch, to counter: UInt64) throws(SQLiteError) {
        var entry = try entry(epoch)
        guard counter > entry.floor else { return }
        entry.floor = counter
        try store(epoch, entry)
    }
}

extension TwinDocument {
    /// The epochs that moved here after a commit, with how far, and up to where their removal
    /// records may have been collected; in the order in which they moved last.
    public func epochs(
        movedAfter sequence: UInt64
    ) throws(SQLiteError) -> [(epoch: Epoch, counter: UInt64, floor: UInt64)] {
        try context().entries.filter { $0.value.sequence > sequence || sequence == 0 }
            .sorted { ($0.value.sequence, $0.key) < ($1.value.sequence, $1.key) }
            .map { (epoch: $0.key, counter: $0.value.counter, floor: $0.value.floor) }
    }

    /// What of several epochs a frame of about `bytes` takes; see `TwinStorage.deltas`. Only for
    /// a replica that keeps all records of these epochs above their floors.
    ///
    /// - Parameter isWhole: They are a full state, for who may lack records that were collected.
    ///   One takes away writes of any epoch, and only whole intervals tell of that.
    public func parts(
        of intervals: [(epoch: Epoch, since: UInt64, upto: UInt64)], bytes: Int,
        intervalBytes: Int = FrameBounds.interval, isWhole: Bool = false
    ) throws(SQLiteError) -> (deltas: [IntervalDelta], isMore: Bool) {
        let entries = try context().entries
        let isCollected = isWhole && entries.values.contains { $0.floor > 0 }
        return try deltas(intervals, bytes: bytes, intervalBytes: intervalBytes) {
            isCollected ? .max : entries[$0]?.floor ?? 0
        }
    }
}
