import Platform

extension FrameCodec {
    /// Total: any byte string gives a frame or a `FrameError`, in time and memory linear in its
    /// length.
    public static func decode(_ bytes: [UInt8]) throws(FrameError) -> Frame {
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.count <= FrameBounds.bytes else { throw .tooLong(bytes: bytes.count) }
        guard bytes[0] == version else { throw .unknownVersion(bytes[0]) }
        guard bytes.count >= 6 else { throw .truncated }
        let content = bytes.dropLast(4)
        let stored = bytes.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard CRC32C.checksum(content) == stored else { throw .checksumMismatch }
        var reader = ByteReader(content.dropFirst(2))
        let frame = try reader.frame(tag: bytes[1])
        guard reader.isAtEnd else { throw .malformed("bytes after the last field") }
        return frame
    }
}

extension ByteReader {
    fileprivate mutating func frame(tag: UInt8) throws(FrameError) -> Frame {
        switch tag {
        case 1:
            return .hello(
                request: try fixed64(), epoch: try epoch(), reference: try reference(),
                context: try context())
        case 2:
            let request = try fixed64()
            let isLast = try flag()
            return .seed(request: request, deltas: try deltas(), isLast: isLast)
        case 3:
            let session = try epoch()
            let own = try epoch()
            let hubContext = try context()
            return .up(session: session, epoch: own, deltas: try deltas(), hubContext: hubContext)
        case 4:
            return .log(session: try epoch(), batch: try batch())
        case 16: return try state()
        case 17: return .want(request: try fixed64())
        case 18: return try down()
        case 19:
            return .logAcknowledged(
                session: try epoch(), sequence: try sequence(), upto: try counter())
        case 20: return .reset(session: try epoch())
        case 21: return .hint(session: try epoch())
        case 22: return .refused(reason: try string())
        default: throw .unknownType(tag)
        }
    }

    private mutating func state() throws(FrameError) -> Frame {
        let request = try fixed64()
        let session = try epoch()
        guard let reference = try reference() else { throw .malformed("state without reference") }
        let isLast = try flag()
        let context = try context()
        return .state(
            request: request, session: session, reference: reference, context: context,
            deltas: try deltas(), isLast: isLast)
    }

    private mutating func down() throws(FrameError) -> Frame {
        let session = try epoch()
        guard let reference = try reference() else { throw .malformed("down without reference") }
        let isLast = try flag()
        let acknowledged = try context()
        let deltas = try deltas()
        var winners: [Cell] = []
        for _ in 0..<(try count()) {
            let epoch = try epoch()
            winners.append(try cell(epoch: epoch, after: 0))
        }
        return .down(
            session: session, reference: reference, acknowledged: acknowledged, deltas: deltas,
            winners: winners, isLast: isLast)
    }

