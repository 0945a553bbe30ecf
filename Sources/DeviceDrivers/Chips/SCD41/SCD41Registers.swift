/// Commands of SCD40 and SCD41: Sensirion datasheet SCD4x, version 1.4, §3.5, table 9.
enum SCD41Registers {
    /// A value every five seconds: §3.6.1.
    static let startPeriodic: [UInt8] = [0x21, 0xB1]
    /// Until then it takes no other command; 500 ms: §3.6.3.
    static let stopPeriodic: [UInt8] = [0x3F, 0x86]
    static let stopMilliseconds: Int64 = 500
    /// §3.9.2.
    static let serialNumber: [UInt8] = [0x36, 0x82]
    /// The lower eleven bits are 0 until a value is there: §3.8.2.
    static let dataReady: [UInt8] = [0xE4, 0xB8]
    static let dataReadyMask: UInt16 = 0x07FF
    /// §3.6.2.
    static let readMeasurement: [UInt8] = [0xEC, 0x05]
    /// Between a command and its answer: table 9.
    static let answerMilliseconds: Int64 = 1
}
