/// Appends numbers of any width to bytes, lowest bit first. What is left at the end is filled up
/// with zeros by `finish`.
struct BitWriter {
    private var pending: UInt64 = 0
    private var pendingCount = 0

    /// The number's lowest `width` bits, 0…64; those above must be zero.
    mutating func put(_ number: UInt64, width: Int, to writer: inout ByteWriter) {
        guard width <= 56 else {
            put(number & 0xFFFF_FFFF, width: 32, to: &writer)
            put(number >> 32, width: width - 32, to: &writer)
            return
        }
        // Fewer than 8 bits are pending, so 64 are enough.
        pending |= number &<< UInt64(pendingCount)
        pendingCount &+= width
        while pendingCount >= 8 {
            writer.byte(UInt8(truncatingIfNeeded: pending))
            pending &>>= 8
            pendingCount &-= 8
        }
    }

    mutating func putRice(_ number: UInt64, lowBits: Int, to writer: inout ByteWriter) {
        let quotient = number >> UInt64(lowBits)
        guard quotient < UInt64(IntegerColumn.riceQuotientMost) else {
            let ones = IntegerColumn.riceQuotientMost
            put(1 << UInt64(ones) - 1, width: ones, to: &writer)
            put(UInt64(number.bitLength - 1), width: RiceCode.lengthBits, to: &writer)
            put(number, width: number.bitLength, to: &writer)
            return
        }
        put(1 << quotient - 1, width: Int(quotient) + 1, to: &writer)
        put(number & (1 << UInt64(lowBits) - 1), width: lowBits, to: &writer)
    }

    mutating func finish(_ writer: inout ByteWriter) {
        guard pendingCount > 0 else { return }
        writer.byte(UInt8(truncatingIfNeeded: pending))
        (pending, pendingCount) = (0, 0)
    }
}

/// Reads what `BitWriter` wrote.
struct BitReader {
    private var pending: UInt64 = 0
    private var pendingCount = 0

    /// A number of 0…64 bits.
    mutating func take(
        width: Int, from reader: inout ByteReader
    ) throws(FrameError) -> UInt64 {
        guard width <= 56 else {
            let low = try take(width: 32, from: &reader)
            return low | (try take(width: width - 32, from: &reader)) << 32
        }
        while pendingCount < width {
            pending |= UInt64(try reader.byte()) &<< UInt64(pendingCount)
            pendingCount &+= 8
        }
        let number = pending & (1 &<< UInt64(width) &- 1)
        pending &>>= UInt64(width)
        pendingCount &-= width
        return number
    }

    mutating func takeRice(
        lowBits: Int, from reader: inout ByteReader
    ) throws(FrameError) -> UInt64 {
        var quotient = 0
        while true {
            // Above the pending bits are zeros, which end the count at the latest.
            let ones = (~pending).trailingZeroBitCount
            let rest = IntegerColumn.riceQuotientMost - quotient
            if ones >= rest {
                drop(rest)
                let length = Int(try take(width: RiceCode.lengthBits, from: &reader)) + 1
                return try take(width: length, from: &reader)
            }
            quotient += ones
            if ones < pendingCount {
                drop(ones + 1)
                break
            }
            pending = UInt64(try reader.byte())
            pendingCount = 8
        }
        return UInt64(quotient) << UInt64(lowBits) | (try take(width: lowBits, from: &reader))
    }

    /// Ends a column. Set bits in the fill are an error: no encoder of ours leaves any.
    func finish() throws(FrameError) {
        guard pending == 0 else { throw .malformed("bits after the last number") }
    }

    private mutating func drop(_ count: Int) {
        pending &>>= UInt64(count)
        pendingCount -= count
    }
}
