import Foundation
import Platform

/// Values in scripts: JSON, with `{"$bytes":"base64"}` for bytes and `{"$nan":true}` for NaN.
enum ScriptValue {
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    static func read(_ value: Value) throws -> Value {
        switch value {
        case .array(let items): return .array(try items.map(read))
        case .map(let entries):
            if entries.count == 1, let entry = entries.first {
                if entry.key == "$nan", entry.value == .bool(true) { return .number(.nan) }
                if entry.key == "$bytes" {
                    guard let text = entry.value.stringValue, let data = Data(base64Encoded: text)
                    else { throw Fault(description: "$bytes holds base64") }
                    return .bytes([UInt8](data))
                }
            }
            return .object(try entries.map { ($0.key, try read($0.value)) })
        default: return value
        }
    }

    static func write(_ value: Value) -> Value {
        switch value {
        case .double(let number) where number.isNaN: return .object([("$nan", .bool(true))])
        case .bytes(let bytes):
            return .object([("$bytes", .string(Data(bytes).base64EncodedString()))])
        case .array(let items): return .array(items.map(write))
        case .map(let entries): return .object(entries.map { ($0.key, write($0.value)) })
        default: return value
        }
    }

    /// Elements and concurrent values, in the order of their canonical JSON.
    static func sorted(_ values: [Value]) -> Value {
        .array(
            values.map { value in (value: write(value), key: Array(write(value).json.utf8)) }
                .sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value))
    }
}
