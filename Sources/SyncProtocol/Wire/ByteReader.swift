/// Reads what `ByteWriter` wrote. Total: past the end, or over a bound, it throws.
struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var index: Int
    private var names: [String] = []

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    var isAtEnd: Bool { index == bytes.endIndex }
    var remaining: Int { bytes.endIndex - index }

    mutating func byte() throws(FrameError) -> UInt8 {
        guard index < bytes.endIndex else { throw .truncated }
        defer { index += 1 }
        return bytes[index]
    }

    mutating func varint() throws(FrameError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let next = try byte()
            // The tenth byte holds one bit; a longer number is malformed, not wrapped.
            guard shift < 63 || next <= 1 else { throw .malformed("number over 64 bits") }
            value |= UInt64(next & 0x7F) << shift
            if next & 0x80 == 0 { return value }
        }
        throw .malformed("number over 64 bits")
    }

    mutating func zigzag() throws(FrameError) -> Int64 {
        let raw = try varint()
        return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }

    mutating func fixed64() throws(FrameError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 8) { value |= UInt64(try byte()) << shift }
        return value
    }

    mutating func fixed32() throws(FrameError) -> UInt32 {
        var value: UInt32 = 0
        for shift in stride(from: UInt32(0), to: 32, by: 8) { value |= UInt32(try byte()) << shift }
        return value
    }

    /// The number of elements that follow, each at least one byte long.
    mutating func count() throws(FrameError) -> Int {
        let count = try varint()
        guard count <= UInt64(remaining) else { throw .truncated }
        return Int(count)
    }

    mutating func blob() throws(FrameError) -> ArraySlice<UInt8> {
        let length = try count()
        guard length <= FrameBounds.string else { throw .malformed("string too long") }
        defer { index += length }
        return bytes[index..<index + length]
    }

    /// All that is left.
    mutating func rest() -> ArraySlice<UInt8> {
        defer { index = bytes.endIndex }
        return bytes[index...]
    }

    mutating func string() throws(FrameError) -> String {
        guard let text = String(validating: try blob(), as: UTF8.self) else {
            throw .malformed("string is not UTF-8")
        }
        return text
    }

    mutating func name() throws(FrameError) -> String {
        let number = try varint()
        guard number == 0 else {
            guard number <= UInt64(names.count) else { throw .malformed("unknown name") }
            return names[Int(number) - 1]
        }
        let text = try string()
        if names.count < FrameBounds.names, text.utf8.count <= FrameBounds.name {
            names.append(text)
        }
        return text
    }
}

/// Why bytes are no frame.
public enum FrameError: Error, Sendable, Hashable, CustomStringConvertible {
    case empty
    case tooLong(bytes: Int)
    case unknownVersion(UInt8)
    case unknownType(UInt8)
    case checksumMismatch
    case truncated
    case malformed(String)
    /// A path's number that nobody spelled here: the session's tables differ.
    case unknownName(Int64)

    public var description: String {
        switch self {
        case .empty: "empty frame"
        case .tooLong(let bytes): "frame of \(bytes) bytes, over \(FrameBounds.bytes)"
        case .unknownVersion(let version): "frame version \(version) is not known here"
        case .unknownType(let type): "frame type \(type) is not known here"
        case .checksumMismatch: "checksum does not match"
        case .truncated: "frame ends too early"
        case .malformed(let what): "malformed frame: \(what)"
        case .unknownName(let number): "name \(number) is not known here"
        }
    }
}
