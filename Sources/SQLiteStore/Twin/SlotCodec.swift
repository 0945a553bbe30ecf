import SyncProtocol

/// Slots and removed dots as bytes: epochs by their numbers in the document.
enum SlotCodec {
    static func encode(_ cell: Cell, _ handle: Int64) -> [UInt8] {
        switch cell.slot {
        case .register: []
        case .epoch: varint(UInt64(handle))
        case .element(let value, _): varint(UInt64(handle)) + ValueCodec.encode(value)
        }
    }

    /// Nil for an epoch that this document has not met: it has no cell there.
    static func encode(_ slot: CellSlot, _ context: DocumentContext) -> [UInt8]? {
        switch slot {
        case .register: []
        case .epoch(let epoch): context.entries[epoch].map { varint(UInt64($0.handle)) }
        case .element(let value, let epoch):
            context.entries[epoch].map { varint(UInt64($0.handle)) + ValueCodec.encode(value) }
        }
    }

    static func encode(_ dots: [(handle: Int64, counter: UInt64)]) -> [UInt8] {
        dots.reduce(into: []) { bytes, dot in
            bytes += varint(UInt64(dot.handle))
            bytes += varint(dot.counter)
        }
    }

    /// Nil for bytes that are no list of dots of this document.
    static func dots(_ bytes: [UInt8], _ context: DocumentContext) -> [Dot]? {
        var dots: [Dot] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let handle = read(&rest), let counter = read(&rest),
                let epoch = Int64(exactly: handle).flatMap({ context.epochs[$0] })
            else { return nil }
            dots.append(Dot(epoch: epoch, counter: counter))
        }
        return dots
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
        return bytes
    }

    private static func read(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard let next = bytes.popFirst(), shift < 63 || next <= 1 else { return nil }
            value |= UInt64(next & 0x7F) << shift
            if next & 0x80 == 0 { return value }
        }
        return nil
    }
}
