/// Base 64 (RFC 4648), both alphabets. Its own, because the agent has no Foundation.
public enum Base64 {
    /// The alphabet and its padding.
    public enum Variant: Sendable, Hashable {
        /// `+ /`, padded: bodies of EST and PEM.
        case standard
        /// `- _`, not padded: tokens and headers.
        case url
    }

    /// The text of bytes, on one line.
    public static func encode(_ bytes: [UInt8], _ variant: Variant = .standard) -> String {
        let alphabet = variant == .standard ? standardDigits : urlDigits
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * (3 - group.count))
            for digit in 0...group.count {
                out.append(alphabet[Int(bits >> (18 - 6 * UInt32(digit))) & 0x3F])
            }
            if variant == .standard, group.count < 3 {
                out += [UInt8](repeating: padding, count: 3 - group.count)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The bytes of a text. In the standard alphabet line breaks and spaces are passed over, as
    /// RFC 7030's bodies have them; padding may be left out of neither.
    /// - Returns: nil for anything that `encode` cannot have written, besides such breaks.
    public static func decode(_ text: some Collection<UInt8>, _ variant: Variant = .standard)
        -> [UInt8]?
    {
        var out: [UInt8] = []
        var bits: UInt32 = 0
        var digits = 0
        var padded = 0
        for byte in text {
            if variant == .standard, isBreak(byte) { continue }
            if variant == .standard, byte == padding {
                padded += 1
                continue
            }
            guard padded == 0, let digit = value(byte, variant) else { return nil }
            bits = bits << 6 | digit
            digits += 1
            if digits % 4 == 0 { out += octets(bits, 3) }
        }
        let open = digits % 4
        guard open != 1, variant == .url || padded == (open == 0 ? 0 : 4 - open) else { return nil }
        guard open > 0 else { return out }
        // What the last digit has beyond the last octet must be zero, or two texts were one value.
        let unused = open == 2 ? 4 : 2
        guard bits & (1 << unused - 1) == 0 else { return nil }
        return out + octets(bits << (6 * UInt32(4 - open)), open - 1)
    }

    /// The bytes of a text; see above.
    public static func decode(_ text: String, _ variant: Variant = .standard) -> [UInt8]? {
        decode(text.utf8, variant)
    }

    private static let padding = UInt8(ascii: "=")
    private static let standardDigits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlDigits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static func isBreak(_ byte: UInt8) -> Bool {
        byte == 0x0A || byte == 0x0D || byte == 0x20 || byte == 0x09
    }

    private static func octets(_ bits: UInt32, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: bits >> (16 - 8 * UInt32($0))) }
    }

    private static func value(_ byte: UInt8, _ variant: Variant) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): variant == .standard ? 62 : nil
        case UInt8(ascii: "/"): variant == .standard ? 63 : nil
        case UInt8(ascii: "-"): variant == .url ? 62 : nil
        case UInt8(ascii: "_"): variant == .url ? 63 : nil
        default: nil
        }
    }
}

/// Text armour (RFC 7468).
public enum PEM {
    /// The text of one object, lines of 64.
    public static func text(_ label: String, _ der: [UInt8]) -> String {
        var lines = ["-----BEGIN \(label)-----"]
        var rest = Base64.encode(der)[...]
        while !rest.isEmpty {
            lines.append(String(rest.prefix(64)))
            rest = rest.dropFirst(64)
        }
        return (lines + ["-----END \(label)-----", ""]).joined(separator: "\n")
    }

    /// The first object with this label; nil where there is none that can be read.
    public static func first(_ label: String, in text: String) -> [UInt8]? {
        var body: [Substring]?
        for line in text.split(whereSeparator: \.isNewline) {
            if line == "-----BEGIN \(label)-----" {
                body = []
            } else if line == "-----END \(label)-----", let body {
                return Base64.decode(body.joined())
            } else {
                body?.append(line)
            }
        }
        return nil
    }
}
