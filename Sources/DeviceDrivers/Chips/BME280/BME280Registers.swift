/// Registers of BME280 and BMP280: Bosch BST-BME280-DS002 §5.3 and BST-BMP280-DS001 §4.2.
enum BME280Registers {
    /// T1 to T3, P1 to P9, one byte without meaning, H1: §4.2.2, table 16.
    static let calibration: UInt8 = 0x88
    static let calibrationCount = 26
    /// H2 to H6.
    static let humidityCalibration: UInt8 = 0xE1
    static let humidityCalibrationCount = 7
    /// §5.4.1.
    static let identity: UInt8 = 0xD0
    /// §5.4.2. B6h resets; start-up takes 2 ms (table 1).
    static let reset: UInt8 = 0xE0
    static let resetWord: UInt8 = 0xB6
    /// §5.4.3. Takes effect with the next write of `controlMeasure`.
    static let controlHumidity: UInt8 = 0xF2
    /// §5.4.4. Bit 3 while it measures, bit 0 while it copies its calibration.
    static let status: UInt8 = 0xF3
    static let statusMeasuring: UInt8 = 0x08
    static let statusCopying: UInt8 = 0x01
    /// §5.4.5. Oversampling of temperature in bits 7 to 5, of pressure in 4 to 2, mode in 1 and 0.
    static let controlMeasure: UInt8 = 0xF4
    static let forcedMode: UInt8 = 0x01
    /// §5.4.6.
    static let configuration: UInt8 = 0xF5
    /// Pressure in 3 bytes, temperature in 3, humidity in 2: §5.4.7 to 5.4.9.
    static let data: UInt8 = 0xF7
    /// What a channel holds that is switched off: §5.4.7.
    static let skipped: Int64 = 0x80000
    static let humiditySkipped: Int64 = 0x8000

    static let identityBME280: UInt8 = 0x60
    /// 56h and 57h are samples of before the series: BMP280 §4.3.1.
    static let identitiesBMP280: [UInt8] = [0x58, 0x56, 0x57]
}
