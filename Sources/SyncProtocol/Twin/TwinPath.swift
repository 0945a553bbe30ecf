import Platform

/// A key of a twin, such as `reported/board/load_1m`. Its first segment decides how it merges
/// and who may write it.
public struct TwinPath: Sendable, Hashable, Comparable {
    public enum Fault: Error, Sendable, Hashable, CustomStringConvertible {
        case empty
        case tooLong
        case badSegment
        case unknownPrefix(String)

        public var description: String {
            switch self {
            case .empty: "the path is empty; give one such as desired/workloads/web"
            case .tooLong: "the path is longer than \(TwinPath.bytesMaximum) bytes"
            case .badSegment:
                "the path has an empty segment or a control character; separate names with one /"
            case .unknownPrefix(let prefix):
                "no twin path starts with \(prefix)/; use one of \(TwinPath.prefixes)"
            }
        }
    }

    public static let bytesMaximum = 256
    static let prefixes = "reported/, desired/, config/, notes/, sets/, counters/"

    public let text: String
    public let kind: CellKind
    /// FNV-1a of the bytes. Paths are looked up far more often than made.
    private let digest: UInt64

    public init(_ text: String) throws(Fault) {
        guard !text.isEmpty else { throw .empty }
        guard text.utf8.count <= Self.bytesMaximum else { throw .tooLong }
        switch try Self.prefix(of: text) {
        case "reported": kind = .singleWriter
        case "desired", "config": kind = .lastWriterWins
        case "notes": kind = .multiValue
        case "sets": kind = .addWinsSet
        case "counters": kind = .counter
        case let other: throw .unknownPrefix(String(other))
        }
        self.text = text
        digest = text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// The first segment; the others are looked at, too.
    private static func prefix(of text: String) throws(Fault) -> Substring {
        let slash = UInt8(ascii: "/")
        var (length, count) = (0, 0)
        var (isAfterSlash, hasEmpty, isASCII) = (true, false, true)
        for byte in text.utf8 {
            guard byte >= 0x20, byte != 0x7F else { throw .badSegment }
            isASCII = isASCII && byte < 0x80
            if byte == slash, isAfterSlash { hasEmpty = true }
            if byte == slash, length == 0 { length = count }
            isAfterSlash = byte == slash
            count += 1
        }
        if isASCII {
            guard length > 0, !hasEmpty, !isAfterSlash else { throw .badSegment }
            return Substring(text.utf8.prefix(length))
        }
        // A slash under a combining mark is another character, and separates nothing.
        let segments = text.split(separator: "/", omittingEmptySubsequences: false)
        guard segments.count >= 2, segments.allSatisfy({ !$0.isEmpty }) else { throw .badSegment }
        return segments[0]
    }

    /// The path below its prefix, split at the slashes.
    public var segments: [Substring] { text.split(separator: "/") }

    /// Whether the writer of an epoch may write here: only the device reports; the rest is hub's
    /// and board's alike.
    public func isWritable(by role: Epoch.Role) -> Bool {
        kind != .singleWriter || role == .device
    }

    /// Where the board answers a wish at this path; nil where that would be too long.
    public var answer: TwinPath? { try? TwinPath("reported/" + text) }

    public static func == (left: Self, right: Self) -> Bool {
        left.digest == right.digest && left.text.utf8.elementsEqual(right.text.utf8)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    /// Bytewise, as the store sorts.
    public static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}
