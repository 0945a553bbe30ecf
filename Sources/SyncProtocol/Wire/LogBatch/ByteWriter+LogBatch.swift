import Platform

extension ByteWriter {
    /// A batch's columns: sequence, boots and clocks, gaps by position, times, groups, values.
    mutating func payload(_ batch: LogBatch, known: Epoch?) {
        string(batch.sequence.stream)
        let isKnown = batch.sequence.epoch == known
        byte(isKnown ? 0 : 1)
        if !isKnown { fixed64(batch.sequence.epoch.nonce) }
        varint(batch.first)
        var rows: [LogRow] = []
        rows.reserveCapacity(batch.items.count)
        for case .row(let row) in batch.items { rows.append(row) }
        varint(UInt64(rows.count))
        gaps(batch.items, count: batch.items.count - rows.count)
        let boots = Numbering(batch.clocks.map(\.boot) + rows.map(\.time.boot))
        varint(UInt64(boots.distinct.count))
        for boot in boots.distinct { fixed64(boot.rawValue) }
        varint(UInt64(batch.clocks.count))
        for (clock, boot) in zip(batch.clocks, boots.numbers) {
            varint(UInt64(boot))
            zigzag(clock.offset.count)
            byte(clock.quality.rawValue)
        }
        times(rows, boots: boots.numbers.dropFirst(batch.clocks.count), clocks: batch.clocks)
        self.rows(LogRowGroups(rows))
    }

    /// How many rows come between a gap and the one before, how many it covers less one, and why.
    private mutating func gaps(_ items: [LogItem], count: Int) {
        varint(UInt64(count))
        var rows: UInt64 = 0
        for item in items {
            switch item {
            case .row: rows += 1
            case .gap(let gap):
                varint(rows)
                varint(gap.last - gap.first)
                byte(gap.reason.rawValue)
                rows = 0
            }
        }
    }

    private mutating func times(
        _ rows: [LogRow], boots: ArraySlice<Int64>, clocks: [BootClock]
    ) {
        guard !rows.isEmpty else { return }
        // Mostly the rows' offsets are near that of their boot's clock.
        let base = clocks.first?.offset.count ?? 0
        column(rows.map(\.time.monotonic.milliseconds))
        column(rows.map { $0.time.offset.count &- base })
        let states = Numbering(
            zip(boots, rows).map { LogClockState(boot: $0, quality: $1.time.quality) })
        varint(UInt64(states.distinct.count - 1))
        for state in states.distinct {
            varint(UInt64(state.boot))
            byte(state.quality.rawValue)
        }
        if states.distinct.count > 1 { column(states.numbers) }
    }

    private mutating func rows(_ rows: LogRowGroups) {
        guard !rows.groups.isEmpty else { return }
        varint(UInt64(rows.shapes.count))
        for shape in rows.shapes {
            varint(UInt64(shape.count))
            for text in shape { name(text) }
        }
        varint(UInt64(rows.groups.count - 1))
        for group in rows.groups {
            name(group.key)
            varint(UInt64(group.shape.map { $0 + 1 } ?? 0))
        }
        if rows.groups.count > 1 { column(rows.indices) }
        for group in rows.groups {
            let names = group.shape.map { rows.shapes[$0].count } ?? 0
            for column in group.columns(names: names) { values(column) }
        }
    }
}

/// A boot, by its number in the batch, and how far its clock was trusted.
struct LogClockState: Hashable {
    let boot: Int64
    let quality: ClockQuality
}

/// The distinct ones of some elements, in the order of their first occurrence, and the number of
/// each element among them.
private struct Numbering<Element: Hashable> {
    private(set) var distinct: [Element] = []
    private(set) var numbers: [Int64] = []

    init(_ elements: [Element]) {
        var known: [Element: Int64] = [:]
        numbers.reserveCapacity(elements.count)
        for element in elements {
            // Most are the same as the one before.
            if let last = numbers.last, distinct[Int(last)] == element {
                numbers.append(last)
                continue
            }
            let number = known[element] ?? Int64(distinct.count)
            if number == distinct.count {
                known[element] = number
                distinct.append(element)
            }
            numbers.append(number)
        }
    }
}
