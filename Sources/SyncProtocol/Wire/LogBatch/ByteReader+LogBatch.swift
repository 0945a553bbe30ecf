import Platform

extension ByteReader {
    /// What `ByteWriter.payload` wrote.
    mutating func payload(known: Epoch?) throws(FrameError) -> LogBatch {
        let stream = try string()
        guard !stream.isEmpty, stream.utf8.count <= 128 else { throw .malformed("stream name") }
        let epoch = try epoch(known: known)
        let first = try varint()
        guard first >= 1, first <= FrameBounds.rowNumber else {
            throw .malformed("row number out of range")
        }
        let rowCount = try bounded("rows")
        let gaps = try gaps(rowCount: rowCount)
        var boots: [BootID] = []
        for _ in 0..<(try count()) { boots.append(BootID(rawValue: try fixed64())) }
        var clocks: [BootClock] = []
        for _ in 0..<(try count()) {
            clocks.append(
                BootClock(
                    boot: boots[try index(in: boots.count, "boot")],
                    offset: Milliseconds(try zigzag()), quality: try quality()))
        }
        let times = try times(count: rowCount, boots: boots, base: clocks.first?.offset.count ?? 0)
        let rows = try rows(times)
        return LogBatch(
            sequence: LogSequence(stream: stream, epoch: epoch), first: first,
            items: try items(rows, gaps: gaps, first: first), clocks: clocks)
    }

    private mutating func epoch(known: Epoch?) throws(FrameError) -> Epoch {
        switch try byte() {
        case 0:
            guard let known else { throw .malformed("an epoch that is not known here") }
            return known
        case 1: return Epoch(nonce: try fixed64())
        case let other: throw .malformed("epoch form \(other)")
        }
    }

    /// A count of elements that may take less than a byte each.
    private mutating func bounded(_ what: String) throws(FrameError) -> Int {
        let count = try varint()
        guard count <= UInt64(LogBatchCodec.itemsMost) else { throw .malformed("too many \(what)") }
        return Int(count)
    }

    private mutating func index(in count: Int, _ what: String) throws(FrameError) -> Int {
        let index = try varint()
        guard index < UInt64(count) else { throw .malformed("unknown \(what)") }
        return Int(index)
    }

    private mutating func quality() throws(FrameError) -> ClockQuality {
        guard let quality = ClockQuality(rawValue: try byte()) else {
            throw .malformed("clock quality")
        }
        return quality
    }

    /// A gap behind so many rows.
    private struct GapMark {
        let rowsBefore: Int
        let following: UInt64
        let reason: GapReason
    }

    private mutating func gaps(rowCount: Int) throws(FrameError) -> [GapMark] {
        let gapCount = try bounded("gaps")
        guard rowCount + gapCount <= LogBatchCodec.itemsMost else {
            throw .malformed("too many items")
        }
        var gaps: [GapMark] = []
        for _ in 0..<gapCount {
            let rowsBefore = try index(in: rowCount + 1, "place of a gap")
            let following = try varint()
            guard let reason = GapReason(rawValue: try byte()) else {
                throw .malformed("gap reason")
            }
            gaps.append(GapMark(rowsBefore: rowsBefore, following: following, reason: reason))
        }
        return gaps
    }

    private mutating func times(
        count: Int, boots: [BootID], base: Int64
    ) throws(FrameError) -> [LogTime] {
        guard count > 0 else { return [] }
        let monotonic = try column(count: count)
        let offsets = try column(count: count)
        let stateCount = try bounded("clock states")
        var states: [(boot: BootID, quality: ClockQuality)] = []
        for _ in 0...stateCount {
            states.append(
                (boot: boots[try index(in: boots.count, "boot")], quality: try quality()))
        }
        let numbers = try numbers(count: count, below: states.count, "clock state")
        var times: [LogTime] = []
        times.reserveCapacity(count)
        for row in 0..<count {
            let state = states[numbers.isEmpty ? 0 : Int(numbers[row])]
            times.append(
                LogTime(
                    boot: state.boot, monotonic: MonotonicTime(milliseconds: monotonic[row]),
                    offset: Milliseconds(offsets[row] &+ base), quality: state.quality))
        }
        return times
    }

    /// Which of a few each row has; empty where there is one for all.
    private mutating func numbers(
        count: Int, below limit: Int, _ what: String
    ) throws(FrameError) -> [Int64] {
        guard limit > 1 else { return [] }
        let numbers = try column(count: count)
        guard numbers.allSatisfy({ 0 <= $0 && $0 < Int64(limit) }) else {
            throw .malformed("unknown \(what)")
        }
        return numbers
    }

