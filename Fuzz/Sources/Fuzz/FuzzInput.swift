/// Takes an input apart. Whatever is missing at its end is zero or empty, so that every input
/// means something.
struct FuzzInput {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// Records of one input that are looked at: a long sequence costs many short ones.
    static let recordsMost = 16

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func number(bytes: Int = 8) -> UInt64 {
        (0..<bytes).reduce(0) { number, index in number | UInt64(byte()) << UInt64(8 * index) }
    }

    /// A record: two bytes of length and so many bytes, or as many as there are.
    mutating func record() -> [UInt8] { take(Int(number(bytes: 2))) }

    /// A count of two bytes. Mostly of a few thousands; from 0xF000 on it is itself, as the longest
    /// columns take a hundred times as long as most.
    mutating func count() -> Int {
        let raw = Int(number(bytes: 2))
        return raw < 0xF000 ? raw & 0x0FFF : raw
    }

    mutating func take(_ count: Int) -> [UInt8] {
        let taken = rest.prefix(count)
        rest = rest.dropFirst(count)
        return Array(taken)
    }

    mutating func all() -> [UInt8] { take(rest.count) }

    /// A record, as `record` reads it.
    static func record(_ bytes: [UInt8]) -> [UInt8] {
        let count = min(bytes.count, 0xFFFF)
        return [UInt8(count & 0xFF), UInt8(count >> 8)] + bytes.prefix(count)
    }
}
