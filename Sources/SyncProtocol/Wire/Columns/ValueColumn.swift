import Platform

/// How a column of values is divided: which kind each is, and the values of one kind together.
enum ValueColumn {
    /// A value's kind. Where all of a column have one kind, its number is the column's first
    /// byte. New kinds are added, none is reused.
    enum Kind: UInt8 {
        case int = 0
        /// A double as an integer over the power of ten that the column's decimals share.
        case decimal = 1
        case string = 2
        case no = 3
        case yes = 4
        case null = 5
        /// Bytes, an array or a map, as `ValueCodec` writes them.
        case whole = 6
        /// A double as its bits.
        case double = 7
        /// As decimals are written, but a whole number means an integer. Sources that print 21
        /// and 21.5 in turn would otherwise cut one series in two.
        case number = 8

        static let most = Kind.number.rawValue
    }

    /// The first byte of a column of several kinds; an integer column of kinds follows.
    static let mixed: UInt8 = 15
    /// Set in the byte with the decimals' scale where a column of distances from the decimal
    /// follows the mantissas.
    static let hasUlps: UInt8 = 0x10
    /// A text over so many bytes is spelled each time: a byte on the wire must not stand for much
    /// more work than this.
    static let repeatedTextMost = FrameBounds.name
}

/// The texts of a column, each distinct one once, in the order of their first use.
struct TextColumn {
    private(set) var indices: [Int64] = []
    private(set) var distinct: [String] = []
    private var numbers: [Spelling: Int] = [:]

    mutating func append(_ text: String) {
        guard text.utf8.count <= ValueColumn.repeatedTextMost else {
            indices.append(Int64(distinct.count))
            distinct.append(text)
            return
        }
        let spelling = Spelling(text: text)
        let number = numbers[spelling] ?? distinct.count
        if number == distinct.count {
            numbers[spelling] = number
            distinct.append(text)
        }
        indices.append(Int64(number))
    }
}
