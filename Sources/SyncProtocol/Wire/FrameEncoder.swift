import Platform

/// Frames as bytes: version, type, fields, CRC-32C of all before it (little endian).
public enum FrameCodec {
    public static let version: UInt8 = 1

    public static func encode(_ frame: Frame) -> [UInt8] {
        var writer = ByteWriter()
        writer.byte(version)
        writer.byte(frame.tag)
        writer.fields(of: frame)
        writer.fixed32(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }
}

extension ByteWriter {
    fileprivate mutating func fields(of frame: Frame) {
        switch frame {
        case .hello(let request, let epoch, let reference, let context):
            fixed64(request)
            self.epoch(epoch)
            self.reference(reference)
            self.context(context)
        case .seed(let request, let deltas, let isLast):
            fixed64(request)
            byte(isLast ? 1 : 0)
            self.deltas(deltas)
        case .up(let session, let epoch, let deltas, let hubContext):
            self.epoch(session)
            self.epoch(epoch)
            context(hubContext)
            self.deltas(deltas)
        case .log(let session, let batch):
            epoch(session)
            self.batch(batch)
        case .state(let request, let session, let reference, let context, let deltas, let isLast):
            fixed64(request)
            epoch(session)
            self.reference(reference)
            byte(isLast ? 1 : 0)
            self.context(context)
            self.deltas(deltas)
        case .want(let request):
            fixed64(request)
        case .down(
            let session, let reference, let acknowledged, let deltas, let winners, let isLast):
            epoch(session)
            self.reference(reference)
            byte(isLast ? 1 : 0)
            context(acknowledged)
            self.deltas(deltas)
            varint(UInt64(winners.count))
            for cell in winners {
                epoch(cell.dot.epoch)
                self.cell(cell, after: 0)
            }
        case .logAcknowledged(let session, let sequence, let upto):
            epoch(session)
            self.sequence(sequence)
            varint(upto)
        case .reset(let session), .hint(let session):
            epoch(session)
        case .refused(let reason):
            string(reason)
        }
    }

    private mutating func epoch(_ epoch: Epoch) { fixed64(epoch.nonce) }

    private mutating func reference(_ reference: HubReference?) {
        byte(reference == nil ? 0 : 1)
        guard let reference else { return }
        epoch(reference.epoch)
        varint(reference.commit)
    }

    private mutating func context(_ context: CausalContext) {
        let entries = context.sorted
        varint(UInt64(entries.count))
        for entry in entries {
            epoch(entry.epoch)
            varint(entry.counter)
        }
    }

    private mutating func deltas(_ deltas: [IntervalDelta]) {
        varint(UInt64(deltas.count))
        for delta in deltas {
            epoch(delta.epoch)
            varint(delta.since)
            varint(delta.upto - delta.since)
            varint(UInt64(delta.cells.count))
            var previous = delta.since
            for cell in delta.cells {
                self.cell(cell, after: previous)
                previous = cell.dot.counter
            }
        }
    }

    private mutating func cell(_ cell: Cell, after previous: UInt64) {
        byte(cell.kind.rawValue)
        name(cell.path.text)
        varint(cell.dot.counter - previous)
        varint(cell.stamp)
        value(cell.value)
    }

    private mutating func sequence(_ sequence: LogSequence) {
        string(sequence.stream)
        epoch(sequence.epoch)
    }

    private mutating func batch(_ batch: LogBatch) {
        sequence(batch.sequence)
        varint(batch.first)
        varint(UInt64(batch.clocks.count))
        for clock in batch.clocks {
            fixed64(clock.boot.rawValue)
            zigzag(clock.offset.count)
            byte(clock.quality.rawValue)
        }
        varint(UInt64(batch.items.count))
        var last = LogTime(
            boot: BootID(rawValue: 0), monotonic: MonotonicTime(milliseconds: 0), offset: 0,
            quality: .unset)
        for item in batch.items {
            switch item {
            case .row(let row):
                self.row(row, after: last)
                last = row.time
            case .gap(let gap):
                byte(LogItemTag.gap)
                varint(gap.first)
                varint(gap.last - gap.first)
                byte(gap.reason.rawValue)
            }
        }
    }

    /// Times as differences to the row before; the boot only where it changes.
    private mutating func row(_ row: LogRow, after last: LogTime) {
        let time = row.time
        let isNewBoot = time.boot != last.boot
        byte((isNewBoot ? LogItemTag.rowOfNewBoot : LogItemTag.row) | time.quality.rawValue << 4)
        if isNewBoot { fixed64(time.boot.rawValue) }
        zigzag(time.monotonic.milliseconds &- last.monotonic.milliseconds)
        zigzag(time.offset.count &- last.offset.count)
        name(row.key)
        value(row.value)
    }
}

/// The low four bits of an item's first byte; the high four hold a row's clock quality.
enum LogItemTag {
    static let row: UInt8 = 1
    static let rowOfNewBoot: UInt8 = 2
    static let gap: UInt8 = 3
}
