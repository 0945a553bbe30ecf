/// Registers of INA226: Texas Instruments SBOS547, §7.6.
enum INA226Registers {
    /// §7.6.1. Bit 15 resets; 4127h afterwards: no averages, 1.1 ms each, continuous.
    static let configuration: UInt8 = 0x00
    static let reset: UInt16 = 0x8000
    static let configured: UInt16 = 0x4127
    /// 2.5 µV: §7.6.2.
    static let shunt: UInt8 = 0x01
    /// 1.25 mV: §7.6.3.
    static let bus: UInt8 = 0x02
    static let power: UInt8 = 0x03
    static let current: UInt8 = 0x04
    /// §7.6.6.
    static let calibration: UInt8 = 0x05
    /// "TI": §7.6.9.
    static let manufacturer: UInt8 = 0xFE
    static let manufacturerTI: UInt16 = 0x5449
}
