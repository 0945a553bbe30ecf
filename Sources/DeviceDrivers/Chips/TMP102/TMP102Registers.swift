/// Registers of TMP102 (Texas Instruments SBOS397, §6.5) and LM75 (SNOS808, §7.5), which has the
/// same in fewer bits.
enum TMP102Registers {
    static let temperature: UInt8 = 0x00
    static let configuration: UInt8 = 0x01
    static let lowLimit: UInt8 = 0x02
    static let highLimit: UInt8 = 0x03
    /// Bit 4 of the configuration's second byte, thirteen bits: §6.5.3.
    static let extendedMode: UInt8 = 0x10
}
