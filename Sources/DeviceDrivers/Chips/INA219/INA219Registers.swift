/// Registers of INA219: Texas Instruments SBOS448, §8.6.
enum INA219Registers {
    /// §8.6.2.1. Bit 15 resets; 399Fh afterwards: 32 V, ±320 mV, 12 bits, continuous.
    static let configuration: UInt8 = 0x00
    static let reset: UInt16 = 0x8000
    static let configured: UInt16 = 0x399F
    /// 10 µV: §8.6.3.1.
    static let shunt: UInt8 = 0x01
    /// 4 mV in bits 15 to 3; bit 0 is an overflow, bit 1 a finished conversion: §8.6.3.2.
    static let bus: UInt8 = 0x02
    static let overflow: UInt16 = 0x0001
    static let power: UInt8 = 0x03
    static let current: UInt8 = 0x04
    /// §8.6.4.1. Bit 0 cannot be set.
    static let calibration: UInt8 = 0x05
}
