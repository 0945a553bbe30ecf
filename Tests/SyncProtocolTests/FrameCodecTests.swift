import Platform
import TestSupport
import Testing

@testable import SyncProtocol

/// Content with a checksum that fits: what a broken or hostile peer could send.
func sealed(_ content: [UInt8]) -> [UInt8] {
    let checksum = CRC32C.checksum(content)
    return content + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> UInt32($0 * 8)) }
}

@Suite struct FrameCodecTests {
    @Test(arguments: 0..<SeededGenerator.frameKinds)
    func everyFrameReadsBackTheSame(kind: Int) throws {
        var generator = SeededGenerator.announced(for: "everyFrameReadsBackTheSame(\(kind))")
        for _ in 0..<300 {
            let session = generator.session()
            let frame = generator.frame(kind: kind, in: session)
            var (writer, reader) = frame.ends(in: session)
            var again = writer
            let bytes = writer.write(frame)
            let read = try #require(try reader.read(bytes))
            #expect(read == frame)
            // Equality of values goes by bytes; that of keys and streams does not, so once more.
            #expect(again.write(read) == bytes)
        }
    }

    /// The frames of one session, one after the other. Where some are lost, names stay spelled and
    /// each frame is read by itself; where each is answered, names are named by number.
    @Test(arguments: [false, true])
    func aSessionsFramesReadBackTheSame(isLossy: Bool) throws {
        var generator = SeededGenerator.announced(
            for: "aSessionsFramesReadBackTheSame(\(isLossy))")
        for _ in 0..<60 {
            let session = generator.session()
            var (device, hub) = WireEnd.pair(session)
            for _ in 0..<20 {
                let isUp = generator.once(in: 2)
                let frame = generator.frame(kind: isUp ? 2 : 6, in: session)
                let bytes = isUp ? device.write(frame) : hub.write(frame)
                if isLossy, generator.once(in: 3) { continue }
                #expect(try (isUp ? hub.read(bytes) : device.read(bytes)) == frame)
                guard !isLossy else { continue }
                if isUp {
                    device.session.names.confirm(device.session.names.mark)
                } else {
                    hub.session.names.confirm(hub.session.names.mark)
                }
            }
        }
    }

