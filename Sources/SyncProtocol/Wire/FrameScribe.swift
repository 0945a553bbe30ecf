import Platform

/// Writes the parts that several frames share, in the words of one session.
struct FrameScribe {
    var writer = ByteWriter()
    var session: WireSession
    /// Who writes this frame.
    let role: Epoch.Role
    /// Epochs spelled in this frame so far.
    private var epochs: [Epoch] = []
    /// Paths beyond the table's capacity, numbered for this frame alone.
    private var extra: [TwinPath: Int] = [:]
    /// Numbers whose names this frame spells.
    private var spelled: Set<Int> = []

    init(session: WireSession, role: Epoch.Role) {
        self.session = session
        self.role = role
    }

    private var own: Epoch { session.epoch(of: role) }
    private var peer: Epoch { session.epoch(of: role == .hub ? .device : .hub) }

    /// 0 the writer's own epoch, 1 the reader's, 2 one that is spelled here, then those spelled
    /// before.
    mutating func epoch(_ epoch: Epoch) {
        if epoch == own { return writer.varint(0) }
        if epoch == peer { return writer.varint(1) }
        if let index = epochs.firstIndex(of: epoch) { return writer.varint(UInt64(index) + 3) }
        writer.varint(2)
        writer.fixed64(epoch.nonce)
        // A few; a search through thousands would cost more than it saves.
        if epochs.count < FrameBounds.epochs { epochs.append(epoch) }
    }

    mutating func context(_ context: CausalContext) {
        let entries = context.sorted
        writer.varint(UInt64(entries.count))
        for entry in entries {
            epoch(entry.epoch)
            writer.varint(entry.counter)
        }
    }

    mutating func dots(_ dots: [Dot]) {
        writer.varint(UInt64(dots.count))
        for dot in dots {
            epoch(dot.epoch)
            writer.varint(dot.counter)
        }
    }

    mutating func deltas(_ deltas: [IntervalDelta]) {
        writer.varint(UInt64(deltas.count))
        for delta in deltas { self.delta(delta) }
    }

    /// Cells of any epochs, which are no interval: grouped by epoch, each group in the form of a
    /// delta.
    mutating func loose(_ cells: [Cell]) {
        let epochs = Set(cells.map(\.dot.epoch)).sorted()
        deltas(
            epochs.map { epoch in
                let group = cells.filter { $0.dot.epoch == epoch }
                    .sorted { $0.dot.counter < $1.dot.counter }
                return IntervalDelta(
                    epoch: epoch, since: 0, upto: group.last?.dot.counter ?? 0, cells: group)
            })
    }

    private mutating func delta(_ delta: IntervalDelta) {
        let numbers = delta.cells.map { number($0.path) }
        let spelled = spellings(delta.cells, numbers)
        let stamps = StampColumns(delta, base: session.base)
        var flags: UInt8 = 0
        if !delta.removals.isEmpty { flags |= DeltaFlag.removals }
        if !spelled.isEmpty { flags |= DeltaFlag.spellings }
        if delta.isPart { flags |= DeltaFlag.part }
        flags |= stamps.flags
        writer.byte(flags)
        epoch(delta.epoch)
        writer.varint(delta.since)
        writer.varint(delta.upto - delta.since)
        writer.varint(UInt64(delta.cells.count))
        if !spelled.isEmpty { spell(spelled) }
        writer.column(numbers.map(Int64.init))
        writer.column(stamps.offsets)
        stamps.write(to: &writer)
        writer.values(delta.cells.map(\.value))
        guard !delta.removals.isEmpty else { return }
        writer.varint(UInt64(delta.removals.count))
        writer.column(
            delta.removals.map { Int64(bitPattern: $0.dot.counter &- delta.since) })
        for removal in delta.removals { dots(removal.removed) }
    }

    private mutating func number(_ path: TwinPath) -> Int {
        if let number = session.names.number(path) { return number }
        if let number = extra[path] { return number }
        let number = NameTable.capacity + extra.count
        extra[path] = number
        return number
    }

    /// The names that the other side may not know, each once a frame.
    private mutating func spellings(
        _ cells: [Cell], _ numbers: [Int]
    ) -> [(number: Int, path: TwinPath)] {
        var spellings: [(number: Int, path: TwinPath)] = []
        for (cell, number) in zip(cells, numbers) where session.names.needsSpelling(number) {
            if spelled.insert(number).inserted { spellings.append((number, cell.path)) }
        }
        return spellings
    }

    /// Each name after what it shares with the one before: paths of one device begin alike.
    private mutating func spell(_ spelled: [(number: Int, path: TwinPath)]) {
        writer.varint(UInt64(spelled.count))
        var before: [UInt8] = []
        for (number, path) in spelled {
            let bytes = Array(path.text.utf8)
            let shared = zip(before, bytes).prefix { $0 == $1 }.count
            writer.varint(UInt64(number))
            writer.varint(UInt64(shared))
            writer.blob(bytes[shared...])
            before = bytes
        }
    }
}

enum DeltaFlag {
    static let removals: UInt8 = 1
    static let spellings: UInt8 = 2
    /// Stamps of last-writer-wins cells: bits 2 and 3, `StampColumns.Form`.
    static let clockShift: UInt8 = 2
    /// Stamps of other cells that are not all 0.
    static let counts: UInt8 = 16
    static let part: UInt8 = 32
    static let known: UInt8 = 63
}
