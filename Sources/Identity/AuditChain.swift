public import Platform

/// One line of the hub's record of what operators did.
public struct AuditRow: Sendable, Hashable {
    /// Counts from 1 without a hole.
    public let number: Int64
    public let time: WallTime
    /// The operator's name.
    public let who: String
    /// The operator's role at that time.
    public let role: String
    /// The address that the call came from.
    public let origin: String
    /// The operation, as the API's document names it.
    public let action: String
    /// What it was about: a device, a selector, a token's id.
    public let target: String
    /// What was asked for, without values: those may be secrets.
    public let detail: String
    /// `done`, or the code of the refusal.
    public let result: String

    public init(
        number: Int64, time: WallTime, who: String, role: String, origin: String, action: String,
        target: String, detail: String, result: String
    ) {
        self.number = number
        self.time = time
        self.who = who
        self.role = role
        self.origin = origin
        self.action = action
        self.target = target
        self.detail = detail
        self.result = result
    }

    /// What stands for this row and all before it.
    ///
    /// SHA-256 of `fleet-audit-1`, the hash of the row before (32 zero bytes before the first),
    /// number and milliseconds as 8 bytes each, and the seven texts in the order above, each as 4
    /// bytes of length and its UTF-8; numbers with the most significant byte first. Lengths keep
    /// two rows from having one encoding.
    public func hash(after previous: [UInt8], by digests: any Digests) -> [UInt8] {
        var bytes = Array("fleet-audit-1".utf8) + previous
        for value in [number, time.milliseconds] {
            withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
        }
        for text in [who, role, origin, action, target, detail, result] {
            withUnsafeBytes(of: UInt32(clamping: text.utf8.count).bigEndian) { bytes += $0 }
            bytes += text.utf8
        }
        return digests.sha256(bytes)
    }
}

/// A place in the chain: a row's number and the hash that stands for all up to it.
public struct AuditHead: Sendable, Hashable, CustomStringConvertible {
    public let number: Int64
    public let hash: [UInt8]

    public init(number: Int64, hash: [UInt8]) {
        self.number = number
        self.hash = hash
    }

    /// Before the first row.
    public static let beginning = AuditHead(number: 0, hash: [UInt8](repeating: 0, count: 32))

    /// The hash in hexadecimal digits, as an operator notes it.
    public var description: String { Self.text(hash) }

    /// The digits of a hash.
    public static func text(_ hash: [UInt8]) -> String {
        hash.reduce(into: "") { $0 += ($1 < 16 ? "0" : "") + String($1, radix: 16) }
    }

    /// The hash that 64 hexadecimal digits say; nil for any other text.
    public static func hash(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8).map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 64 else { return nil }
        let values = digits.compactMap { $0 }
        guard values.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }
}

/// What is wrong with a chain, and where.
public enum AuditFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// Rows are gone, or stand elsewhere than where they were written.
    case missing(expected: Int64, found: Int64)
    /// The row is not the one that was written, or follows another one than it did.
    case altered(Int64)
    /// The end that was noted is not in the chain: rows after it were taken away, or all of it was
    /// written anew.
    case notedEndIsGone

    public var description: String {
        switch self {
        case .missing(let expected, let found):
            "row \(expected) is missing: row \(found) stands in its place"
        case .altered(let number):
            "row \(number) was altered, or a row before it was"
        case .notedEndIsGone:
            "the noted end is not in the log: rows were cut off behind it or all of it was "
                + "written anew"
        }
    }
}

/// Checks rows against their hashes, one after the other.
public struct AuditCheck {
    /// The last row that was found right.
    public private(set) var head: AuditHead
    private let noted: [UInt8]?
    private var hasMetNoted: Bool
    private let digests: any Digests

    /// - Parameters:
    ///   - start: What the first row follows: the beginning, or the end of what is kept no longer.
    ///   - noted: A hash that must be met; nil for none.
    public init(from start: AuditHead, noted: [UInt8]? = nil, by digests: any Digests) {
        head = start
        self.noted = noted
        hasMetNoted = noted == nil || noted == start.hash
        self.digests = digests
    }

    /// - Throws: where the row is not the next one, or not the one that was hashed.
    public mutating func take(_ row: AuditRow, hash: [UInt8]) throws(AuditFault) {
        guard row.number == head.number + 1 else {
            throw .missing(expected: head.number + 1, found: row.number)
        }
        guard row.hash(after: head.hash, by: digests) == hash else { throw .altered(row.number) }
        head = AuditHead(number: row.number, hash: hash)
        if hash == noted { hasMetNoted = true }
    }

    /// - Throws: where the noted hash was not met.
    public func finish() throws(AuditFault) {
        guard hasMetNoted else { throw .notedEndIsGone }
    }
}
