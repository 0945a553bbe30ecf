/// Commands of AHT20: Aosong datasheet AHT20, version 1.1, §5.3 and §5.4.
enum AHT20Registers {
    static let initialise: [UInt8] = [0xBE, 0x08, 0x00]
    static let initialiseMilliseconds: Int64 = 10
    static let measure: [UInt8] = [0xAC, 0x33, 0x00]
    static let measureMilliseconds: Int64 = 80
    static let softReset: [UInt8] = [0xBA]
    static let resetMilliseconds: Int64 = 20
    /// Bit 7 while it measures, bit 3 once it is calibrated: table 10.
    static let statusBusy: UInt8 = 0x80
    static let statusCalibrated: UInt8 = 0x08
}