    private mutating func flag() throws(FrameError) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        case let other: throw .malformed("flag \(other)")
        }
    }

    private mutating func epoch() throws(FrameError) -> Epoch { Epoch(nonce: try fixed64()) }

    private mutating func reference() throws(FrameError) -> HubReference? {
        guard try flag() else { return nil }
        return HubReference(epoch: try epoch(), commit: try counter())
    }

    private mutating func context() throws(FrameError) -> CausalContext {
        var context = CausalContext()
        for _ in 0..<(try count()) {
            let epoch = try epoch()
            context.advance(epoch, to: try counter())
        }
        return context
    }

    private mutating func deltas() throws(FrameError) -> [IntervalDelta] {
        var deltas: [IntervalDelta] = []
        for _ in 0..<(try count()) { deltas.append(try delta()) }
        return deltas
    }

    private mutating func delta() throws(FrameError) -> IntervalDelta {
        let epoch = try epoch()
        let since = try counter()
        let upto = try sum(since, try varint(), "interval")
        var cells: [Cell] = []
        var previous = since
        for _ in 0..<(try count()) {
            let cell = try cell(epoch: epoch, after: previous)
            guard cell.dot.counter > previous, cell.dot.counter <= upto else {
                throw .malformed("cell outside its interval")
            }
            previous = cell.dot.counter
            cells.append(cell)
        }
        return IntervalDelta(epoch: epoch, since: since, upto: upto, cells: cells)
    }

    private mutating func cell(epoch: Epoch, after previous: UInt64) throws(FrameError) -> Cell {
        let kind = try byte()
        let text = try name()
        let path: TwinPath
        do {
            path = try TwinPath(text)
        } catch {
            throw .malformed("path \(text): \(error)")
        }
        guard path.kind.rawValue == kind else { throw .malformed("cell type \(kind) at \(text)") }
        let counter = try sum(previous, try varint(), "counter")
        return Cell(
            path: path, dot: Dot(epoch: epoch, counter: counter), stamp: try varint(),
            value: try value())
    }

    /// SQLite's integers have a sign, so counters end at 2^63 − 1 here too.
    private func sum(_ base: UInt64, _ step: UInt64, _ what: String) throws(FrameError) -> UInt64 {
        let (sum, overflow) = base.addingReportingOverflow(step)
        guard !overflow, sum <= UInt64(Int64.max) else { throw .malformed("\(what) overflows") }
        return sum
    }

    /// Numbers of log rows end much lower: receivers add up how many a sequence covers.
    private func rowNumber(_ base: UInt64, _ step: UInt64) throws(FrameError) -> UInt64 {
        let number = try sum(base, step, "sequence")
        guard number <= FrameBounds.rowNumber else { throw .malformed("row number too high") }
        return number
    }

    private mutating func counter() throws(FrameError) -> UInt64 {
        try sum(0, try varint(), "counter")
    }

    private mutating func sequence() throws(FrameError) -> LogSequence {
        let stream = try string()
        guard !stream.isEmpty, stream.utf8.count <= 128 else { throw .malformed("stream name") }
        return LogSequence(stream: stream, epoch: try epoch())
    }

    private mutating func quality(_ raw: UInt8) throws(FrameError) -> ClockQuality {
        guard let quality = ClockQuality(rawValue: raw) else { throw .malformed("clock quality") }
        return quality
    }

    private mutating func batch() throws(FrameError) -> LogBatch {
        let sequence = try sequence()
        let first = try rowNumber(0, try varint())
        guard first >= 1 else { throw .malformed("sequence starts at 1") }
        var clocks: [BootClock] = []
        for _ in 0..<(try count()) {
            clocks.append(
                BootClock(
                    boot: BootID(rawValue: try fixed64()), offset: Milliseconds(try zigzag()),
                    quality: try quality(try byte())))
        }
        var items: [LogItem] = []
        var next = first
        var last = LogTime(
            boot: BootID(rawValue: 0), monotonic: MonotonicTime(milliseconds: 0), offset: 0,
            quality: .unset)
        for _ in 0..<(try count()) {
            let head = try byte()
            switch head & 0x0F {
            case LogItemTag.gap:
                let gap = try gap()
                guard gap.first == next else { throw .malformed("gap out of sequence") }
                items.append(.gap(gap))
                next = try rowNumber(gap.last, 1)
            case LogItemTag.row, LogItemTag.rowOfNewBoot:
                let row = try row(head: head, after: last)
                last = row.time
                items.append(.row(row))
                next = try rowNumber(next, 1)
            default: throw .malformed("log item \(head)")
            }
        }
        return LogBatch(sequence: sequence, first: first, items: items, clocks: clocks)
    }

    private mutating func gap() throws(FrameError) -> LogGap {
        let first = try rowNumber(0, try varint())
        let last = try rowNumber(first, try varint())
        guard let reason = GapReason(rawValue: try byte()) else { throw .malformed("gap reason") }
        return LogGap(first: first, last: last, reason: reason)
    }

    private mutating func row(head: UInt8, after last: LogTime) throws(FrameError) -> LogRow {
        let quality = try quality(head >> 4)
        let boot =
            head & 0x0F == LogItemTag.rowOfNewBoot ? BootID(rawValue: try fixed64()) : last.boot
        let monotonic = last.monotonic.milliseconds &+ (try zigzag())
        let offset = last.offset.count &+ (try zigzag())
        return LogRow(
            time: LogTime(
                boot: boot, monotonic: MonotonicTime(milliseconds: monotonic),
                offset: Milliseconds(offset), quality: quality),
            key: try name(), value: try value())
    }
}
