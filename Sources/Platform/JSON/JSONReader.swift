/// Reads one JSON value (RFC 8259) from bytes. Total: any input gives a value or a `JSONError`,
/// in time linear in its length and with bounded recursion.
public struct JSONReader {
    /// For answers in which values of the greatest depth come wrapped.
    public static let envelopeDepth = Value.maximumDepth + 8

    private let bytes: [UInt8]
    private let maximumDepth: Int
    private var index = 0

    private init(_ bytes: [UInt8], _ maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    /// Integers that fit become `.int`, other numbers `.double`. A repeated key keeps its last
    /// value, as RFC 8259 §4 expects of most readers.
    ///
    /// - Parameter maximumDepth: The levels of nesting that are read.
    public static func read(
        _ bytes: [UInt8], maximumDepth: Int = Value.maximumDepth
    ) throws(JSONError) -> Value {
        var reader = JSONReader(bytes, maximumDepth)
        reader.skipSpace()
        guard reader.index < bytes.count else { throw JSONError(code: .empty, offset: 0) }
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.index == bytes.count else { throw reader.error(.trailingBytes) }
        return value
    }

    public static func read(_ text: String) throws(JSONError) -> Value {
        try read(Array(text.utf8))
    }

    private func error(_ code: JSONError.Code) -> JSONError { JSONError(code: code, offset: index) }

    private mutating func skipSpace() {
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard index < bytes.count else { throw error(.unexpectedEnd) }
        return bytes[index]
    }

    private mutating func value(depth: Int) throws(JSONError) -> Value {
        guard depth <= maximumDepth else { throw error(.tooDeep) }
        switch try peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case let byte: throw error(.unexpectedByte(byte))
        }
    }

    private mutating func word(_ word: StaticString, _ value: Value) throws(JSONError) -> Value {
        for offset in 0..<word.utf8CodeUnitCount {
            let byte = try peek()
            guard byte == word.utf8Start[offset] else { throw error(.unexpectedByte(byte)) }
            index += 1
        }
        return value
    }

    private mutating func array(depth: Int) throws(JSONError) -> Value {
        index += 1
        var items: [Value] = []
        skipSpace()
        if try peek() == UInt8(ascii: "]") {
            index += 1
            return .array(items)
        }
        while true {
            skipSpace()
            items.append(try value(depth: depth + 1))
            if try endOfList(closing: UInt8(ascii: "]")) { return .array(items) }
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> Value {
        index += 1
        var entries: [(String, Value)] = []
        skipSpace()
        if try peek() == UInt8(ascii: "}") {
            index += 1
            return .map([])
        }
        while true {
            skipSpace()
            let byte = try peek()
            guard byte == UInt8(ascii: "\"") else { throw error(.unexpectedByte(byte)) }
            let key = try string()
            skipSpace()
            let colon = try peek()
            guard colon == UInt8(ascii: ":") else { throw error(.unexpectedByte(colon)) }
            index += 1
            skipSpace()
            entries.append((key, try value(depth: depth + 1)))
            if try endOfList(closing: UInt8(ascii: "}")) { return .object(entries) }
        }
    }

    private mutating func endOfList(closing: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        let byte = try peek()
        guard byte == UInt8(ascii: ",") || byte == closing else {
            throw error(.unexpectedByte(byte))
        }
        index += 1
        return byte == closing
    }

    private mutating func number() throws(JSONError) -> Value {
        let start = index
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        let leading = index
        try digits()
        // RFC 8259 §6: no leading zeros.
        if index - leading > 1, bytes[leading] == UInt8(ascii: "0") {
            throw error(.invalidNumber)
        }
        var isInteger = true
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            try digits()
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            index += 1
            if index < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[index]) {
                index += 1
            }
            try digits()
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isInteger, let integer = Int64(text) { return .int(integer) }
        guard let double = Double(text), double.isFinite else { throw error(.invalidNumber) }
        return .number(double)
    }

    private mutating func digits() throws(JSONError) {
        let start = index
        while index < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[index] {
            index += 1
        }
        guard index > start else { throw error(.invalidNumber) }
    }
}

extension JSONReader {
    private mutating func string() throws(JSONError) -> String {
        index += 1
        let start = index
        while true {
            let byte = try peek()
            if byte == UInt8(ascii: "\"") {
                let text = try validated(bytes[start..<index])
                index += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { break }
            guard byte >= 0x20 else { throw error(.unexpectedByte(byte)) }
            index += 1
        }
        return try escapedString(prefix: start..<index)
    }

    private mutating func escapedString(prefix: Range<Int>) throws(JSONError) -> String {
        var content = Array(bytes[prefix])
        while true {
            let byte = try peek()
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return try validated(content[...])
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0x20...: content.append(byte)
            default: throw error(.unexpectedByte(byte))
            }
        }
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONError) {
        let byte = try peek()
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content.append(contentsOf: try unicodeEscape())
        default: throw error(.invalidEscape)
        }
    }

    private mutating func unicodeEscape() throws(JSONError) -> [UInt8] {
        let first = try hexUnit()
        var scalar = first
        if 0xD800...0xDBFF ~= first {
            // RFC 8259 §7: beyond the basic plane a surrogate pair.
            guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
                bytes[index + 1] == UInt8(ascii: "u")
            else { throw error(.invalidEscape) }
            index += 2
            let second = try hexUnit()
            guard 0xDC00...0xDFFF ~= second else { throw error(.invalidEscape) }
            scalar = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
        }
        guard let unicode = Unicode.Scalar(scalar) else { throw error(.invalidEscape) }
        return Array(String(Character(unicode)).utf8)
    }

    private mutating func hexUnit() throws(JSONError) -> UInt32 {
        guard index + 4 <= bytes.count else { throw error(.unexpectedEnd) }
        var unit: UInt32 = 0
        for byte in bytes[index..<index + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error(.invalidEscape)
            }
            unit = unit << 4 | UInt32(digit)
        }
        index += 4
        return unit
    }

    private func validated(_ slice: ArraySlice<UInt8>) throws(JSONError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw error(.invalidUTF8)
        }
        return text
    }
}
