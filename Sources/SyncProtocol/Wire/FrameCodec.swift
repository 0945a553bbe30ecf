public import Platform

/// Frames as bytes: version and type, the session or the document, the fields, and the CRC-32C of
/// all before it (little endian). docs/sync-protocol.md is the specification.
public struct FrameCodec: Sendable {
    public static let version: UInt8 = 2

    private let batches: LogBatchCodec

    /// - Parameter compressor: For log frames; nil leaves them as they are, and cannot read
    ///   those that another side compressed.
    public init(compressor: (any Compressor)? = nil) {
        batches = LogBatchCodec(compressor: compressor)
    }

    /// What a frame says of itself before anything else is read.
    public struct Header: Sendable, Hashable {
        let kind: UInt8
        /// The session of `up`, `down` and what else belongs to one.
        public let session: UInt32?
        /// The document of frames that belong to no session yet; empty for the device's own.
        public let document: String
        let bodyStart: Int
    }

    /// - Parameter document: For frames that open a session: a shared document's name, empty for
    ///   the device's own.
    public func encode(
        _ frame: Frame, from role: Epoch.Role, session: inout WireSession, document: String = ""
    ) -> [UInt8] {
        var scribe = FrameScribe(session: session, role: role)
        scribe.writer.byte(Self.version << 4 | frame.kind)
        if frame.isInSession {
            scribe.writer.fixed32(session.tag)
        } else {
            scribe.writer.string(document)
        }
        scribe.fields(of: frame, batches)
        scribe.writer.fixed32(CRC32C.checksum(scribe.writer.bytes))
        session = scribe.session
        return scribe.writer.bytes
    }

    /// A frame that names no session but itself.
    public func encode(
        _ frame: Frame, from role: Epoch.Role, tag: UInt32
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.byte(Self.version << 4 | frame.kind)
        writer.fixed32(tag)
        writer.fixed32(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    /// Whether a device's frame is an `up`, by its first byte.
    public func isQuestion(_ bytes: [UInt8]) -> Bool {
        bytes.first == Self.version << 4 | FrameKind.up
    }

    /// Checks length, version and checksum, and reads the header.
    public func header(_ bytes: [UInt8]) throws(FrameError) -> Header {
        guard let first = bytes.first else { throw .empty }
        guard bytes.count <= FrameBounds.bytes else { throw .tooLong(bytes: bytes.count) }
        guard first >> 4 == Self.version else { throw .unknownVersion(first >> 4) }
        guard bytes.count >= 6 else { throw .truncated }
        let content = bytes.dropLast(4)
        let stored = bytes.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard CRC32C.checksum(content) == stored else { throw .checksumMismatch }
        var reader = ByteReader(content.dropFirst())
        let kind = first & 0x0F
        if FrameKind.inSession.contains(kind) {
            let tag = try reader.fixed32()
            return Header(
                kind: kind, session: tag, document: "",
                bodyStart: content.endIndex - reader.remaining)
        }
        let document = try reader.string()
        guard document.utf8.count <= FrameBounds.document else {
            throw .malformed("document name")
        }
        return Header(
            kind: kind, session: nil, document: document,
            bodyStart: content.endIndex - reader.remaining)
    }

    /// Total: any byte string gives a frame or a `FrameError`, in time and memory linear in its
    /// length, and bounded.
    ///
    /// - Parameter session: The one that the header names; for a frame that opens one, the session
    ///   to be, and of a `state` just the device's epoch counts. Names that the frame spells are
    ///   noted in it.
    public func decode(
        _ bytes: [UInt8], _ header: Header, from role: Epoch.Role, session: inout WireSession
    ) throws(FrameError) -> Frame {
        let body = bytes[header.bodyStart..<bytes.count - 4]
        var reader = FrameReader(ByteReader(body), session: session, role: role)
        let frame = try reader.frame(kind: header.kind, batches)
        guard reader.reader.isAtEnd else { throw .malformed("bytes after the last field") }
        session = reader.session
        return frame
    }
}

/// Types by their number on the wire.
enum FrameKind {
    static let hello: UInt8 = 1
    static let seed: UInt8 = 2
    static let up: UInt8 = 3
    static let log: UInt8 = 4
    static let state: UInt8 = 5
    static let want: UInt8 = 6
    static let down: UInt8 = 7
    static let logAcknowledged: UInt8 = 8
    static let reset: UInt8 = 9
    static let hint: UInt8 = 10
    static let refused: UInt8 = 11
    static let compare: UInt8 = 12
    static let differ: UInt8 = 13
    /// A `down` with a root. A type of its own, as a down has no flag to spare.
    static let downRoot: UInt8 = 14

    static let inSession: Set<UInt8> = [
        up, log, down, logAcknowledged, reset, compare, differ, downRoot,
    ]
}

extension Frame {
    /// The frame's type on the wire, four bits. New ones are added, none is reused.
    var kind: UInt8 {
        switch self {
        case .hello: FrameKind.hello
        case .seed: FrameKind.seed
        case .up: FrameKind.up
        case .log: FrameKind.log
        case .state: FrameKind.state
        case .want: FrameKind.want
        case .down(let down): down.root == nil ? FrameKind.down : FrameKind.downRoot
        case .logAcknowledged: FrameKind.logAcknowledged
        case .reset: FrameKind.reset
        case .hint: FrameKind.hint
        case .refused: FrameKind.refused
        case .compare: FrameKind.compare
        case .differ: FrameKind.differ
        }
    }

    var isInSession: Bool { FrameKind.inSession.contains(kind) }
}
