/// Numbers as tar's headers write them.
enum TarNumber {
    /// Octal digits ended by a space or a NUL, or, as GNU writes what is larger, big-endian after a
    /// first byte with its high bit set. Nil for a negative number, one over 63 bits, and anything
    /// else.
    static func unsigned(_ field: ArraySlice<UInt8>) -> UInt64? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            guard first & 0x40 == 0 else { return nil }
            var number = UInt64(first & 0x3F)
            for byte in field.dropFirst() {
                guard number >> 55 == 0 else { return nil }
                number = number << 8 | UInt64(byte)
            }
            return number
        }
        let digits = field.drop { $0 == UInt8(ascii: " ") }
            .prefix { $0 != UInt8(ascii: " ") && $0 != 0 }
        var number: UInt64 = 0
        for digit in digits {
            guard UInt8(ascii: "0")...UInt8(ascii: "7") ~= digit, number >> 60 == 0 else {
                return nil
            }
            number = number << 3 | UInt64(digit - UInt8(ascii: "0"))
        }
        return number
    }

    /// A time, which alone may be negative: before 1970 it is taken as 1970.
    static func time(_ field: ArraySlice<UInt8>) -> Int64 {
        guard let first = field.first, first & 0xC0 != 0xC0 else { return 0 }
        return unsigned(field).map { Int64(clamping: $0) } ?? 0
    }

    /// Decimal digits alone, as pax writes them.
    static func decimal(_ text: some Collection<UInt8>) -> UInt64? {
        guard 1...19 ~= text.count else { return nil }
        var number: UInt64 = 0
        for digit in text {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit else { return nil }
            number = number * 10 + UInt64(digit - UInt8(ascii: "0"))
        }
        return number <= UInt64(Int64.max) ? number : nil
    }
}
