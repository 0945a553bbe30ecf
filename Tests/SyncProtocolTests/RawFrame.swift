import Platform
import Testing

@testable import SyncProtocol

/// Frames that no encoder of ours writes, to a device in the middle of a session.
enum RawFrame {
    static let session = WireSession(
        device: Epoch(nonce: 2), hub: Epoch(nonce: 3), request: 9, commit: 5)

    /// Why the other end refuses what a hub wrote, or a device; nil where it does not.
    static func refusal(_ bytes: [UInt8], from role: Epoch.Role = .hub) -> FrameError? {
        WireEnd(role: role == .hub ? .device : .hub, session: session).refusal(bytes)
    }

    static func isMalformed(_ bytes: [UInt8], from role: Epoch.Role = .hub) -> Bool {
        if case .malformed = refusal(bytes, from: role) { true } else { false }
    }

    static func frame(_ kind: UInt8, _ body: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        writer.byte(FrameCodec.version << 4 | kind)
        if FrameKind.inSession.contains(kind) {
            writer.fixed32(session.tag)
        } else {
            writer.string("")
        }
        body(&writer)
        return sealed(writer.bytes)
    }

    /// A `down` that is nothing but one field, by its flag.
    static func down(_ flag: UInt8, _ body: (inout ByteWriter) -> Void) -> [UInt8] {
        frame(FrameKind.down) {
            $0.byte(flag)
            $0.zigzag(0)
            body(&$0)
        }
    }

    /// A delta with one cell of any value, as its bytes.
    static func valued(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        // A column of values as they are.
        writer.byte(ValueColumn.Kind.whole.rawValue)
        body(&writer)
        var delta = RawDelta()
        delta.end = writer.bytes
        return delta.bytes
    }

    static func varint(_ value: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.varint(value)
        return writer.bytes
    }
}

/// One delta of the session's hub: `(since, since + span]`, its cells as the columns that follow.
struct RawDelta {
    var flags = DeltaFlag.spellings
    var since: UInt64 = 0
    var span: UInt64 = 9
    var count: UInt64 = 1
    var spellings: [(number: UInt64, shared: UInt64, text: [UInt8])] = [(0, 0, "notes/a")].map {
        ($0.0, $0.1, Array($0.2.utf8))
    }
    var numbers: [Int64] = [0]
    var offsets: [Int64] = [1]
    /// Of values and what comes after them.
    var end: [UInt8] = {
        var writer = ByteWriter()
        writer.values([.bool(true)])
        return writer.bytes
    }()

    func write(to writer: inout ByteWriter) {
        writer.byte(flags)
        writer.varint(0)
        writer.varint(since)
        writer.varint(span)
        writer.varint(count)
        if flags & DeltaFlag.spellings != 0 {
            writer.varint(UInt64(spellings.count))
            for spelling in spellings {
                writer.varint(spelling.number)
                writer.varint(spelling.shared)
                writer.blob(spelling.text)
            }
        }
        writer.column(numbers)
        writer.column(offsets)
        writer.raw(end)
    }

    var bytes: [UInt8] { Self.frame([self]) }

    static func frame(_ deltas: [RawDelta]) -> [UInt8] {
        RawFrame.down(AnswerFlag.deltas) { writer in
            writer.varint(UInt64(deltas.count))
            for delta in deltas { delta.write(to: &writer) }
        }
    }

    var refusal: FrameError? { RawFrame.refusal(bytes) }
}
