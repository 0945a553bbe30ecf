/// Check sums of chips.
public enum Checksums {
    /// CRC-8 with polynomial x⁸+x⁵+x⁴+1 (31h), initial value FFh, as Sensirion's and Aosong's
    /// chips append it: SHT3x datasheet §4.12, SHT4x §4.4, SCD4x §3.12, AHT20 §5.4. CRC of BE EF
    /// is 92.
    public static func crc8(_ bytes: some Sequence<UInt8>) -> UInt8 {
        var sum: UInt8 = 0xFF
        for byte in bytes {
            sum ^= byte
            for _ in 0..<8 { sum = sum & 0x80 != 0 ? (sum << 1) ^ 0x31 : sum << 1 }
        }
        return sum
    }

    /// CRC-8 of 1-Wire, x⁸+x⁵+x⁴+1 from the low bit on, initial value 0: Maxim application note 27,
    /// DS18B20 datasheet "CRC generation".
    public static func crc8OneWire(_ bytes: some Sequence<UInt8>) -> UInt8 {
        var sum: UInt8 = 0
        for byte in bytes {
            sum ^= byte
            for _ in 0..<8 { sum = sum & 1 != 0 ? (sum >> 1) ^ 0x8C : sum >> 1 }
        }
        return sum
    }

    /// The words of a Sensirion answer: two bytes and their check sum each.
    static func words(_ bytes: [UInt8]) throws(DriverFault) -> [UInt16] {
        guard bytes.count.isMultiple(of: 3) else {
            throw DriverFault(.badAnswer, "words with check sums come in threes of bytes")
        }
        var words: [UInt16] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            guard crc8(bytes[start..<start + 2]) == bytes[start + 2] else {
                throw DriverFault(
                    .checksum, "the check sum of word \(start / 3) is wrong; cable too long?")
            }
            words.append(UInt16(bigEndian: bytes, at: start))
        }
        return words
    }
}

extension UInt16 {
    init(bigEndian bytes: [UInt8], at index: Int) {
        self = UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1])
    }

    init(littleEndian bytes: [UInt8], at index: Int) {
        self = UInt16(bytes[index + 1]) << 8 | UInt16(bytes[index])
    }

    /// Most significant byte first, as most chips have their registers.
    var bigEndianBytes: [UInt8] { [UInt8(self >> 8), UInt8(truncatingIfNeeded: self)] }
}

extension Quantity {
    /// Itself, where the chip can measure it.
    func within(_ range: ClosedRange<Double>, _ what: String) throws(DriverFault) -> Self {
        guard range.contains(value) else {
            throw DriverFault(
                .implausible,
                "\(what) of \(value) \(Self.symbol) is beyond what the chip measures")
        }
        return self
    }
}

/// A byte as datasheets write it: `0x0f`.
func hexadecimal(_ byte: UInt8) -> String {
    "0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
}
