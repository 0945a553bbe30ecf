import Platform
import Testing

@testable import SyncProtocol

/// What a decoder takes at most, just there and one beyond.
@Suite struct FrameBoundsTests {
    @Test func aFrameOverItsBoundIsRefusedUnread() {
        let bytes = [UInt8](repeating: 1, count: FrameBounds.bytes + 1)
        #expect(RawFrame.refusal(bytes) == .tooLong(bytes: bytes.count))
    }

    @Test func theLongestFrameIsRead() throws {
        // An array of nulls: the most elements that a frame can make.
        func nulls(_ count: Int) -> [UInt8] {
            RawFrame.valued { writer in
                writer.byte(7)
                writer.varint(UInt64(count))
                writer.raw([UInt8](repeating: 0, count: count))
            }
        }
        let count = FrameBounds.bytes - (nulls(1 << 19).count - 1 << 19)
        let bytes = nulls(count)
        #expect(bytes.count == FrameBounds.bytes)
        var device = WireEnd(role: .device, session: RawFrame.session)
        guard case .down(let down) = try device.read(bytes) else {
            Issue.record("another frame")
            return
        }
        #expect(down.deltas.first?.cells.first?.value.arrayValue?.count == count)
    }

    @Test func stringsAreBounded() {
        let most = String(repeating: "x", count: FrameBounds.string)
        for type: UInt8 in [5, 6] {
            func long(_ text: String) -> [UInt8] {
                RawFrame.valued {
                    $0.byte(type)
                    $0.string(text)
                }
            }
            #expect(RawFrame.refusal(long(most)) == nil)
            #expect(RawFrame.isMalformed(long(most + "x")))
        }
        #expect(RawFrame.isMalformed(RawFrame.frame(FrameKind.refused) { $0.string(most + "x") }))
        func acknowledged(_ stream: String) -> [UInt8] {
            RawFrame.frame(FrameKind.logAcknowledged) {
                $0.string(stream)
                $0.varint(1)
                $0.varint(1)
            }
        }
        let name = String(repeating: "s", count: 128)
        #expect(RawFrame.refusal(acknowledged(name)) == nil)
        #expect(
            RawFrame.isMalformed(acknowledged(name + "s")) && RawFrame.isMalformed(acknowledged(""))
        )
    }

    @Test func aDocumentsNameIsBounded() {
        func hint(_ document: String) -> [UInt8] {
            var writer = ByteWriter()
            writer.byte(FrameCodec.version << 4 | FrameKind.hint)
            writer.string(document)
            writer.fixed64(3)
            return sealed(writer.bytes)
        }
        let most = String(repeating: "d", count: FrameBounds.document)
        #expect(RawFrame.refusal(hint(most)) == nil)
        #expect(RawFrame.refusal(hint(most + "d")) == .malformed("document name"))
    }

    /// A number stands for a key of up to 256 bytes and no more: a byte on the wire must not make
    /// a map hash a quarter of a megabyte.
    @Test func aLongKeyHasNoNumber() {
        func map(_ nameBytes: Int) -> [UInt8] {
            RawFrame.valued {
                $0.raw([7, 2, 8, 1, 0])
                $0.string(String(repeating: "k", count: nameBytes))
                $0.raw([0, 8, 1, 1, 0])
            }
        }
        #expect(RawFrame.refusal(map(FrameBounds.name)) == nil)
        #expect(RawFrame.refusal(map(FrameBounds.name + 1)) == .malformed("unknown name"))
    }

    @Test func nestingIsBounded() {
        func nest(_ levels: Int) -> [UInt8] {
            RawFrame.valued { writer in
                for _ in 0..<levels { writer.raw([7, 1]) }
                writer.byte(0)
            }
        }
        #expect(RawFrame.refusal(nest(Value.maximumDepth)) == nil)
        #expect(
            RawFrame.isMalformed(nest(Value.maximumDepth + 1))
                && RawFrame.isMalformed(nest(200_000)))
    }

    @Test func spellingsStayWithinTheirBounds() {
        var delta = RawDelta()
        // More shared than there is.
        delta.spellings = [(0, 1, Array("notes/a".utf8))]
        #expect(delta.refusal == .malformed("name prefix"))
        // Longer than a path may be, in one piece or in two.
        let most = Array(("notes/" + String(repeating: "x", count: 250)).utf8)
        #expect(most.count == TwinPath.bytesMaximum)
        delta.spellings = [(0, 0, most)]
        #expect(delta.refusal == nil)
        delta.spellings = [(0, 0, most + [0x78])]
        #expect(delta.refusal == .malformed("name"))
        delta.spellings = [(0, 0, most), (1, 256, [0x78])]
        #expect(delta.refusal == .malformed("name"))
        // A number that no table reaches.
        let highest = UInt64(NameTable.capacity + FrameBounds.cells)
        delta.numbers = [Int64(highest)]
        delta.spellings = [(highest, 0, most)]
        #expect(delta.refusal == nil)
        for number in [highest + 1, .max] {
            delta.spellings = [(number, 0, most)]
            #expect(delta.refusal == .malformed("name number"))
        }
        // Names that nobody spelled.
        delta.spellings = []
        for number: Int64 in [0, 1, 4096, -1, -2, .max, .min] {
            delta.numbers = [number]
            #expect(delta.refusal == .unknownName(number))
        }
    }

    /// Six bytes must not stand for a name of hundreds without end.
    @Test func spelledNamesAreBoundedTogether() {
        let most = Array(("notes/" + String(repeating: "x", count: 250)).utf8)
        func many(_ count: Int) -> RawDelta {
            var delta = RawDelta()
            delta.spellings = [(0, 0, most)]
            for number in 1..<count { delta.spellings.append((UInt64(number), 255, [0x79])) }
            return delta
        }
        let fit = FrameBounds.spelled / (TwinPath.bytesMaximum + 64)
        #expect(many(fit).refusal == nil)
        #expect(many(fit + 1).refusal == .malformed("too many names"))
    }

    /// Equal numbers cost next to nothing: what a frame's columns may claim is bounded for itself.
    @Test func cellsOfAFrameAreBounded() {
        func alike(_ count: Int) -> RawDelta {
            var delta = RawDelta()
            delta.count = UInt64(count)
            delta.span = UInt64(count)
            delta.numbers = Array(repeating: 0, count: count)
            delta.offsets = (0..<count).map { Int64($0 + 1) }
            return delta
        }
        let whole = alike(FrameBounds.cells)
        #expect(whole.bytes.count < 60)
        #expect(whole.refusal == nil)
        var over = whole
        over.count += 1
        #expect(over.refusal == .malformed("too many cells"))
        over.count = .max
        #expect(over.refusal == .malformed("too many cells"))
        // All deltas of a frame together.
        let half = alike(FrameBounds.cells / 2)
        #expect(RawFrame.refusal(RawDelta.frame([half, half])) == nil)
        #expect(
            RawFrame.refusal(RawDelta.frame([half, half, alike(1)])) == .malformed("too many cells")
        )
    }

    /// Some hundreds of keys emptied in one commit take some twenty bytes once their names are
    /// known; they are a frame like any other.
    @Test func whatCostsNextToNothingIsRead() throws {
        let cells = try (0..<300).map { index in
            Cell(
                path: try TwinPath("config/k\(index)"),
                dot: Dot(epoch: RawFrame.session.hub, counter: UInt64(index + 1)), stamp: 1 << 16,
                value: .null)
        }
        let delta = IntervalDelta(epoch: RawFrame.session.hub, since: 0, upto: 300, cells: cells)
        let frame = Frame.down(Frame.Down(question: nil, commit: 5, deltas: [delta]))
        var (device, hub) = WireEnd.pair(RawFrame.session)
        #expect(try device.read(hub.write(frame)) == frame)
        hub.session.names.confirm(hub.session.names.mark)
        let bytes = hub.write(frame)
        #expect(bytes.count < 40)
        #expect(try device.read(bytes) == frame)
    }

    /// Only the first epochs that a frame spells have a number; further ones are spelled again.
    @Test func epochsReferredToAreBounded() throws {
        func context(_ count: Int, from first: UInt64) -> CausalContext {
            CausalContext(
                Dictionary(
                    uniqueKeysWithValues: (0..<count).map {
                        (Epoch(nonce: first + UInt64($0)), UInt64($0) + 1)
                    }))
        }
        let many = context(FrameBounds.epochs + 9, from: 100)
        let frame = Frame.down(
            Frame.Down(
                question: 1, commit: 5, acknowledged: many, deltas: [], complete: many))
        var (device, hub) = WireEnd.pair(RawFrame.session)
        #expect(try device.read(hub.write(frame)) == frame)
        // 2 and the epoch, and later 3 + its place.
        func refer(_ spelled: Int, _ place: Int) -> [UInt8] {
            RawFrame.down(AnswerFlag.complete) { writer in
                writer.varint(UInt64(spelled) + 1)
                for index in 0..<spelled {
                    writer.varint(2)
                    writer.fixed64(UInt64(100 + index))
                    writer.varint(1)
                }
                writer.varint(UInt64(3 + place))
                writer.varint(1)
            }
        }
        let most = FrameBounds.epochs
        #expect(
            RawFrame.refusal(refer(2, 1)) == nil
                && RawFrame.refusal(refer(most + 9, most - 1)) == nil)
        #expect(RawFrame.refusal(refer(2, 2)) == .malformed("unknown epoch"))
        #expect(RawFrame.refusal(refer(most + 9, most)) == .malformed("unknown epoch"))
        #expect(RawFrame.refusal(refer(0, 0)) == .malformed("unknown epoch"))
    }
}
