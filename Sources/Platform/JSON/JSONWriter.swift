/// Writes values as JSON text (RFC 8259) on one line.
public enum JSONWriter {
    /// Bytes become a lowercase hex string; NaN and infinities, which JSON lacks, become null.
    public static func text(_ value: Value) -> String {
        var out = ""
        write(value, into: &out)
        return out
    }

    private static func write(_ value: Value, into out: inout String) {
        switch value {
        case .null: out += "null"
        case .bool(let flag): out += flag ? "true" : "false"
        case .int(let number): out += String(number)
        case .double(let number): out += number.isFinite ? decimal(number) : "null"
        case .string(let text): quote(text, into: &out)
        case .bytes(let bytes): quote(hex(bytes), into: &out)
        case .array(let items):
            out += "["
            for (position, item) in items.enumerated() {
                if position > 0 { out += "," }
                write(item, into: &out)
            }
            out += "]"
        case .map(let entries):
            out += "{"
            for (position, entry) in entries.enumerated() {
                if position > 0 { out += "," }
                quote(entry.key, into: &out)
                out += ":"
                write(entry.value, into: &out)
            }
            out += "}"
        }
    }

    /// Swift prints the shortest digits that read back as the same double.
    private static func decimal(_ number: Double) -> String { "\(number)" }

    private static func hex(_ bytes: [UInt8]) -> String {
        var out = ""
        for byte in bytes {
            if byte < 16 { out += "0" }
            out += String(byte, radix: 16)
        }
        return out
    }

    private static func quote(_ text: String, into out: inout String) {
        out += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.value < 0x20:
                let code = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - code.count) + code
            default: out.unicodeScalars.append(scalar)
            }
        }
        out += "\""
    }
}

extension Value {
    /// This value as one line of JSON.
    public var json: String { JSONWriter.text(self) }
}
