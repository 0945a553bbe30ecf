/// Frames in one body, with the place in the hub's queue that they speak of: a CBOR sequence
/// (RFC 8742, content format 63) of two unsigned integers and byte strings.
///
/// Upwards `number` is the last frame that the board has of the hub's queue; downwards the number
/// of the first frame that follows, or of the next one where none does.
struct FrameBundle: Sendable, Hashable {
    /// Names one life of a queue at the hub.
    var queue: UInt64
    var number: UInt64
    var frames: [[UInt8]] = []

    static let contentFormat: UInt32 = 63
    /// A single frame as it is (application/octet-stream), for those who speak no CBOR.
    static let singleFrame: UInt32 = 42
    /// More would be a frame of a few bytes each, which no sender of ours makes.
    static let framesMaximum = 1024
    /// What the two integers take at most.
    static let headMaximum = 18

    init(queue: UInt64, number: UInt64, frames: [[UInt8]] = []) {
        self.queue = queue
        self.number = number
        self.frames = frames
    }

    /// The bytes that a frame adds.
    static func size(of frame: [UInt8]) -> Int { frame.count + headSize(UInt64(frame.count)) }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headMaximum + frames.reduce(0) { $0 + Self.size(of: $1) })
        Self.write(major: 0, queue, &bytes)
        Self.write(major: 0, number, &bytes)
        for frame in frames {
            Self.write(major: 2, UInt64(frame.count), &bytes)
            bytes += frame
        }
        return bytes
    }

    /// Nil for anything else.
    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        guard let queue = Self.read(major: 0, &rest), let number = Self.read(major: 0, &rest)
        else { return nil }
        self.init(queue: queue, number: number)
        while !rest.isEmpty {
            guard frames.count < Self.framesMaximum, let count = Self.read(major: 2, &rest),
                count <= UInt64(rest.count)
            else { return nil }
            frames.append(Array(rest.prefix(Int(count))))
            rest.removeFirst(Int(count))
        }
    }

    /// The head of a data item (RFC 8949 §3): major type and argument in the shortest form.
    private static func write(major: UInt8, _ argument: UInt64, _ bytes: inout [UInt8]) {
        let size = headSize(argument) - 1
        guard size > 0 else { return bytes.append(major << 5 | UInt8(argument)) }
        bytes.append(major << 5 | 24 + UInt8(size.trailingZeroBitCount))
        for place in (0..<size).reversed() {
            bytes.append(UInt8(truncatingIfNeeded: argument >> UInt64(8 * place)))
        }
    }

    private static func headSize(_ argument: UInt64) -> Int {
        switch argument {
        case ..<24: 1
        case ..<0x100: 2
        case ..<0x1_0000: 3
        case ..<0x1_0000_0000: 5
        default: 9
        }
    }

    /// Takes longer forms than needed too; nil for another major type or too few bytes.
    private static func read(major: UInt8, _ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        guard let first = bytes.popFirst(), first >> 5 == major else { return nil }
        let short = first & 0x1F
        guard short >= 24 else { return UInt64(short) }
        guard short <= 27 else { return nil }
        let size = 1 << Int(short - 24)
        guard bytes.count >= size else { return nil }
        defer { bytes.removeFirst(size) }
        return bytes.prefix(size).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
