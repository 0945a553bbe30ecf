/// Names of devices and properties, made safe for a segment of a twin path.
///
/// Letters, digits, `.`, `_` and `-` stay; every other byte of the name's UTF-8 becomes `%` and two
/// upper-case hexadecimal digits. No two names have the same form, since `%` itself is replaced.
public enum DeviceName {
    /// The longest safe form of a device's name. With a property's it fits into a twin path of
    /// 256 bytes: `reported/devices/` + 96 + 1 + 128.
    public static let bytesMaximum = 96
    /// The longest safe form of a property's name.
    public static let propertyBytesMaximum = 128

    /// The safe form; nil for an empty name and one whose safe form is too long.
    public static func safe(_ name: String) -> String? {
        guard !name.isEmpty, name.utf8.count <= bytesMaximum else { return nil }
        var safe = escaped(name.utf8, keeping: ".")
        // A path segment of dots alone means "here" or "above" to many readers of paths and URLs.
        if safe.utf8.allSatisfy({ $0 == UInt8(ascii: ".") }) {
            safe = String(repeating: "%2E", count: safe.utf8.count)
        }
        return safe.utf8.count <= bytesMaximum ? safe : nil
    }

    /// The safe form of one part of a property's name: `:` stays, as in `switch:0`; `.` does not,
    /// because it joins parts. An empty part becomes a lone `%`, which no other part does.
    static func safePart(_ part: some StringProtocol) -> String {
        part.isEmpty ? "%" : escaped(part.utf8, keeping: ":")
    }

    private static func escaped(_ bytes: some Sequence<UInt8>, keeping extra: Unicode.Scalar)
        -> String
    {
        let hex = Array("0123456789ABCDEF".unicodeScalars)
        var safe = String.UnicodeScalarView()
        for byte in bytes {
            let scalar = Unicode.Scalar(byte)
            if isPlain(byte) || scalar == extra {
                safe.append(scalar)
            } else {
                safe.append(contentsOf: ["%", hex[Int(byte >> 4)], hex[Int(byte & 15)]])
            }
        }
        return String(safe)
    }

    static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// Text from a device, made fit for one line of a log.
enum Printable {
    /// At most `bytes` bytes of printable ASCII; anything else becomes `?`.
    static func clipped(_ text: some StringProtocol, bytes: Int = 128) -> String {
        var line = String.UnicodeScalarView()
        for byte in text.utf8.prefix(bytes) {
            line.append(0x20..<0x7F ~= byte ? Unicode.Scalar(byte) : "?")
        }
        return String(line) + (text.utf8.count > bytes ? "..." : "")
    }
}
