/// Commands of SHT40, SHT41 and SHT45: Sensirion datasheet SHT4x, version 6, §4.5, table 8.
enum SHT4xRegisters {
    /// One measurement, high precision.
    static let measure: [UInt8] = [0xFD]
    /// At most 8.3 ms for it: §3.1, table 5.
    static let measureMilliseconds: Int64 = 9
    static let softReset: [UInt8] = [0x94]
    static let resetMilliseconds: Int64 = 1
}
