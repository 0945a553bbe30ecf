/// Registers of ADS1115: Texas Instruments SBAS444, §8.1 (§9.6 in older editions).
enum ADS1115Registers {
    /// §8.1.2.
    static let conversion: UInt8 = 0x00
    /// §8.1.3. Reset value 8583h.
    static let configuration: UInt8 = 0x01
    /// Written as 1 it starts a conversion; read as 0 one is going on: bit 15.
    static let start: UInt16 = 0x8000
    /// One conversion, then rest: bit 8.
    static let singleShot: UInt16 = 0x0100
    /// 128 conversions a second: bits 7 to 5.
    static let rate128: UInt16 = 0x0080
    /// The comparator is off: bits 1 and 0.
    static let comparatorOff: UInt16 = 0x0003

    /// Channel against ground: bits 14 to 12 from 100 on.
    static func input(_ channel: Int) -> UInt16 { UInt16(4 + channel) << 12 }

    /// Full scale by the gain bits 11 to 9: table 8-3.
    static let ranges: [(name: String, volts: Double, bits: UInt16)] = [
        ("4.096", 4.096, 1), ("6.144", 6.144, 0), ("2.048", 2.048, 2), ("1.024", 1.024, 3),
        ("0.512", 0.512, 4), ("0.256", 0.256, 5),
    ]
}
