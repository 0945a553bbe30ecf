import Platform
public import SyncProtocol

extension OutboxTables {
    /// The items of a sequence from `first` on, contiguous, about `bytes` long at most and at
    /// least one item; nil where there is nothing.
    public func batch(
        _ sequence: LogSequence, from first: UInt64, bytes: Int
    ) throws(SQLiteError) -> LogBatch? {
        guard let stream = streams[sequence], first <= stream.last else { return nil }
        var builder = BatchBuilder(next: first, gaps: try gaps(stream, from: first))
        if first <= stream.trimmed {
            // The hub acknowledged these once and asks again: it lost them, and here they are
            // deleted. The log says so instead of leaving a hole.
            builder.append(LogGap(first: first, last: stream.trimmed, reason: .lostByHub))
        }
        try rows(stream, from: builder.next) { (number, row, size) throws(SQLiteError) in
            builder.append(row, number: number, size: size)
            return builder.size < bytes && builder.items.count < Self.itemsMost
        }
        // What follows is missing only where the rows came to their end.
        if builder.size < bytes, builder.items.count < Self.itemsMost {
            builder.fill(upto: stream.last)
        }
        guard !builder.items.isEmpty else { return nil }
        var clocks: [BootClock] = []
        for boot in builder.boots {
            if let clock = try clock(boot) { clocks.append(clock) }
        }
        return LogBatch(sequence: sequence, first: first, items: builder.items, clocks: clocks)
    }

    /// Half of what a frame may hold: between any two rows a gap record may stand.
    private static let itemsMost = LogBatchCodec.itemsMost / 2 - 1
}

/// Puts rows and gap records into one contiguous run.
private struct BatchBuilder {
    private(set) var items: [LogItem] = []
    private(set) var next: UInt64
    private(set) var size = 0
    private(set) var boots: [BootID] = []
    private var gaps: ArraySlice<LogGap>

    /// What a row costs beside its key and value.
    private static let overhead = 12

    init(next: UInt64, gaps: [LogGap]) {
        self.next = next
        self.gaps = gaps[...]
    }

    mutating func append(_ gap: LogGap) {
        items.append(.gap(gap))
        next = gap.last + 1
        size += Self.overhead
    }

    mutating func append(_ row: LogRow, number: UInt64, size: Int) {
        if number > 1 { fill(upto: number - 1) }
        items.append(.row(row))
        next = number + 1
        self.size += size + Self.overhead
        if !boots.contains(row.time.boot) { boots.append(row.time.boot) }
    }

    /// Accounts for the numbers up to `last` that have no row: by their gap records, and where
    /// even those are missing, by one that says the store was damaged.
    mutating func fill(upto last: UInt64) {
        while next <= last {
            while let gap = gaps.first, gap.last < next { gaps = gaps.dropFirst() }
            guard let gap = gaps.first, gap.first <= last else {
                append(LogGap(first: next, last: last, reason: .damaged))
                return
            }
            if gap.first > next {
                append(LogGap(first: next, last: gap.first - 1, reason: .damaged))
            }
            append(LogGap(first: next, last: min(gap.last, last), reason: gap.reason))
        }
    }
}
