import Platform

/// Appends the wire's primitives: LEB128 varints, zigzag integers, length-prefixed bytes, and
/// strings that are spelled once a frame and named by number after that.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []
    private var dictionary: [Spelling: UInt64] = [:]

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func zigzag(_ value: Int64) { varint(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    mutating func fixed32(_ value: UInt32) {
        for shift in stride(from: 0, to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift)))
        }
    }

    mutating func fixed64(_ value: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    mutating func blob(_ value: some Collection<UInt8>) {
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func string(_ value: String) { blob(value.utf8) }

    /// Zero and the text at its first use in a frame, then its number. A long text is spelled
    /// each time.
    mutating func name(_ value: String) {
        let spelling = Spelling(text: value)
        if let number = dictionary[spelling] {
            varint(number)
        } else {
            varint(0)
            string(value)
            if dictionary.count < FrameBounds.names, value.utf8.count <= FrameBounds.name {
                dictionary[spelling] = UInt64(dictionary.count + 1)
            }
        }
    }

    mutating func raw(_ value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }
}

/// A text by its bytes: what differs in them must not be read back as one.
struct Spelling: Hashable {
    let text: String

    static func == (left: Self, right: Self) -> Bool { left.text.isSameBytes(as: right.text) }
}

/// What a decoder accepts at most. Everything that a frame makes it allocate is bounded by the
/// frame's own length and these.
public enum FrameBounds {
    /// A frame in bytes.
    public static let bytes = 1 << 20
    /// Names that a frame's dictionary holds.
    static let names = 4096
    /// The longest name in bytes that is numbered. One byte on the wire cannot then stand for much
    /// more work than this; a path fits.
    static let name = 256
    /// The highest number of a log row: a board's have 40 bits. Sums of millions of them stay
    /// within 63 bits.
    public static let rowNumber: UInt64 = 1 << 40
    /// A string or byte value in bytes.
    public static let string = 1 << 18
    /// Cells of one frame: columns of equal numbers claim as many as they like in a few bytes.
    static let cells = 1 << 16
    /// A twin's value in bytes: with its path it fits half a frame, and no string in it passes its
    /// own bound.
    public static let value = 1 << 17
    /// One epoch's interval in bytes before it is cut: half a frame, for the rest of it has room.
    public static let interval = bytes / 2
    /// Epochs that a greeting names, those that advanced last.
    public static let recent = 16
    /// Epochs that a frame refers back to.
    static let epochs = 64
    /// A document's name in bytes.
    public static let document = 128
    /// What the paths that one frame spells take once their shared beginnings are written out.
    static let spelled = 4 << 20
}
