extension TwinStorage {
    /// What one epoch wrote in `(since, upto]` and is still current, cut where it passes `bytes`:
    /// the rest is the next delta's. At least one write is in it, however large.
    public func delta(
        _ epoch: Epoch, since base: UInt64, upto: UInt64, bytes: Int
    ) throws(Failure) -> IntervalDelta {
        let end = max(base, upto)
        let records = try removals(epoch, since: base, upto: end)
        var part = DeltaPart(records: records, upto: end, bytes: bytes)
        var position = base
        while !part.isFull {
            let cells = try cells(of: epoch, since: position, upto: end, limit: 256)
            for cell in cells { part.take(cell, size: Self.size(cell)) }
            guard let last = cells.last, cells.count == 256 else { break }
            position = last.dot.counter
        }
        part.finish()
        return IntervalDelta(
            epoch: epoch, since: base, upto: part.upto,
            cells: part.cells, removals: part.removals)
    }

    /// The deltas of several epochs, in the order given, up to about `bytes` together; beside
    /// them whether more is left. At least one write is among them, however large.
    ///
    /// A part says of some writes that they are no longer current whose successors come in a later
    /// part; if the sender then loses these, nobody has either. So nothing goes for being missing
    /// in a part, but for a record or a successor that comes. Where records were collected, only
    /// the whole tells what is gone: it is cut where it is too long for any frame.
    ///
    /// A removal joins only where what it names is there, or in the same frame: no frame ends
    /// before that. Given in the order in which the epochs moved, few have to wait.
    ///
    /// - Parameter floor: Up to where records of an epoch may have been collected.
    public func deltas(
        _ intervals: [(epoch: Epoch, since: UInt64, upto: UInt64)], bytes: Int,
        intervalBytes: Int = FrameBounds.interval, floor: (Epoch) -> UInt64 = { _ in .max }
    ) throws(Failure) -> (deltas: [IntervalDelta], isMore: Bool) {
        if let parts = try parts(intervals, bytes: bytes, floor: floor) { return parts }
        var deltas: [IntervalDelta] = []
        var left = bytes
        var owed = OwedWrites(intervals)
        for interval in intervals {
            let mayEnd = !owed.isAny || bytes - left >= FrameBounds.interval
            guard left > 0 || deltas.isEmpty || !mayEnd else { return (deltas, true) }
            let delta = try delta(
                interval.epoch, since: interval.since, upto: interval.upto,
                bytes: max(left, intervalBytes))
            deltas.append(delta)
            owed.onTaken(delta)
            left -= Self.size(delta)
            guard delta.upto >= interval.upto else { return (deltas, true) }
        }
        return (deltas, false)
    }

    /// Up to about `bytes`, cut where it must be; nil where an interval may not be cut there, or
    /// what is left out would be missed.
    private func parts(
        _ intervals: [(epoch: Epoch, since: UInt64, upto: UInt64)], bytes: Int,
        floor: (Epoch) -> UInt64
    ) throws(Failure) -> (deltas: [IntervalDelta], isMore: Bool)? {
        var deltas: [IntervalDelta] = []
        var left = bytes
        var owed = OwedWrites(intervals)
        for interval in intervals {
            var isFull = left <= 0 && !deltas.isEmpty
            if !isFull {
                let delta = try delta(
                    interval.epoch, since: interval.since, upto: interval.upto,
                    bytes: max(left, 1))
                isFull = delta.upto < interval.upto
                let mayBeCut = interval.since >= floor(interval.epoch)
                if let taken = isFull ? (mayBeCut ? delta.part : nil) : delta {
                    deltas.append(taken)
                    owed.onTaken(taken)
                    left -= Self.size(taken)
                }
            }
            if isFull { return deltas.isEmpty || owed.isAny ? nil : (deltas, true) }
        }
        return (deltas, false)
    }

    private static func size(_ delta: IntervalDelta) -> Int {
        delta.cells.reduce(16) { $0 + size($1) }
            + delta.removals.reduce(0) { $0 + 8 + 4 * $1.removed.count }
    }

    /// About how long a cell is in a frame that has to spell its name.
    static func size(_ cell: Cell) -> Int {
        cell.path.text.utf8.count + ValueCodec.size(cell.value) + 8
    }
}

extension IntervalDelta {
    /// What goes ahead of the rest: up to the first record that stands without its cell. Another
    /// write may have taken that one's place, further on, and what the record takes away would be
    /// gone before it arrives. Nil where nothing comes before that.
    fileprivate var part: IntervalDelta? {
        let current = Set(cells.map(\.dot.counter))
        let alone = removals.first { !current.contains($0.dot.counter) }
        let end = alone.map { $0.dot.counter - 1 } ?? upto
        guard end > since else { return nil }
        var part = IntervalDelta(
            epoch: epoch, since: since, upto: end,
            cells: cells.filter { $0.dot.counter <= end },
            removals: removals.filter { $0.dot.counter <= end })
        part.isPart = true
        return part
    }
}

/// Writes that the removals in a frame name and that are not in it yet.
private struct OwedWrites {
    /// How far the other side is once it has the frame, of the epochs that it lacks something of.
    private var reached: [Epoch: UInt64] = [:]
    private var owed: [Epoch: UInt64] = [:]

    init(_ intervals: [(epoch: Epoch, since: UInt64, upto: UInt64)]) {
        for interval in intervals { reached[interval.epoch] = interval.since }
    }

    var isAny: Bool { !owed.isEmpty }

    mutating func onTaken(_ delta: IntervalDelta) {
        reached[delta.epoch] = delta.upto
        for dot in delta.removals.flatMap(\.removed) {
            owed[dot.epoch] = max(owed[dot.epoch] ?? 0, dot.counter)
        }
        owed = owed.filter { $0.value > reached[$0.key] ?? .max }
    }
}

/// One part of an epoch's writes under way: cells and records in the order of their counters, until
/// the bytes are used up. A write's cell and its record stay together.
private struct DeltaPart {
    private(set) var cells: [Cell] = []
    private(set) var removals: [Removal] = []
    /// How far the part reaches.
    private(set) var upto: UInt64
    private(set) var isFull = false
    private var records: ArraySlice<Removal>
    private let bytes: Int
    private var size = 0

    init(records: [Removal], upto: UInt64, bytes: Int) {
        self.records = records[...]
        self.upto = upto
        self.bytes = bytes
    }

    mutating func take(_ cell: Cell, size cellSize: Int) {
        takeRecords(before: cell.dot.counter)
        guard !isFull else { return }
        var added = cellSize
        var record: Removal?
        if let next = records.first, next.dot == cell.dot {
            record = next
            added += Self.size(next)
        }
        guard fits(added, at: cell.dot.counter) else { return }
        cells.append(cell)
        if let record {
            removals.append(record)
            records.removeFirst()
        }
    }

    mutating func finish() {
        if !isFull { takeRecords(before: .max) }
    }

    private mutating func takeRecords(before counter: UInt64) {
        while !isFull, let next = records.first, next.dot.counter < counter {
            guard fits(Self.size(next), at: next.dot.counter) else { return }
            removals.append(next)
            records.removeFirst()
        }
    }

    /// Whether a write still has room; where not, the part ends before it.
    private mutating func fits(_ added: Int, at counter: UInt64) -> Bool {
        guard size + added <= bytes || (cells.isEmpty && removals.isEmpty) else {
            isFull = true
            upto = counter - 1
            return false
        }
        size += added
        return true
    }

    private static func size(_ removal: Removal) -> Int { 8 + 4 * removal.removed.count }
}