    /// Puts rows and gaps in their order, with the gaps' numbers.
    private func items(
        _ rows: [LogRow], gaps: [GapMark], first: UInt64
    ) throws(FrameError) -> [LogItem] {
        var items: [LogItem] = []
        items.reserveCapacity(rows.count + gaps.count)
        var (next, used) = (first, 0)
        for gap in gaps {
            guard gap.rowsBefore <= rows.count - used else { throw .malformed("place of a gap") }
            items.append(contentsOf: rows[used..<used + gap.rowsBefore].lazy.map { .row($0) })
            used += gap.rowsBefore
            next += UInt64(gap.rowsBefore)
            // A number after the last must be left; with both below 2^41 nothing overflows.
            guard next <= FrameBounds.rowNumber, gap.following < FrameBounds.rowNumber - next else {
                throw .malformed("row number too high")
            }
            let last = next + gap.following
            items.append(.gap(LogGap(first: next, last: last, reason: gap.reason)))
            next = last + 1
        }
        items.append(contentsOf: rows[used...].lazy.map { .row($0) })
        guard next + UInt64(rows.count - used) <= FrameBounds.rowNumber else {
            throw .malformed("row number too high")
        }
        return items
    }
}

extension ByteReader {
    /// Rows of one key whose values have the same names.
    private struct Group {
        let key: String
        /// Nil where the one column holds the values themselves.
        let names: [String]?
        var count = 0
        var columns: [[Value]] = []
        var next = 0

        /// The value of the group's next row.
        mutating func value() -> Value {
            defer { next += 1 }
            guard let names else { return columns[0][next] }
            var entries: [Value.MapEntry] = []
            entries.reserveCapacity(names.count)
            for (name, column) in zip(names, columns) {
                entries.append(Value.MapEntry(name, column[next]))
            }
            return .map(entries)
        }
    }

    private mutating func rows(_ times: [LogTime]) throws(FrameError) -> [LogRow] {
        guard !times.isEmpty else { return [] }
        let shapes = try shapes()
        var groups: [Group] = []
        for _ in 0...(try bounded("groups")) {
            let key = try name()
            let shape = try index(in: shapes.count + 1, "shape")
            groups.append(Group(key: key, names: shape == 0 ? nil : shapes[shape - 1]))
        }
        let numbers = try numbers(count: times.count, below: groups.count, "group")
        if numbers.isEmpty { groups[0].count = times.count }
        for number in numbers { groups[Int(number)].count += 1 }
        try columns(of: &groups)
        var rows: [LogRow] = []
        rows.reserveCapacity(times.count)
        for (row, time) in times.enumerated() {
            let group = numbers.isEmpty ? 0 : Int(numbers[row])
            rows.append(
                LogRow(time: time, key: groups[group].key, value: groups[group].value()))
        }
        return rows
    }

    private mutating func shapes() throws(FrameError) -> [[String]] {
        var shapes: [[String]] = []
        for _ in 0..<(try bounded("shapes")) {
            let count = try varint()
            guard count <= UInt64(LogBatchCodec.shapeEntriesMost) else {
                throw .malformed("too many names")
            }
            var names: [String] = []
            for _ in 0..<Int(count) {
                let name = try name()
                guard names.last?.utf8.lexicographicallyPrecedes(name.utf8) ?? true else {
                    throw .malformed("names out of order")
                }
                names.append(name)
            }
            shapes.append(names)
        }
        return shapes
    }

    /// Reads the values, within the bounds on what the rows hold in all: before a column is read
    /// it is known how many values it has, and after it how long its texts are.
    private mutating func columns(of groups: inout [Group]) throws(FrameError) {
        var (cells, textBytes) = (0, 0)
        for index in groups.indices {
            let group = groups[index]
            // A group without rows would cost time for its columns and no bytes.
            guard group.count > 0 else { throw .malformed("group without rows") }
            let names = group.names ?? []
            let nameBytes = names.reduce(group.key.utf8.count) { $0 + $1.utf8.count }
            cells += names.count * group.count
            guard cells <= LogBatchCodec.cellsMost else { throw .malformed("too many values") }
            textBytes += nameBytes * group.count
            for _ in 0..<(group.names?.count ?? 1) {
                guard textBytes <= LogBatchCodec.textBytesMost else {
                    throw .malformed("too much text")
                }
                let column = try values(
                    count: group.count, depth: group.names == nil ? 0 : 1)
                for case .string(let text) in column { textBytes += text.utf8.count }
                groups[index].columns.append(column)
            }
        }
        guard textBytes <= LogBatchCodec.textBytesMost else { throw .malformed("too much text") }
    }
}
