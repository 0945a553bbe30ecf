import Platform

/// What is to happen, by time; what is due at one time happens in the order of entry.
struct SimAgenda {
    private struct Entry {
        let time: MonotonicTime
        let order: UInt64
        let action: () -> Void

        func isBefore(_ other: Entry) -> Bool { (time, order) < (other.time, other.order) }
    }

    /// A binary heap, the earliest entry first.
    private var entries: [Entry] = []
    private var entered: UInt64 = 0

    /// When the next action is due; nil where nothing is.
    var next: MonotonicTime? { entries.first?.time }

    mutating func add(_ time: MonotonicTime, _ action: @escaping () -> Void) {
        entries.append(Entry(time: time, order: entered, action: action))
        entered += 1
        var child = entries.count - 1
        while child > 0, entries[child].isBefore(entries[(child - 1) / 2]) {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the earliest action out.
    mutating func removeFirst() -> (() -> Void)? {
        guard let first = entries.first else { return nil }
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var parent = 0
        while 2 * parent + 1 < entries.count {
            var child = 2 * parent + 1
            if child + 1 < entries.count, entries[child + 1].isBefore(entries[child]) {
                child += 1
            }
            guard entries[child].isBefore(entries[parent]) else { break }
            entries.swapAt(child, parent)
            parent = child
        }
        return first.action
    }
}
