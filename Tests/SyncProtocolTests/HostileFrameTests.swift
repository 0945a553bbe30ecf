import Platform
import SyncProtocol
import Testing

/// Numbers as the wire has them, and a few frames that no encoder of ours writes.
private func varint(_ value: UInt64) -> [UInt8] {
    var (bytes, rest) = ([UInt8](), value)
    while rest >= 0x80 {
        bytes.append(UInt8(rest & 0x7F) | 0x80)
        rest >>= 7
    }
    return bytes + [UInt8(rest)]
}

private func text(_ text: String) -> [UInt8] { varint(UInt64(text.utf8.count)) + text.utf8 }

private let session: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
private let epoch: [UInt8] = [2, 0, 0, 0, 0, 0, 0, 0]

private func frame(_ type: UInt8, _ parts: [UInt8]...) -> [UInt8] {
    sealed([FrameCodec.version, type] + parts.flatMap { $0 })
}

/// One log row with the given value bytes.
private func logFrame(value: [UInt8]) -> [UInt8] {
    frame(4, session, text("event"), epoch, [1, 0, 1], [1, 0, 0], [0], text("k"), value)
}

private func isMalformed(_ bytes: [UInt8]) -> Bool {
    if case .malformed = refusal(bytes) { true } else { false }
}

@Suite struct HostileFrameTests {
    @Test func theHelpersMakeAFrame() {
        #expect(refusal(logFrame(value: [0])) == nil)
    }

    /// A count is believed only as far as there are bytes: nothing is reserved for it.
    @Test(arguments: [UInt64(2), 1 << 20, 1 << 40, UInt64(Int64.max), .max])
    func aCountBeyondTheBytesIsRefused(count: UInt64) {
        let many = varint(count)
        #expect(refusal(logFrame(value: [7] + many)) == .truncated)
        #expect(refusal(logFrame(value: [8] + many)) == .truncated)
        #expect(refusal(logFrame(value: [5] + many)) == .truncated)
        #expect(refusal(logFrame(value: [6] + many)) == .truncated)
        #expect(refusal(frame(22, many)) == .truncated)
        #expect(refusal(frame(2, session, [1], many)) == .truncated)
        #expect(refusal(frame(1, session, epoch, [0], many)) == .truncated)
        #expect(refusal(frame(4, session, text("event"), epoch, [1], many)) == .truncated)
        #expect(refusal(frame(4, session, text("event"), epoch, [1, 0], many)) == .truncated)
    }

    @Test func aFrameOverItsBoundIsRefusedUnread() {
        let bytes = [UInt8](repeating: 1, count: FrameBounds.bytes + 1)
        #expect(refusal(bytes) == .tooLong(bytes: bytes.count))
    }

    @Test func theLongestFrameIsRead() throws {
        // 21 bytes of frame, then an array of nulls: the most elements that a frame can make.
        let overhead = logFrame(value: [7] + varint(1 << 20)).count
        let count = FrameBounds.bytes - overhead
        let bytes = logFrame(
            value: [7] + varint(UInt64(count)) + [UInt8](repeating: 0, count: count))
        #expect(bytes.count == FrameBounds.bytes)
        guard case .log(_, let batch) = try FrameCodec.decode(bytes),
            case .row(let row) = try #require(batch.items.first)
        else {
            Issue.record("another frame")
            return
        }
        #expect(row.value.arrayValue?.count == count)
    }

    @Test func stringsAreBounded() {
        let most = String(repeating: "x", count: FrameBounds.string)
        #expect(refusal(logFrame(value: [5] + text(most))) == nil)
        #expect(isMalformed(logFrame(value: [5] + text(most + "x"))))
        #expect(isMalformed(logFrame(value: [6] + text(most + "x"))))
        #expect(isMalformed(frame(22, text(most + "x"))))
        let name = String(repeating: "s", count: 128)
        let end: [UInt8] = [1, 0, 0]
        #expect(refusal(frame(4, session, text(name), epoch, end)) == nil)
        #expect(isMalformed(frame(4, session, text(name + "s"), epoch, end)))
        #expect(isMalformed(frame(4, session, text(""), epoch, end)))
    }

    /// A number stands for a name of up to 256 bytes and no more: a byte on the wire must not make
    /// a map hash a quarter of a megabyte.
    @Test func aLongNameHasNoNumber() {
        func map(_ nameBytes: Int) -> [UInt8] {
            let name = String(repeating: "k", count: nameBytes)
            return logFrame(value: [8, 2, 0] + text(name) + [0] + [2, 0])
        }
        #expect(refusal(map(256)) == nil)
        #expect(refusal(map(257)) == .malformed("unknown name"))
    }

