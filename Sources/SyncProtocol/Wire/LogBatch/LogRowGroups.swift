import Platform

/// The rows of a batch by what they have in common: a key, and the names in their maps.
struct LogRowGroups {
    /// The names of map values that stand in columns, ascending by bytes.
    typealias Shape = [String]

    struct Group {
        let key: String
        /// Which of `shapes`; nil for values that are written as they are.
        let shape: Int?
        /// The rows' values in their order.
        fileprivate(set) var values: [Value]
    }

    private(set) var shapes: [Shape] = []
    private(set) var groups: [Group] = []
    /// The group of each row.
    private(set) var indices: [Int64] = []
    private var cells = 0
    private var groupsOfKey: [Spelling: [Int]] = [:]
    private var shapeNumbers: [[Spelling]: Int] = [:]

    /// A key whose maps have more shapes than this gets a new group each time: finding one must
    /// not take longer and longer.
    private static let groupsTriedMost = 8

    init(_ rows: [LogRow]) {
        indices.reserveCapacity(rows.count)
        for row in rows {
            let group = group(of: row)
            groups[group].values.append(row.value)
            indices.append(Int64(group))
        }
    }

    private mutating func group(of row: LogRow) -> Int {
        let entries = row.value.mapValue.flatMap { isShapeable($0) ? $0 : nil }
        cells += entries?.count ?? 0
        let key = Spelling(text: row.key)
        let known = groupsOfKey[key] ?? []
        // Mostly a row is like the one before of its key.
        for group in known.reversed() where isSame(groups[group].shape, entries) { return group }
        groups.append(Group(key: row.key, shape: entries.map { number(of: $0) }, values: []))
        groupsOfKey[key] = known.suffix(Self.groupsTriedMost - 1) + [groups.count - 1]
        return groups.count - 1
    }

    /// Whether a map may stand in columns: within the bounds, and sorted, as the reader wants it.
    private func isShapeable(_ entries: [Value.MapEntry]) -> Bool {
        entries.count <= LogBatchCodec.shapeEntriesMost
            && cells + entries.count <= LogBatchCodec.cellsMost
            && zip(entries, entries.dropFirst()).allSatisfy {
                $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
            }
    }

    private func isSame(_ shape: Int?, _ entries: [Value.MapEntry]?) -> Bool {
        guard let shape, let entries else { return shape == nil && entries == nil }
        return shapes[shape].count == entries.count
            && zip(shapes[shape], entries).allSatisfy { $0.isSameBytes(as: $1.key) }
    }

    private mutating func number(of entries: [Value.MapEntry]) -> Int {
        let spellings = entries.map { Spelling(text: $0.key) }
        if let number = shapeNumbers[spellings] { return number }
        shapeNumbers[spellings] = shapes.count
        shapes.append(entries.map(\.key))
        return shapes.count - 1
    }
}

extension LogRowGroups.Group {
    /// The columns of a group: one for each name, or one of the values themselves.
    func columns(names: Int) -> [[Value]] {
        guard shape != nil else { return [values] }
        return (0..<names).map { name in
            values.map { value in
                guard case .map(let entries) = value else { return .null }
                return entries[name].value
            }
        }
    }
}
