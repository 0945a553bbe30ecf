/// Commands of SHT30, SHT31 and SHT35: Sensirion datasheet SHT3x-DIS, version 7.
enum SHT3xRegisters {
    /// One measurement, high repeatability, no clock stretching: §4.3, table 9.
    static let measure: [UInt8] = [0x24, 0x00]
    /// At most 15.5 ms for it: §2.2, table 4.
    static let measureMilliseconds: Int64 = 16
    /// §4.9.
    static let softReset: [UInt8] = [0x30, 0xA2]
    static let resetMilliseconds: Int64 = 2
}
