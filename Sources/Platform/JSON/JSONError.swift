/// Why a byte string is no JSON value (RFC 8259) within our bounds.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        case empty
        case unexpectedEnd
        case unexpectedByte(UInt8)
        case invalidUTF8
        case invalidEscape
        case invalidNumber
        case tooDeep
        case trailingBytes
    }

    public let code: Code
    /// The offset in bytes at which reading stopped.
    public let offset: Int

    public var description: String {
        let what =
            switch code {
            case .empty: "it is empty"
            case .unexpectedEnd: "it ends too early"
            case .unexpectedByte(let byte): "unexpected byte 0x\(String(byte, radix: 16))"
            case .invalidUTF8: "it is not valid UTF-8"
            case .invalidEscape: "invalid escape in a string"
            case .invalidNumber: "invalid number (JSON has no NaN and no infinity)"
            case .tooDeep: "nested too deep"
            case .trailingBytes: "bytes after the value"
            }
        return "not JSON at byte \(offset): \(what)"
    }
}
