/// Numbers contents of the files of one world.
final class SimVersions {
    private var last: UInt64 = 0

    func next() -> UInt64 {
        last += 1
        return last
    }
}

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

    /// How many bytes the file has.
    private(set) var count = 0
    /// The bytes, in pieces of `pageSize` that copies share until one of them writes there; zeros
    /// behind the end.
    private var pages: [[UInt8]] = []
    private static let pageSize = 4096
    /// Stands for the content: no other content has it, a copy does.
    private(set) var version: UInt64
    private let versions: SimVersions
    private var unsynced: [Change] = []
    /// Shared memory of the connections to this file, which is a write-ahead log's index.
    var shared: [UnsafeMutableRawPointer] = []
    var opened = 0

    init(_ versions: SimVersions) {
        self.versions = versions
        version = versions.next()
    }

    private init(of node: SimNode) {
        (count, pages) = (node.count, node.pages)
        (version, versions) = (node.version, node.versions)
    }

    deinit { freeShared() }

    func freeShared() {
        for region in shared { region.deallocate() }
        shared = []
    }

    /// Copies bytes out, as many as there are; how many that were.
    func read(_ out: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        let end = min(offset + out.count, count)
        var position = offset
        while position < end {
            let start = position % Self.pageSize
            let length = min(Self.pageSize - start, end - position)
            pages[position / Self.pageSize].withUnsafeBytes { page in
                let part = UnsafeRawBufferPointer(rebasing: page[start..<start + length])
                UnsafeMutableRawBufferPointer(rebasing: out[(position - offset)...])
                    .copyMemory(from: part)
            }
            position += length
        }
        return max(0, end - offset)
    }

    private func bytes(_ range: Range<Int>) -> [UInt8] {
        guard !range.isEmpty else { return [] }
        return [UInt8](unsafeUninitializedCapacity: range.count) { buffer, initialized in
            initialized = read(UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
        }
    }

    private func put(_ new: UnsafeRawBufferPointer, at offset: Int) {
        let end = offset + new.count
        guard !new.isEmpty else { return }
        if end > count { resize(end) }
        var position = offset
        while position < end {
            let start = position % Self.pageSize
            let length = min(Self.pageSize - start, end - position)
            pages[position / Self.pageSize].withUnsafeMutableBytes { page in
                let part = position - offset
                UnsafeMutableRawBufferPointer(rebasing: page[start...])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: new[part..<part + length]))
            }
            position += length
        }
        version = versions.next()
    }

    private func resize(_ size: Int) {
        let needed = (size + Self.pageSize - 1) / Self.pageSize
        if needed < pages.count { pages.removeLast(pages.count - needed) }
        while pages.count < needed { pages.append([UInt8](repeating: 0, count: Self.pageSize)) }
        let end = size % Self.pageSize
        if size < count, end > 0 {
            pages[needed - 1].withUnsafeMutableBytes { page in
                _ = UnsafeMutableRawBufferPointer(rebasing: page[end...])
                    .initializeMemory(as: UInt8.self, repeating: 0)
            }
        }
        count = size
        version = versions.next()
    }

    func write(_ new: UnsafeRawBufferPointer, at offset: Int) {
        unsynced.append(
            Change(
                offset: offset, old: bytes(min(offset, count)..<min(offset + new.count, count)),
                oldCount: count, new: Array(new), newCount: max(count, offset + new.count)))
        put(new, at: offset)
    }

    func truncate(to size: Int) {
        guard size < count else { return }
        unsynced.append(
            Change(
                offset: size, old: bytes(size..<count), oldCount: count, new: [], newCount: size))
        resize(size)
    }

    /// All that was written is on the disk.
    func sync() { unsynced.removeAll(keepingCapacity: true) }

    /// The file as a process that died leaves it.
    func copy() -> SimNode {
        let node = SimNode(of: self)
        node.unsynced = unsynced
        return node
    }

    /// The file as the next boot finds it: of what was not synced, nothing, or its beginning, or
    /// any part of it, as disks write in an order of their own.
    func afterPowerCut(_ random: inout SimRandom) -> SimNode {
        let node = SimNode(of: self)
        for change in unsynced.reversed() { node.undo(change) }
        let way = random.below(4)
        let kept = random.below(unsynced.count + 1)
        for (index, change) in unsynced.enumerated() {
            let isKept = way == 2 ? index < kept : way == 3 && random.chance(percent: 50)
            if isKept { node.redo(change) }
        }
        return node
    }

    private func undo(_ change: Change) {
        resize(change.oldCount)
        change.old.withUnsafeBytes { put($0, at: change.offset) }
    }

    private func redo(_ change: Change) {
        resize(change.new.isEmpty ? change.newCount : max(count, change.newCount))
        change.new.withUnsafeBytes { put($0, at: change.offset) }
    }
}
