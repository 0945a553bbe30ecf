import Platform

/// Comparisons are rare and each stands for itself: they spell all names, in tables of their own,
/// and so change nothing of what the session's other frames build on.
extension FrameScribe {
    mutating func compare(_ compare: Frame.Compare) {
        writer.varint(compare.number)
        writer.fixed64(compare.context)
        writer.fixed64(compare.root)
        writer.varint(UInt64(compare.ranges.count))
        for entry in compare.ranges {
            range(entry.range)
            let held = entry.sums.enumerated().filter { $0.element != 0 }
            writer.varint(held.reduce(0) { $0 | 1 << UInt64($1.offset) })
            for (_, sum) in held { writer.fixed64(sum) }
        }
        alone { $0.loose(compare.cells) }
    }

    mutating func differ(_ differ: Frame.Differ) {
        writer.varint(differ.number)
        writer.fixed64(differ.context)
        writer.fixed64(differ.root)
        ranges(differ.difference.splits)
        ranges(differ.difference.leaves)
        alone { $0.loose(differ.difference.cells) }
        dots(differ.dead)
    }

    private mutating func alone(_ body: (inout FrameScribe) -> Void) {
        let names = session.names
        session.names = NameTable()
        body(&self)
        session.names = names
    }

    private mutating func ranges(_ ranges: [CellRange]) {
        writer.varint(UInt64(ranges.count))
        for range in ranges { self.range(range) }
    }

    private mutating func range(_ range: CellRange) {
        writer.byte(range.depth)
        writer.varint(range.prefix)
    }
}

extension FrameReader {
    mutating func compare() throws(FrameError) -> Frame.Compare {
        let number = try counter()
        let context = try reader.fixed64()
        let root = try reader.fixed64()
        let count = try reader.count()
        guard count <= AuditBounds.ranges else { throw .malformed("too many ranges") }
        var ranges: [RangeSums] = []
        for _ in 0..<count {
            let range = try range(deepest: CellRange.depthMaximum - 1)
            let held = try reader.varint()
            guard held >> UInt64(CellRange.parts) == 0 else { throw .malformed("range parts") }
            var sums: [UInt64] = []
            for part in 0..<UInt64(CellRange.parts) {
                sums.append(held >> part & 1 == 1 ? try reader.fixed64() : 0)
            }
            ranges.append(RangeSums(range: range, sums: sums))
        }
        return Frame.Compare(
            number: number, context: context, root: root, ranges: ranges, cells: try cellsAlone())
    }

    mutating func differ() throws(FrameError) -> Frame.Differ {
        let number = try counter()
        let context = try reader.fixed64()
        let root = try reader.fixed64()
        var difference = RangeDifference()
        difference.splits = try ranges(deepest: CellRange.depthMaximum - 1)
        difference.leaves = try ranges(deepest: CellRange.depthMaximum)
        difference.cells = try cellsAlone()
        return Frame.Differ(
            number: number, context: context, root: root, difference: difference,
            dead: try dots())
    }

    private mutating func cellsAlone() throws(FrameError) -> [Cell] {
        let names = session.names
        session.names = NameTable()
        defer { session.names = names }
        return try loose()
    }

    private mutating func ranges(deepest: UInt8) throws(FrameError) -> [CellRange] {
        let count = try reader.count()
        guard count <= AuditBounds.differences else { throw .malformed("too many ranges") }
        var ranges: [CellRange] = []
        for _ in 0..<count { ranges.append(try range(deepest: deepest)) }
        return ranges
    }

    private mutating func range(deepest: UInt8) throws(FrameError) -> CellRange {
        let depth = try reader.byte()
        let prefix = try reader.varint()
        guard depth <= deepest else { throw .malformed("range depth \(depth)") }
        guard depth == CellRange.depthMaximum || prefix >> (4 * UInt64(depth)) == 0 else {
            throw .malformed("range outside its depth")
        }
        return CellRange(depth: depth, prefix: prefix)
    }
}
