/// A CoAP message without its identifier, which is libcoap's (RFC 7252 §3).
struct CoAPMessage: Sendable, Hashable {
    var code: CoAPCode
    /// At most 8 bytes.
    var token: [UInt8] = []
    /// Ascending by number, as they are written (§3.1).
    private(set) var options: [CoAPOption] = []
    var payload: [UInt8] = []

    init(_ code: CoAPCode, token: [UInt8] = []) {
        self.code = code
        self.token = token
    }

    /// Behind those of the same or a lower number.
    mutating func add(_ number: CoAPOption.Number, _ value: [UInt8]) {
        let place = options.lastIndex { $0.number <= number.rawValue }.map { $0 + 1 } ?? 0
        options.insert(CoAPOption(number: number.rawValue, value: value), at: place)
    }

    mutating func remove(_ number: CoAPOption.Number) {
        options.removeAll { $0.number == number.rawValue }
    }

    /// As it comes from the wire, in order.
    mutating func append(_ option: CoAPOption) { options.append(option) }

    func values(_ number: CoAPOption.Number) -> [[UInt8]] {
        options.filter { $0.number == number.rawValue }.map(\.value)
    }

    func value(_ number: CoAPOption.Number) -> [UInt8]? {
        options.first { $0.number == number.rawValue }?.value
    }

    func integer(_ number: CoAPOption.Number) -> UInt32? {
        value(number).flatMap(CoAPOption.integer)
    }
}

/// `class.detail` in one byte (RFC 7252 §3, §12.1).
struct CoAPCode: Sendable, Hashable {
    let rawValue: UInt8

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ kind: UInt8, _ detail: UInt8) { rawValue = kind << 5 | detail }

    static let get = CoAPCode(0, 1)
    static let post = CoAPCode(0, 2)
    static let delete = CoAPCode(0, 4)
    static let deleted = CoAPCode(2, 2)
    static let changed = CoAPCode(2, 4)
    static let content = CoAPCode(2, 5)
    /// Send the next block (RFC 7959 §2.9.1).
    static let `continue` = CoAPCode(2, 31)
    static let badRequest = CoAPCode(4, 0)
    static let unauthorized = CoAPCode(4, 1)
    static let forbidden = CoAPCode(4, 3)
    static let notFound = CoAPCode(4, 4)
    static let methodNotAllowed = CoAPCode(4, 5)
    /// Blocks are missing; begin again (RFC 7959 §2.9.2).
    static let incomplete = CoAPCode(4, 8)
    /// The body is over the server's bound (RFC 7959 §2.9.3).
    static let tooLarge = CoAPCode(4, 13)
    static let unsupportedFormat = CoAPCode(4, 15)
    static let unavailable = CoAPCode(5, 3)

    /// As the RFC writes it: 4.08.
    var text: String {
        let detail = rawValue & 0x1F
        return "\(rawValue >> 5).\(detail < 10 ? "0" : "")\(detail)"
    }
}

struct CoAPOption: Sendable, Hashable {
    let number: UInt16
    let value: [UInt8]

    /// Those that are used here (RFC 7252 §5.10, 7641 §2, 7959 §2.1 and §4, 9175 §3.2).
    enum Number: UInt16 {
        case entityTag = 4
        case observe = 6
        case uriPath = 11
        case contentFormat = 12
        case maximumAge = 14
        case uriQuery = 15
        case block2 = 23
        case block1 = 27
        case size1 = 60
        case requestTag = 292
    }

    /// Big endian without leading zeros; nothing for 0 (RFC 7252 §3.2).
    static func bytes(_ integer: UInt32) -> [UInt8] {
        let all = (0..<4).map { UInt8(truncatingIfNeeded: integer >> (24 - 8 * $0)) }
        return Array(all.drop { $0 == 0 })
    }

    /// Nil for more than four bytes.
    static func integer(_ bytes: [UInt8]) -> UInt32? {
        guard bytes.count <= 4 else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }
}
