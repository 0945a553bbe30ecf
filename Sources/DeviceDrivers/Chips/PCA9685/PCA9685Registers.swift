/// Registers of PCA9685: NXP datasheet PCA9685, revision 4, §7.3.
enum PCA9685Registers {
    /// §7.3.1. Bit 7 restarts, bit 5 counts registers up, bit 4 sleeps.
    static let mode1: UInt8 = 0x00
    static let sleep: UInt8 = 0x10
    static let autoIncrement: UInt8 = 0x20
    static let restart: UInt8 = 0x80
    /// Four bytes a channel, on and off, low byte first: §7.3.3.
    static let channels: UInt8 = 0x06
    static let channelCount = 16
    /// Bit 4 of the high byte: all the time.
    static let full: UInt8 = 0x10
    /// §7.3.5. Only while it sleeps.
    static let prescale: UInt8 = 0xFE
    /// Until the oscillator is steady: §7.3.1.1.
    static let wakeMilliseconds: Int64 = 1
}
