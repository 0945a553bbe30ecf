/// A value as devices report it, twins hold it and frames carry it.
///
/// Arrays and maps are whole values: they are replaced, never merged inside. Map entries are kept
/// sorted by key (bytewise), so equal values have equal encodings.
public enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case array([Value])
    case map([MapEntry])

    /// One entry of a map value.
    public struct MapEntry: Sendable, Hashable {
        public let key: String
        public let value: Value

        public init(_ key: String, _ value: Value) {
            self.key = key
            self.value = value
        }

        public static func == (left: Self, right: Self) -> Bool {
            left.key.isSameBytes(as: right.key) && left.value == right.value
        }
    }

    /// The deepest nesting that any decoder of ours accepts. It bounds recursion.
    public static let maximumDepth = 32

    /// A double with one bit pattern per meaning: every NaN is the quiet NaN, −0 is 0. Two
    /// replicas that computed the same number then hold the same bytes.
    public static func number(_ raw: Double) -> Value {
        if raw.isNaN { return .double(.nan) }
        return .double(raw == 0 ? 0 : raw)
    }

    /// A map with its entries sorted and, for a repeated key, the last one kept.
    public static func object(_ entries: [(String, Value)]) -> Value {
        // A stable sort, so that the last of equal keys comes last. Not a dictionary: to that, two
        // spellings of one accented letter are the same key.
        let sorted = entries.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
        var kept: [MapEntry] = []
        for (key, value) in sorted {
            if kept.last?.key.isSameBytes(as: key) == true { kept.removeLast() }
            kept.append(MapEntry(key, value))
        }
        return .map(kept)
    }

    /// The entry of a map value; nil where this is no map or has no such key.
    public subscript(key: String) -> Value? {
        guard case .map(let entries) = self else { return nil }
        return entries.first { $0.key.isSameBytes(as: key) }?.value
    }

    public static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        // By bits: a NaN equals itself, as a register's value must.
        case (.double(let a), .double(let b)): a.bitPattern == b.bitPattern
        case (.string(let a), .string(let b)): a.isSameBytes(as: b)
        case (.bytes(let a), .bytes(let b)): a == b
        case (.array(let a), .array(let b)): a == b
        case (.map(let a), .map(let b)): a == b
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let flag): hasher.combine(flag)
        case .int(let number): hasher.combine(number)
        case .double(let number): hasher.combine(number.bitPattern)
        case .string(let text): hasher.combine(text)
        case .bytes(let bytes): hasher.combine(bytes)
        case .array(let items): hasher.combine(items)
        case .map(let entries): hasher.combine(entries)
        }
    }
}

extension String {
    /// Equality as the wire and the store see it. Swift's own `==` also holds for two spellings of
    /// one text, such as an accented letter and a letter with an accent.
    public func isSameBytes(as other: String) -> Bool {
        self == other && utf8.elementsEqual(other.utf8)
    }
}

extension Value {
    public var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    public var boolValue: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    public var intValue: Int64? {
        if case .int(let number) = self { number } else { nil }
    }

    /// The number, whichever way it is held.
    public var doubleValue: Double? {
        switch self {
        case .int(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }

    public var arrayValue: [Value]? {
        if case .array(let items) = self { items } else { nil }
    }

    public var mapValue: [MapEntry]? {
        if case .map(let entries) = self { entries } else { nil }
    }
}
