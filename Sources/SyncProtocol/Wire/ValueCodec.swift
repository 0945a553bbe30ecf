public import Platform

/// A value's type tag on the wire and in the store. New tags are added, none is reused.
private enum ValueTag: UInt8 {
    case null = 0
    case no = 1
    case yes = 2
    case int = 3
    case double = 4
    case string = 5
    case bytes = 6
    case array = 7
    case map = 8
}

extension ByteWriter {
    mutating func value(_ value: Value) {
        switch value {
        case .null: byte(ValueTag.null.rawValue)
        case .bool(let flag): byte((flag ? ValueTag.yes : .no).rawValue)
        case .int(let number):
            byte(ValueTag.int.rawValue)
            zigzag(number)
        case .double(let number):
            byte(ValueTag.double.rawValue)
            fixed64(number.bitPattern)
        case .string(let text):
            byte(ValueTag.string.rawValue)
            string(text)
        case .bytes(let bytes):
            byte(ValueTag.bytes.rawValue)
            blob(bytes)
        case .array(let items):
            byte(ValueTag.array.rawValue)
            varint(UInt64(items.count))
            for item in items { self.value(item) }
        case .map(let entries):
            byte(ValueTag.map.rawValue)
            varint(UInt64(entries.count))
            for entry in entries {
                name(entry.key)
                self.value(entry.value)
            }
        }
    }
}

extension ByteReader {
    mutating func value(depth: Int = 0) throws(FrameError) -> Value {
        guard depth <= Value.maximumDepth else { throw .malformed("value nested too deep") }
        let raw = try byte()
        guard let tag = ValueTag(rawValue: raw) else {
            throw .malformed("value type \(raw) is not known here")
        }
        switch tag {
        case .null: return .null
        case .no: return .bool(false)
        case .yes: return .bool(true)
        case .int: return .int(try zigzag())
        case .double: return .number(Double(bitPattern: try fixed64()))
        case .string: return .string(try string())
        case .bytes: return .bytes(Array(try blob()))
        case .array:
            var items: [Value] = []
            for _ in 0..<(try count()) { items.append(try value(depth: depth + 1)) }
            return .array(items)
        case .map:
            var entries: [(String, Value)] = []
            for _ in 0..<(try count()) {
                let key = try name()
                entries.append((key, try value(depth: depth + 1)))
            }
            return .object(entries)
        }
    }
}

/// A single value as bytes: the form in which stores keep it.
public enum ValueCodec {
    public static func encode(_ value: Value) -> [UInt8] {
        var writer = ByteWriter()
        writer.value(value)
        return writer.bytes
    }

    /// About how many bytes `encode` gives: exact for scalars, an upper bound for maps.
    public static func size(_ value: Value) -> Int {
        switch value {
        case .null, .bool: 1
        case .int(let number): 1 + (70 - (number < 0 ? ~number : number).leadingZeroBitCount) / 7
        case .double: 9
        case .string(let text): 3 + text.utf8.count
        case .bytes(let bytes): 3 + bytes.count
        case .array(let items): items.reduce(4) { $0 + size($1) }
        case .map(let entries): entries.reduce(4) { $0 + 3 + $1.key.utf8.count + size($1.value) }
        }
    }

    public static func decode(_ bytes: [UInt8]) throws(FrameError) -> Value {
        var reader = ByteReader(bytes[...])
        let value = try reader.value()
        guard reader.isAtEnd else { throw .malformed("bytes after the value") }
        return value
    }
}
