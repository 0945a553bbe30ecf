import Platform
import SyncProtocol
import TestSupport
import Testing

/// Why bytes are no frame; nil where they are one.
func refusal(_ bytes: [UInt8]) -> FrameError? {
    do {
        _ = try FrameCodec.decode(bytes)
        return nil
    } catch {
        return error
    }
}

/// Content with a checksum that fits: what a broken or hostile peer could send.
func sealed(_ content: [UInt8]) -> [UInt8] {
    let checksum = CRC32C.checksum(content)
    return content + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> UInt32($0 * 8)) }
}

@Suite struct FrameCodecTests {
    @Test(arguments: 0..<SeededGenerator.frameKinds)
    func everyFrameReadsBackTheSame(kind: Int) throws {
        var generator = SeededGenerator.announced(for: "everyFrameReadsBackTheSame(\(kind))")
        for _ in 0..<100 {
            let frame = generator.frame(kind: kind)
            let bytes = FrameCodec.encode(frame)
            let read = try FrameCodec.decode(bytes)
            #expect(read == frame)
            // Equality of values goes by bytes; that of keys and streams does not, so once more.
            #expect(FrameCodec.encode(read) == bytes)
        }
    }

    @Test(arguments: 0..<SeededGenerator.frameKinds)
    func noTruncatedFrameIsRead(kind: Int) {
        var generator = SeededGenerator.announced(for: "noTruncatedFrameIsRead(\(kind))")
        for _ in 0..<3 {
            let bytes = FrameCodec.encode(generator.frame(kind: kind))
            for count in 0..<bytes.count {
                #expect(refusal(Array(bytes.prefix(count))) != nil)
                // The checksum of a shorter content may fit; its fields then end too early.
                guard count >= 2, count < bytes.count - 4 else { continue }
                #expect(refusal(sealed(Array(bytes.prefix(count)))) != nil)
            }
            #expect(refusal(bytes + [0]) == .checksumMismatch)
            let padded = refusal(sealed(bytes.dropLast(4) + [0]))
            #expect(padded == .malformed("bytes after the last field"))
        }
    }

    @Test(arguments: 0..<SeededGenerator.frameKinds)
    func noFrameWithOneBitFlippedIsRead(kind: Int) {
        var generator = SeededGenerator.announced(for: "noFrameWithOneBitFlippedIsRead(\(kind))")
        var bytes = FrameCodec.encode(generator.frame(kind: kind))
        for bit in 0..<bytes.count * 8 {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(refusal(bytes) != nil)
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
    }

    /// With a checksum that fits, a flipped bit gives an error or a frame of its own.
    @Test(arguments: 0..<SeededGenerator.frameKinds)
    func aSealedMutationGivesAFrameOrAnError(kind: Int) throws {
        var generator = SeededGenerator.announced(
            for: "aSealedMutationGivesAFrameOrAnError(\(kind))")
        for _ in 0..<400 {
            var content = Array(FrameCodec.encode(generator.frame(kind: kind)).dropLast(4))
            let bit = generator.number(0...content.count * 8 - 1)
            content[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let frame = try? FrameCodec.decode(sealed(content)) else { continue }
            #expect(try FrameCodec.decode(FrameCodec.encode(frame)) == frame)
        }
    }

    @Test func randomContentGivesAFrameOrAnError() throws {
        var generator = SeededGenerator.announced(for: "randomContentGivesAFrameOrAnError")
        let tags: [UInt8] = [1, 2, 3, 4, 16, 17, 18, 19, 20, 21, 22]
        for _ in 0..<10_000 {
            let isLow = generator.once(in: 2)
            let body = generator.list(0...60) { UInt8($0.number(0...(isLow ? 9 : 255))) }
            let tag = tags.randomElement(using: &generator) ?? 0
            guard let frame = try? FrameCodec.decode(sealed([FrameCodec.version, tag] + body))
            else { continue }
            #expect(try FrameCodec.decode(FrameCodec.encode(frame)) == frame)
        }
    }

    @Test func otherVersionsAndTypesHaveErrorsOfTheirOwn() {
        #expect(refusal([]) == .empty)
        #expect(refusal([1]) == .truncated)
        #expect(refusal(sealed([1])) == .truncated)
        let hint = FrameCodec.encode(.hint(session: Epoch(nonce: 1)))
        for version: UInt8 in [0, 2, 255] {
            #expect(refusal(sealed([version] + hint[1..<10])) == .unknownVersion(version))
            // Another version may have another checksum: it is told before that is looked at.
            #expect(refusal([version]) == .unknownVersion(version))
        }
        let known: Set<UInt8> = [1, 2, 3, 4, 16, 17, 18, 19, 20, 21, 22]
        for type: UInt8 in 0...255 where !known.contains(type) {
            #expect(refusal(sealed([1, type] + hint[2..<10])) == .unknownType(type))
        }
    }

    @Test func twoSpellingsOfOneNameStayApart() throws {
        let paths = [try TwinPath("config/\u{E9}"), try TwinPath("config/e\u{301}")]
        let epoch = Epoch(nonce: 2)
        let cells = paths.enumerated().map { number, path in
            Cell(
                path: path, dot: Dot(epoch: epoch, counter: UInt64(number + 1)), stamp: 1,
                value: .null)
        }
        let delta = IntervalDelta(epoch: epoch, since: 0, upto: 2, cells: cells)
        let bytes = FrameCodec.encode(.seed(request: 1, deltas: [delta], isLast: true))
        guard case .seed(_, let read, _) = try FrameCodec.decode(bytes) else {
            Issue.record("another frame")
            return
        }
        let texts = read.flatMap(\.cells).map { Array($0.path.text.utf8) }
        #expect(texts == paths.map { Array($0.text.utf8) })
    }

    @Test func namesBeyondTheDictionaryAreSpelled() throws {
        let keys = (0..<9000).map { "key\($0)" }
        let row = { (key: String) in
            LogItem.row(
                LogRow(
                    time: LogTime(
                        boot: BootID(rawValue: 1), monotonic: MonotonicTime(milliseconds: 0),
                        offset: 0, quality: .unset), key: key, value: .null))
        }
        let long = String(repeating: "x", count: 1000)
        let batch = LogBatch(
            sequence: LogSequence(stream: "event", epoch: Epoch(nonce: 2)), first: 1,
            items: (keys + [long, long] + keys).map(row), clocks: [])
        let frame = Frame.log(session: Epoch(nonce: 1), batch: batch)
        #expect(try FrameCodec.decode(FrameCodec.encode(frame)) == frame)
    }
}
