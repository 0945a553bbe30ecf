/// The SHA-256 that names content (OCI image specification, descriptor.md, Digests).
public struct ContentDigest: Sendable, Hashable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]

    static let count = 32

    /// The digest of these 32 bytes; nil where there are more or fewer.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.count else { return nil }
        self.bytes = bytes
    }

    /// `sha256:` and 64 lowercase hex digits.
    public init(_ text: String) throws(ImageError) {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 1)
        guard parts.count == 2, let algorithm = String(parts[0]) else {
            throw Self.error(text, "it has no algorithm")
        }
        guard algorithm == "sha256" else {
            throw Self.error(text, "its algorithm is not sha256, the only one that is read")
        }
        guard let bytes = Hex.bytes(parts[1]), bytes.count == Self.count else {
            throw Self.error(text, "sha256 is followed by 64 lowercase hex digits")
        }
        self.bytes = bytes
    }

    public var hex: String { Hex.text(bytes) }

    public var description: String { "sha256:" + hex }

    private static func error(_ text: String, _ why: String) -> ImageError {
        ImageError(
            .usage, "\(Shown.text(text)) is no digest: \(why)",
            advice: "take it from the registry or from what built the image")
    }
}

/// Bytes as lowercase hex digits.
enum Hex {
    static func text(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }

    static func bytes(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in text {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }
}

/// Text from elsewhere as an error shows it: short, on one line, and nothing a terminal obeys.
public enum Shown {
    private static let scalarsMax = 120

    public static func text(_ text: String) -> String {
        var out = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index == scalarsMax { return out + "…" }
            let isControl = scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value
            out.unicodeScalars.append(isControl ? "?" : scalar)
        }
        return out
    }

    public static func path(_ bytes: [UInt8]) -> String {
        text(String(decoding: bytes.prefix(scalarsMax * 4), as: UTF8.self))
    }
}