    @Test func nestingIsBounded() {
        let array: [UInt8] = [7, 1]
        func nest(_ levels: Int) -> [UInt8] { (0..<levels).flatMap { _ in array } }
        let deepest = nest(Value.maximumDepth) + [0]
        #expect(refusal(logFrame(value: deepest)) == nil)
        #expect(isMalformed(logFrame(value: array + deepest)))
        let abyss = nest(200_000)
        #expect(isMalformed(logFrame(value: abyss)))
    }

    @Test(
        arguments: [
            [9], [255], [5, 1, 0xFF], [5, 2, 0xC0, 0x80], [8, 1, 3, 0], [8, 1, 0, 1, 0xFF, 0],
            [3] + [UInt8](repeating: 0x80, count: 10),
            [3] + [UInt8](repeating: 0xFF, count: 9) + [2],
        ] as [[UInt8]])
    func badValuesAreMalformed(value: [UInt8]) {
        #expect(isMalformed(logFrame(value: value)))
    }

    /// What reaches a store must fit its signed integers, or the store would not open again.
    @Test func countersEndWhereTheStoreEnds() {
        let (most, over) = (varint(UInt64(Int64.max)), varint(UInt64(Int64.max) + 1))
        for (number, isRead) in [(most, true), (over, false)] {
            let frames = [
                frame(1, session, epoch, [1], session, number, [0]),
                frame(1, session, epoch, [0, 1], epoch, number),
                frame(2, session, [1, 1], epoch, number, [0, 0]),
                frame(2, session, [1, 1], epoch, [0], number, [0]),
                frame(19, session, text("event"), epoch, number),
                frame(
                    18, session, [1], session, [1], [1], [0], [0], [1], epoch, [2, 0],
                    text("desired/a"), number, [1, 0]),
            ]
            for bytes in frames { #expect((refusal(bytes) == nil) == isRead) }
        }
        #expect(isMalformed(frame(2, session, [1, 1], epoch, [1], most, [0])))
    }

    /// A receiver adds up how many rows a gap covers; a few hostile ones must not overflow that.
    @Test func rowNumbersEndFarBelowThat() {
        let most = FrameBounds.rowNumber
        func gap(from first: UInt64, count: UInt64) -> [UInt8] {
            frame(
                4, session, text("event"), epoch, varint(first), [0, 1, 3], varint(first),
                varint(count - 1), [1])
        }
        #expect(refusal(gap(from: 1, count: most - 1)) == nil)
        // A sequence also needs a number after its last.
        #expect(isMalformed(gap(from: 1, count: most)))
        #expect(isMalformed(gap(from: most + 1, count: 1)))
        #expect(isMalformed(gap(from: 1, count: UInt64(Int64.max) - 1)))
    }

    @Test func deltasAndBatchesMustBeInOrder() {
        func delta(_ cells: [UInt8]) -> [UInt8] {
            frame(2, session, [1, 1], epoch, [5, 2], cells)
        }
        let path = [2, 0] + text("desired/a")
        #expect(refusal(delta([1] + path + [1, 1, 0])) == nil)
        // A counter that stands still, and one beyond the interval.
        #expect(isMalformed(delta([1] + path + [0, 1, 0])))
        #expect(isMalformed(delta([1] + path + [3, 1, 0])))
        // A kind that the path does not have, and a path that is none.
        #expect(isMalformed(delta([1, 1, 0] + text("desired/a") + [1, 1, 0])))
        #expect(isMalformed(delta([1, 2, 0] + text("desired") + [1, 1, 0])))
        func log(_ rest: [UInt8]) -> [UInt8] { frame(4, session, text("event"), epoch, rest) }
        #expect(refusal(log([5, 0, 1, 3, 5, 2, 1])) == nil)
        #expect(isMalformed(log([5, 0, 1, 3, 4, 2, 1])))
        #expect(isMalformed(log([5, 0, 1, 3, 6, 2, 1])))
        #expect(isMalformed(log([0, 0, 0])))
        // A gap's reason, an item's tag, a clock's quality, a flag: none is guessed.
        #expect(isMalformed(log([5, 0, 1, 3, 5, 2, 0])))
        #expect(isMalformed(log([5, 0, 1, 3, 5, 2, 5])))
        #expect(isMalformed(log([5, 0, 1, 4, 0, 0, 0])))
        #expect(isMalformed(log([5, 0, 1, 0x31, 0, 0, 0, 0, 0])))
        #expect(isMalformed(frame(2, session, [2, 0])))
        #expect(isMalformed(frame(16, session, session, [0, 1, 0, 0])))
    }
}
