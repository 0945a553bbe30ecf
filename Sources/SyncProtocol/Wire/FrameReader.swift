import Platform

/// Reads what `FrameScribe` wrote.
struct FrameReader {
    var reader: ByteReader
    var session: WireSession
    /// Who wrote this frame.
    let role: Epoch.Role
    private var epochs: [Epoch] = []
    private var spelled: [Int: TwinPath] = [:]
    private var spelledBytes = 0
    private var cells = 0

    init(_ reader: ByteReader, session: WireSession, role: Epoch.Role) {
        self.reader = reader
        self.session = session
        self.role = role
    }

    mutating func epoch() throws(FrameError) -> Epoch {
        switch try reader.varint() {
        case 0: return session.epoch(of: role)
        case 1: return session.epoch(of: role == .hub ? .device : .hub)
        case 2:
            let epoch = Epoch(nonce: try reader.fixed64())
            if epochs.count < FrameBounds.epochs { epochs.append(epoch) }
            return epoch
        case let index:
            guard index - 3 < UInt64(epochs.count) else { throw .malformed("unknown epoch") }
            return epochs[Int(index) - 3]
        }
    }

    /// SQLite's integers have a sign, so counters end at 2^63 − 1 here too.
    mutating func counter(after base: UInt64 = 0) throws(FrameError) -> UInt64 {
        let (sum, overflow) = base.addingReportingOverflow(try reader.varint())
        guard !overflow, sum <= UInt64(Int64.max) else { throw .malformed("counter overflows") }
        return sum
    }

    mutating func context() throws(FrameError) -> CausalContext {
        var context = CausalContext()
        for _ in 0..<(try reader.count()) {
            let epoch = try epoch()
            context.advance(epoch, to: try counter())
        }
        return context
    }

    mutating func dots() throws(FrameError) -> [Dot] {
        var dots: [Dot] = []
        for _ in 0..<(try reader.count()) {
            let epoch = try epoch()
            dots.append(Dot(epoch: epoch, counter: try counter()))
        }
        return dots
    }

    mutating func deltas() throws(FrameError) -> [IntervalDelta] {
        var deltas: [IntervalDelta] = []
        for _ in 0..<(try reader.count()) { deltas.append(try delta()) }
        return deltas
    }

    mutating func loose() throws(FrameError) -> [Cell] { try deltas().flatMap(\.cells) }

    private mutating func delta() throws(FrameError) -> IntervalDelta {
        let flags = try reader.byte()
        guard flags & ~DeltaFlag.known == 0 else { throw .malformed("delta flags \(flags)") }
        let epoch = try epoch()
        let since = try counter()
        let upto = try counter(after: since)
        let count = try cellCount()
        if flags & DeltaFlag.spellings != 0 { try spellings() }
        let paths = try paths(try reader.column(count: count))
        let offsets = try reader.column(count: count)
        try check(offsets, upto - since)
        let stamps = try StampColumns.read(
            &reader, flags: flags, kinds: paths.map(\.kind), offsets: offsets, base: session.base)
        let values = try reader.values(count: count)
        var cells: [Cell] = []
        cells.reserveCapacity(count)
        for index in 0..<count {
            let dot = Dot(epoch: epoch, counter: since + UInt64(offsets[index]))
            let cell = Cell(
                path: paths[index], dot: dot, stamp: stamps[index], value: values[index])
            guard cell.isWellFormed else { throw .malformed("value at \(cell.path.text)") }
            cells.append(cell)
        }
        let removals =
            flags & DeltaFlag.removals == 0
            ? [] : try removals(epoch, since, upto)
        var delta = IntervalDelta(
            epoch: epoch, since: since, upto: upto, cells: cells, removals: removals)
        delta.isPart = flags & DeltaFlag.part != 0
        return delta
    }

    /// Columns of equal numbers take next to nothing, so a count needs a bound of its own.
    private mutating func cellCount() throws(FrameError) -> Int {
        let count = try reader.varint()
        guard count <= UInt64(FrameBounds.cells - cells) else { throw .malformed("too many cells") }
        cells += Int(count)
        return Int(count)
    }

    private mutating func spellings() throws(FrameError) {
        var before: [UInt8] = []
        for _ in 0..<(try reader.count()) {
            let number = try reader.varint()
            let shared = try reader.varint()
            guard shared <= UInt64(before.count) else { throw .malformed("name prefix") }
            let bytes = before.prefix(Int(shared)) + (try reader.blob())
            guard bytes.count <= TwinPath.bytesMaximum,
                let text = String(validating: bytes, as: UTF8.self)
            else { throw .malformed("name") }
            let path: TwinPath
            do {
                path = try TwinPath(text)
            } catch {
                throw .malformed("path \(text): \(error)")
            }
            guard number <= UInt64(NameTable.capacity + FrameBounds.cells) else {
                throw .malformed("name number")
            }
            spelledBytes += bytes.count + 64
            guard spelledBytes <= FrameBounds.spelled else { throw .malformed("too many names") }
            spelled[Int(number)] = path
            if let known = session.names.path(Int(number)), known != path {
                // The sides no longer mean the same by this session's names: it has to end.
                throw .unknownName(Int64(number))
            }
            _ = session.names.learn(path, as: Int(number))
            before = Array(bytes)
        }
    }

    private func paths(_ numbers: [Int64]) throws(FrameError) -> [TwinPath] {
        var paths: [TwinPath] = []
        paths.reserveCapacity(numbers.count)
        for number in numbers {
            guard let index = Int(exactly: number),
                let path = spelled[index] ?? session.names.path(index)
            else { throw .unknownName(number) }
            paths.append(path)
        }
        return paths
    }

    /// Counters go up and stay inside the interval.
    private func check(_ offsets: [Int64], _ span: UInt64) throws(FrameError) {
        var before: Int64 = 0
        for offset in offsets {
            guard offset > before, UInt64(offset) <= span else {
                throw .malformed("write outside its interval")
            }
            before = offset
        }
    }

    private mutating func removals(
        _ epoch: Epoch, _ since: UInt64, _ upto: UInt64
    ) throws(FrameError) -> [Removal] {
        let count = try reader.count()
        let offsets = try reader.column(count: count)
        try check(offsets, upto - since)
        var removals: [Removal] = []
        for offset in offsets {
            let dot = Dot(epoch: epoch, counter: since + UInt64(offset))
            removals.append(Removal(dot: dot, removed: try dots()))
        }
        return removals
    }
}

extension Cell {
    /// Whether the value is one that the path's kind can hold.
    var isWellFormed: Bool {
        switch kind {
        case .counter: value == .null || value.intValue != nil
        case .singleWriter, .lastWriterWins, .multiValue, .addWinsSet: true
        }
    }
}
