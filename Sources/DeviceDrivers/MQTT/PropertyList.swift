import Platform

/// Collects the properties of one report: flattens objects, keeps arrays whole, and counts what
/// does not fit, so that nothing is left out silently.
struct PropertyList {
    /// The deepest array that is kept. Every level of the store and the wire around it adds one
    /// to its depth, and they refuse what is deeper than `Value.maximumDepth`.
    static let valueDepthMaximum = 8

    private var entries: [(name: String, value: Value)] = []
    private(set) var dropped = 0

    var isEmpty: Bool { entries.isEmpty && dropped == 0 }

    /// Adds a value under a safe name; an object's entries come under `name.key`, an empty object
    /// says nothing.
    mutating func add(_ value: Value, name: String) {
        // Also bounds the memory for names: deep keys below a long one would repeat it each time.
        guard name.utf8.count <= DeviceName.propertyBytesMaximum else {
            dropped += 1
            return
        }
        if case .map(let children) = value {
            for child in children { add(child.value, key: child.key, below: name) }
        } else if value.isDeeper(than: Self.valueDepthMaximum) {
            dropped += 1
        } else {
            entries.append((name, value))
        }
    }

    /// Adds an object's entries under their own keys.
    mutating func add(entriesOf object: [Value.MapEntry]) {
        for entry in object { add(entry.value, key: entry.key, below: nil) }
    }

    private mutating func add(_ value: Value, key: String, below name: String?) {
        guard key.utf8.count <= DeviceName.propertyBytesMaximum else {
            dropped += 1
            return
        }
        let part = DeviceName.safePart(key)
        add(value, name: name.map { "\($0).\(part)" } ?? part)
    }

    /// The properties sorted by name, the last one of a repeated name, within both bounds.
    func bounded(
        count: Int, bytes: Int
    ) -> (properties: [(name: String, value: Value)], dropped: Int) {
        let order = entries.indices.sorted { left, right in
            let (a, b) = (entries[left].name, entries[right].name)
            return a == b ? left < right : a.utf8.lexicographicallyPrecedes(b.utf8)
        }
        var kept: [(name: String, value: Value)] = []
        var (bytesLeft, dropped) = (bytes, dropped)
        for (place, index) in order.enumerated() {
            let entry = entries[index]
            if place + 1 < order.count, entries[order[place + 1]].name == entry.name { continue }
            let size = entry.name.utf8.count + entry.value.approximateBytes
            guard kept.count < count, size <= bytesLeft else {
                dropped += 1
                continue
            }
            bytesLeft -= size
            kept.append(entry)
        }
        return (kept, dropped)
    }
}

extension Value {
    fileprivate func isDeeper(than depth: Int) -> Bool {
        switch self {
        case .array(let items): depth == 0 || items.contains { $0.isDeeper(than: depth - 1) }
        case .map(let entries):
            depth == 0 || entries.contains { $0.value.isDeeper(than: depth - 1) }
        default: false
        }
    }

    /// An upper bound, roughly, of what the value takes in a frame.
    fileprivate var approximateBytes: Int {
        switch self {
        case .null, .bool: 1
        case .int, .double: 10
        case .string(let text): text.utf8.count + 4
        case .bytes(let bytes): bytes.count + 4
        case .array(let items): items.reduce(4) { $0 + $1.approximateBytes }
        case .map(let entries):
            entries.reduce(4) { $0 + $1.key.utf8.count + 4 + $1.value.approximateBytes }
        }
    }
}
