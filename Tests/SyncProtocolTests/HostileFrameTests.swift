import Platform
import Testing

@testable import SyncProtocol

@Suite struct HostileFrameTests {
    @Test func theHelpersMakeAFrame() {
        #expect(RawDelta().refusal == nil)
        #expect(RawFrame.refusal(RawFrame.valued { $0.byte(0) }) == nil)
        #expect(RawFrame.refusal(RawFrame.down(0) { _ in }) == nil)
    }

    /// A count is believed only as far as there are bytes: nothing is reserved for it.
    @Test(arguments: [UInt64(2), 1 << 20, 1 << 40, UInt64(Int64.max), .max])
    func aCountBeyondTheBytesIsRefused(count: UInt64) {
        for type: UInt8 in [5, 6, 7, 8] {
            #expect(
                RawFrame.refusal(
                    RawFrame.valued {
                        $0.byte(type)
                        $0.varint(count)
                    }) == .truncated)
        }
        for flag in [
            AnswerFlag.acknowledged, AnswerFlag.deltas, AnswerFlag.winners, AnswerFlag.dead,
            AnswerFlag.complete,
        ] {
            #expect(RawFrame.refusal(RawFrame.down(flag) { $0.varint(count) }) == .truncated)
        }
        #expect(
            RawFrame.refusal(RawFrame.frame(FrameKind.refused) { $0.varint(count) }) == .truncated)
        #expect(
            RawFrame.refusal(
                RawFrame.frame(FrameKind.want) {
                    $0.fixed64(1)
                    $0.varint(count)
                }) == .truncated)
        var spellings = RawDelta()
        spellings.flags = DeltaFlag.removals
        spellings.count = 0
        (spellings.numbers, spellings.offsets, spellings.end) = ([], [], RawFrame.varint(count))
        #expect(spellings.refusal == .truncated)
    }

    @Test(
        arguments: [
            [9], [255], [5, 1, 0xFF], [5, 2, 0xC0, 0x80], [8, 1, 3, 0], [8, 1, 0, 1, 0xFF, 0],
            [3] + [UInt8](repeating: 0x80, count: 10),
            [3] + [UInt8](repeating: 0xFF, count: 9) + [2],
        ] as [[UInt8]])
    func badValuesAreMalformed(value: [UInt8]) {
        #expect(RawFrame.isMalformed(RawFrame.valued { $0.raw(value) }))
    }

    /// What reaches a store must fit its signed integers, or the store would not open again.
    @Test func countersEndWhereTheStoreEnds() {
        for (number, isRead) in [(UInt64(Int64.max), true), (UInt64(Int64.max) + 1, false)] {
            var frames = [
                RawFrame.down(AnswerFlag.device) { $0.varint(number) },
                RawFrame.down(AnswerFlag.dead) { $0.raw([1, 0] + RawFrame.varint(number)) },
                RawFrame.down(AnswerFlag.complete) { $0.raw([1, 0] + RawFrame.varint(number)) },
                RawFrame.frame(FrameKind.logAcknowledged) {
                    $0.string("event")
                    $0.raw([1] + RawFrame.varint(number))
                },
                RawFrame.frame(FrameKind.want) {
                    $0.fixed64(1)
                    $0.raw([1, 0] + RawFrame.varint(number))
                },
            ]
            var empty = RawDelta()
            (empty.flags, empty.count, empty.numbers, empty.offsets) = (0, 0, [], [])
            (empty.end, empty.since, empty.span) = ([], number, 0)
            frames.append(empty.bytes)
            (empty.since, empty.span) = (0, number)
            frames.append(empty.bytes)
            for bytes in frames { #expect((RawFrame.refusal(bytes) == nil) == isRead) }
            let up = RawFrame.frame(FrameKind.up) {
                $0.raw([UpFlag.hub, 1] + RawFrame.varint(number))
            }
            #expect((RawFrame.refusal(up, from: .device) == nil) == isRead)
        }
        var over = RawDelta()
        (over.since, over.span) = (1, UInt64(Int64.max))
        #expect(RawFrame.isMalformed(over.bytes))
        // A commit is told as a distance: it must not wrap around either.
        func commit(_ distance: Int64) -> [UInt8] {
            RawFrame.frame(FrameKind.down) {
                $0.byte(0)
                $0.zigzag(distance)
            }
        }
        #expect(RawFrame.refusal(commit(-5)) == nil && RawFrame.refusal(commit(.max - 5)) == nil)
        for distance: Int64 in [-6, .min, .max - 4, .max] {
            #expect(RawFrame.refusal(commit(distance)) == .malformed("commit"))
        }
    }

    @Test func deltasMustBeInOrder() {
        var delta = RawDelta()
        // A counter that stands still, one that goes back, and one beyond the interval.
        for offset: Int64 in [0, -1, 10, .max, .min] {
            delta.offsets = [offset]
            #expect(delta.refusal == .malformed("write outside its interval"))
        }
        delta.offsets = [9]
        #expect(delta.refusal == nil)
        var two = RawDelta()
        (two.count, two.numbers) = (2, [0, 0])
        for offsets: [Int64] in [[3, 3], [4, 3], [.max, .min]] {
            two.offsets = offsets
            #expect(two.refusal == .malformed("write outside its interval"))
        }
        // Flags, a counter's value, a path: none is guessed.
        delta.flags |= 64
        #expect(delta.refusal == .malformed("delta flags 66"))
        delta = RawDelta()
        delta.spellings = [(0, 0, Array("counters/a".utf8))]
        #expect(delta.refusal == .malformed("value at counters/a"))
        for path in ["desired", "other/a", "notes/", "notes/\u{1}", ""] {
            delta.spellings = [(0, 0, Array(path.utf8))]
            #expect(RawFrame.isMalformed(delta.bytes))
        }
        delta.spellings = [(0, 0, Array("notes/".utf8) + [0xFF])]
        #expect(delta.refusal == .malformed("name"))
        #expect(
            RawFrame.isMalformed(
                RawFrame.frame(FrameKind.state) { $0.raw([UInt8](repeating: 2, count: 30)) }))
    }

    @Test func flagsThatNobodyKnowsAreRefused() {
        let up = RawFrame.frame(FrameKind.up) { $0.raw([8, 1]) }
        #expect(RawFrame.refusal(up, from: .device) == .malformed("flags 8"))
        let seed = RawFrame.frame(FrameKind.seed) {
            $0.fixed64(1)
            $0.fixed64(2)
            $0.raw([2, 0])
        }
        #expect(RawFrame.refusal(seed, from: .device) == .malformed("flags 2"))
        let hello = RawFrame.frame(FrameKind.hello) {
            $0.fixed64(1)
            $0.fixed64(2)
            $0.raw([2, 0, 0])
        }
        #expect(RawFrame.refusal(hello, from: .device) == .malformed("flags 2"))
        let state = RawFrame.frame(FrameKind.state) {
            $0.fixed64(1)
            $0.fixed64(3)
            $0.raw([0, 0, AnswerFlag.question, 0, 0])
        }
        #expect(RawFrame.refusal(state) == .malformed("flags 2"))
    }
}
