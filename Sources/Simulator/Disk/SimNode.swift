/// One file of a simulated disk: what programs see, and which of it is not on the disk yet.
final class SimNode {
    /// A change since the last sync, with what it takes to undo it and to make it again.
    private struct Change {
        let offset: Int
        let old: [UInt8]
        let oldCount: Int
        let new: [UInt8]
        let newCount: Int
    }

    private(set) var bytes: [UInt8] = []
    private var unsynced: [Change] = []
    /// Shared memory of the connections to this file, which is a write-ahead log's index.
    var shared: [UnsafeMutableRawPointer] = []
    var opened = 0

    init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    deinit { freeShared() }

    func freeShared() {
        for region in shared { region.deallocate() }
        shared = []
    }

    func write(_ new: UnsafeRawBufferPointer, at offset: Int) {
        let end = offset + new.count
        let count = bytes.count
        let old = offset < count ? Array(bytes[offset..<min(end, count)]) : []
        let after = max(count, end)
        unsynced.append(
            Change(
                offset: offset, old: old, oldCount: count, new: Array(new), newCount: after))
        if after > count {
            bytes.append(contentsOf: repeatElement(0, count: after - count))
        }
        bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress, let source = new.baseAddress else { return }
            (base + offset).copyMemory(from: source, byteCount: new.count)
        }
    }

    func truncate(to count: Int) {
        guard count < bytes.count else { return }
        unsynced.append(
            Change(
                offset: count, old: Array(bytes[count...]), oldCount: bytes.count, new: [],
                newCount: count))
        bytes.removeLast(bytes.count - count)
    }

    /// All that was written is on the disk.
    func sync() { unsynced.removeAll(keepingCapacity: true) }

    /// The file as a process that died leaves it.
    func copy() -> SimNode {
        let node = SimNode(bytes)
        node.unsynced = unsynced
        return node
    }

    /// The file as the next boot finds it: of what was not synced, nothing, or its beginning, or
    /// any part of it, as disks write in an order of their own.
    func afterPowerCut(_ random: inout SimRandom) -> SimNode {
        let node = SimNode(bytes)
        for change in unsynced.reversed() { node.undo(change) }
        let way = random.below(4)
        let kept = random.below(unsynced.count + 1)
        for (index, change) in unsynced.enumerated() {
            let isKept = way == 2 ? index < kept : way == 3 && random.chance(percent: 50)
            if isKept { node.redo(change) }
        }
        return node
    }

    private func resize(_ count: Int) {
        if count < bytes.count {
            bytes.removeLast(bytes.count - count)
        } else {
            bytes.append(contentsOf: repeatElement(0, count: count - bytes.count))
        }
    }

    private func undo(_ change: Change) {
        resize(change.oldCount)
        for (index, byte) in change.old.enumerated() { bytes[change.offset + index] = byte }
    }

    private func redo(_ change: Change) {
        resize(change.new.isEmpty ? change.newCount : max(bytes.count, change.newCount))
        for (index, byte) in change.new.enumerated() { bytes[change.offset + index] = byte }
    }
}