    @Test(arguments: 0..<SeededGenerator.frameKinds)
    func noTruncatedFrameIsRead(kind: Int) {
        var generator = SeededGenerator.announced(for: "noTruncatedFrameIsRead(\(kind))")
        for _ in 0..<3 {
            let session = generator.session()
            let frame = generator.frame(kind: kind, in: session)
            var (writer, reader) = frame.ends(in: session)
            let bytes = writer.write(frame)
            for count in 0..<bytes.count {
                #expect(reader.refusal(Array(bytes.prefix(count))) != nil)
                // The checksum of a shorter content may fit; its fields then end too early.
                guard count < bytes.count - 4 else { continue }
                // The end of a session's tag makes it another one's, which is not read.
                if count > 4 { #expect(reader.refusal(sealed(Array(bytes.prefix(count)))) != nil) }
            }
            #expect(reader.refusal(bytes + [0]) == .checksumMismatch)
            let padded = reader.refusal(sealed(bytes.dropLast(4) + [0]))
            let expected = kind == 3 ? "bytes after the batch" : "bytes after the last field"
            #expect(padded == .malformed(expected))
        }
    }

    @Test(arguments: 0..<SeededGenerator.frameKinds)
    func noFrameWithOneBitFlippedIsRead(kind: Int) {
        var generator = SeededGenerator.announced(for: "noFrameWithOneBitFlippedIsRead(\(kind))")
        let session = generator.session()
        let frame = generator.frame(kind: kind, in: session)
        var (writer, reader) = frame.ends(in: session)
        var bytes = writer.write(frame)
        for bit in 0..<bytes.count * 8 {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(reader.refusal(bytes) != nil)
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
    }

    /// With a checksum that fits, a flipped bit gives an error or a frame of its own.
    @Test(arguments: 0..<SeededGenerator.frameKinds)
    func aSealedMutationGivesAFrameOrAnError(kind: Int) throws {
        var generator = SeededGenerator.announced(
            for: "aSealedMutationGivesAFrameOrAnError(\(kind))")
        for _ in 0..<400 {
            let session = generator.session()
            let frame = generator.frame(kind: kind, in: session)
            var (writer, reader) = frame.ends(in: session)
            var content = Array(writer.write(frame).dropLast(4))
            let bit = generator.number(0...content.count * 8 - 1)
            content[bit / 8] ^= 1 << UInt8(bit % 8)
            try expectOwnFrame(try? reader.read(sealed(content)), session)
        }
    }

    @Test func randomContentGivesAFrameOrAnError() throws {
        var generator = SeededGenerator.announced(for: "randomContentGivesAFrameOrAnError")
        for _ in 0..<20_000 {
            let session = generator.session()
            let isLow = generator.once(in: 2)
            let body = generator.list(0...60) { UInt8($0.number(0...(isLow ? 9 : 255))) }
            let kind = UInt8(generator.number(0...15))
            var start = [FrameCodec.version << 4 | kind]
            if FrameKind.inSession.contains(kind) {
                start += (0..<4).map { UInt8(truncatingIfNeeded: session.tag >> UInt32($0 * 8)) }
            } else {
                start.append(0)
            }
            let role: Epoch.Role = kind <= FrameKind.log ? .hub : .device
            var reader = WireEnd(role: role, session: session)
            try expectOwnFrame(try? reader.read(sealed(start + body)), session)
        }
    }

    /// What was read can be written, and is then read as the same.
    private func expectOwnFrame(_ read: Frame??, _ session: WireSession) throws {
        guard let frame = read.flatMap({ $0 }), frame.isOrdered else { return }
        var own = session
        if case .hello(let hello) = frame { own = .blank(hello.epoch) }
        if case .state(let state) = frame {
            own = WireSession(
                device: session.device, hub: state.reference.epoch, request: state.request,
                base: state.time, commit: state.reference.commit)
        }
        var (writer, reader) = frame.ends(in: own)
        #expect(try reader.read(writer.write(frame)) == frame)
    }

    @Test func otherVersionsAndTypesHaveErrorsOfTheirOwn() {
        var (hub, device) = Frame.hint(hub: Epoch(nonce: 1)).ends(in: .blank(Epoch(nonce: 2)))
        #expect(device.refusal([]) == .empty)
        #expect(device.refusal([FrameCodec.version << 4]) == .truncated)
        #expect(device.refusal(sealed([FrameCodec.version << 4 | FrameKind.hint])) == .truncated)
        let hint = hub.write(.hint(hub: Epoch(nonce: 1)))
        for version: UInt8 in 0...15 where version != FrameCodec.version {
            let first = version << 4 | FrameKind.hint
            #expect(device.refusal(sealed([first] + hint[1..<10])) == .unknownVersion(version))
            // Another version may have another checksum: it is told before that is looked at.
            #expect(device.refusal([first]) == .unknownVersion(version))
        }
        for type: UInt8 in [0, 15] {
            let first = FrameCodec.version << 4 | type
            #expect(device.refusal(sealed([first] + hint[1..<10])) == .unknownType(type))
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
        let frame = Frame.seed(request: 1, deltas: [delta], isLast: true)
        var (device, hub) = frame.ends(in: .blank(epoch))
        guard case .seed(_, let read, _) = try hub.read(device.write(frame)) else {
            Issue.record("another frame")
            return
        }
        let texts = read.flatMap(\.cells).map { Array($0.path.text.utf8) }
        #expect(texts == paths.map { Array($0.text.utf8) })
    }

    /// A greeting that came twice is answered twice, and the device reads one answer only. The hub
    /// must not take stamps that count from the one for such that count from the other.
    @Test func twoAnswersToOneGreetingAreTwoSessions() {
        func tag(_ time: Int64, _ commit: UInt64) -> UInt32 {
            WireSession(
                device: Epoch(nonce: 2), hub: Epoch(nonce: 3), request: 4,
                base: WallTime(milliseconds: time), commit: commit
            ).tag
        }
        #expect(Set([tag(1000, 7), tag(1001, 7), tag(1000, 8), tag(0, 0)]).count == 4)
        #expect(tag(1000, 7) == tag(1000, 7))
    }

    /// A hub reads a copy before it knows whose it is; the device's own writes keep their epoch.
    @Test func aSeedSaysWhoseEpochItsOwnIs() throws {
        let own = Epoch(nonce: 0x42)
        let delta = IntervalDelta(epoch: own, since: 0, upto: 3, cells: [])
        var device = WireEnd(role: .device, session: .blank(own))
        var hub = WireEnd(role: .hub, session: .blank(Epoch(nonce: 0)))
        let frame = Frame.seed(request: 1, deltas: [delta], isLast: true)
        #expect(try hub.read(device.write(frame)) == frame)
    }

    @Test func keysBeyondTheDictionaryAreSpelled() throws {
        let keys = (0..<5000).map { ("key\($0)", Value.null) }
        let long = (String(repeating: "x", count: 1000), Value.null)
        let cell = Cell(
            path: try TwinPath("config/a"), dot: Dot(epoch: Epoch(nonce: 2), counter: 1), stamp: 1,
            value: .array([.object(keys + [long]), .object([long] + keys)]))
        let delta = IntervalDelta(epoch: Epoch(nonce: 2), since: 0, upto: 1, cells: [cell])
        let frame = Frame.seed(request: 1, deltas: [delta], isLast: true)
        var (device, hub) = frame.ends(in: .blank(Epoch(nonce: 2)))
        #expect(try hub.read(device.write(frame)) == frame)
    }
}

extension Frame {
    /// Whether the loose cells are in an order that an encoder of ours would write.
    fileprivate var isOrdered: Bool {
        let dots: [Dot]
        switch self {
        case .state(let state): dots = state.winners.map(\.dot)
        case .down(let down): dots = down.winners.map(\.dot)
        case .compare(let compare): dots = compare.cells.map(\.dot)
        case .differ(let differ): dots = differ.difference.cells.map(\.dot)
        default: return true
        }
        return zip(dots, dots.dropFirst()).allSatisfy { $0 < $1 }
    }
}
