public import Platform

/// What a user sees of the cells of one path.
public enum TwinView {
    /// The value; nil where the path shows nothing: no cell, or a deletion.
    ///
    /// A register's value; a multi-value register's values as an array, one alone as well; a set's
    /// elements as an array, both in the order of their encodings; a counter's sum, which stays
    /// at the end of 64 bits where it would pass it.
    public static func value(_ cells: [Cell]) -> Value? {
        guard let first = cells.first else { return nil }
        switch first.kind {
        case .singleWriter, .lastWriterWins: return first.value == .null ? nil : first.value
        case .multiValue, .addWinsSet:
            return .array(distinct(cells.map(\.value)))
        case .counter: return sum(cells).map { .int($0) }
        }
    }

    private static func distinct(_ values: [Value]) -> [Value] {
        var kept: [(value: Value, bytes: [UInt8])] = []
        for value in values where !kept.contains(where: { $0.value == value }) {
            kept.append((value, Array(value.json.utf8)))
        }
        return kept.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.map(\.value)
    }

    /// Of the latest generation alone: a reset has made the others void.
    private static func sum(_ cells: [Cell]) -> Int64? {
        let generation = cells.map(\.stamp).max() ?? 0
        let counted = cells.filter { $0.stamp == generation }.compactMap(\.value.intValue)
        guard !counted.isEmpty else { return nil }
        // In 128 bits the order of adding does not matter, so all replicas stop at the same end.
        let sum = counted.reduce(Int128(0)) { $0 + Int128($1) }
        return Int64(clamping: sum)
    }
}
