/// Registers of DS3231: Maxim 19-5170, "Timekeeping Registers", figure 1.
enum DS3231Registers {
    /// Seconds, minutes, hours, day of the week, day, century and month, year, in BCD.
    static let time: UInt8 = 0x00
    static let timeCount = 7
    /// Bit 6: twelve hours. We write twenty-four.
    static let twelveHours: UInt8 = 0x40
    static let afternoon: UInt8 = 0x20
    /// Bit 7 of the month.
    static let century: UInt8 = 0x80
    /// "Status Register (0Fh)". Bit 7: the oscillator was stopped, so the time is not to be trusted.
    static let status: UInt8 = 0x0F
    static let oscillatorStopped: UInt8 = 0x80
    /// "Temperature Registers (11h–12h)".
    static let temperature: UInt8 = 0x11
}
