/// How a column of integers is written: as themselves or as first or second differences (`order`
/// 0, 1, 2), and those in one of five forms. One byte on the wire names both.
///
/// Sizes are known without encoding, and the smallest form is taken, so that a column of sensor
/// readings, of timestamps or of row numbers each gets what suits it. Equal columns have equal
/// bytes.
struct IntegerColumn: Equatable {
    enum Form: Equatable {
        /// One residual stands for all.
        case constant
        /// Zigzag varints.
        case varints
        /// Pairs of a run's length less one and its residual.
        case runs
        /// Rice codes of the zigzag residuals with this many low bits: close to the entropy of
        /// readings that wander.
        case rice(lowBits: Int)
        /// The minimum, then each residual's distance from it in so many bits.
        case packed(width: Int)
    }

    let order: Int
    let form: Form

    /// Elements of one column at most. A constant column says any number of them in three bytes,
    /// so the bytes that are there do not bound a count; this does: half a megabyte of integers.
    static let countMost = 1 << 16
    static let ordersCount = 3
    /// Rice codes with more low bits than this are no shorter than packed ones.
    static let riceLowBitsMost = 31
    /// A quotient of so many ones means that the number follows as it is. One outlier then costs
    /// no more than 12 bytes, and reading a number a bounded time.
    static let riceQuotientMost = 15
    /// Widths up to this have a code each, wider ones are rounded up to a multiple of four.
    private static let exactWidthMost = 32
    private static let widthCodes = 40
    private static let riceCodes = 16
    private static let packedCodes = riceCodes + ordersCount * (riceLowBitsMost + 1)

    /// The byte that names this on the wire. New codes are added, none is reused.
    var code: UInt8 {
        switch form {
        case .constant: UInt8(order)
        case .varints: UInt8(3 + order)
        case .runs: UInt8(6 + order)
        case .rice(let lowBits):
            UInt8(Self.riceCodes + order * (Self.riceLowBitsMost + 1) + lowBits)
        case .packed(let width):
            UInt8(Self.packedCodes + order * Self.widthCodes + Self.index(ofWidth: width))
        }
    }

    init(order: Int, form: Form) {
        self.order = order
        self.form = form
    }

    /// Nil for a code that is not known here.
    init?(code: UInt8) {
        let code = Int(code)
        switch code {
        case 0..<3: self.init(order: code, form: .constant)
        case 3..<6: self.init(order: code - 3, form: .varints)
        case 6..<9: self.init(order: code - 6, form: .runs)
        case Self.riceCodes..<Self.packedCodes:
            let (order, lowBits) =
                (code - Self.riceCodes).quotientAndRemainder(dividingBy: Self.riceLowBitsMost + 1)
            self.init(order: order, form: .rice(lowBits: lowBits))
        case Self.packedCodes..<Self.packedCodes + Self.ordersCount * Self.widthCodes:
            let (order, index) =
                (code - Self.packedCodes).quotientAndRemainder(dividingBy: Self.widthCodes)
            self.init(order: order, form: .packed(width: Self.width(atIndex: index)))
        default: return nil
        }
    }

    /// The width that holds so many bits and has a code.
    static func width(forBits bits: Int) -> Int {
        bits <= exactWidthMost ? max(bits, 1) : (bits + 3) & ~3
    }

    private static func index(ofWidth width: Int) -> Int {
        width <= exactWidthMost ? width - 1 : exactWidthMost + (width - exactWidthMost) / 4 - 1
    }

    private static func width(atIndex index: Int) -> Int {
        index < exactWidthMost ? index + 1 : exactWidthMost + (index - exactWidthMost + 1) * 4
    }
}

extension IntegerColumn {
    /// Differences of this order, of the differences of one order less. The first `order` elements
    /// stay: sums start from them.
    static func differences(_ lower: [Int64], order: Int) -> [Int64] {
        var differences = lower
        var index = lower.count - 1
        while index >= order {
            differences[index] = lower[index] &- lower[index - 1]
            index &-= 1
        }
        return differences
    }

    /// Undoes `differences` of every order.
    static func sum(_ residuals: inout [Int64], order: Int) {
        var level = order
        while level > 0 {
            var index = level
            while index < residuals.count {
                residuals[index] &+= residuals[index - 1]
                index &+= 1
            }
            level -= 1
        }
    }
}

extension Int64 {
    /// Small numbers of either sign as small unsigned ones.
    var zigzag: UInt64 { UInt64(bitPattern: self &<< 1 ^ self &>> 63) }
}

extension UInt64 {
    /// The number whose `zigzag` this is.
    var unzigzag: Int64 { Int64(bitPattern: self &>> 1) ^ (0 &- Int64(bitPattern: self & 1)) }

    /// Bits up to the highest that is set.
    var bitLength: Int { 64 &- leadingZeroBitCount }

    /// Bytes that this takes as a varint: ⌈bits / 7⌉, at least one.
    var varintLength: Int { (bitLength &* 9 &+ 64) &>> 6 }
}
