import Platform

/// Bosch BME280 (temperature, pressure, humidity) and BMP280 (the same without humidity).
///
/// It sleeps between readings and measures once for each (forced mode): least power, and least
/// warmth of its own.
public struct BME280: ChipDriver {
    private typealias Register = BME280Registers

    private let hasHumidity: Bool
    /// 0 to 16 measurements for each reading.
    private let oversampling: Int
    private var calibration = BME280Calibration()

    /// - Parameter oversampling: 1, 2, 4, 8 or 16.
    public init(hasHumidity: Bool, oversampling: Int = 1) {
        self.hasHumidity = hasHumidity
        self.oversampling = oversampling
    }

    public static let kind = DeviceKind(
        "bme280", "temperature, pressure and humidity (Bosch BME280)",
        .chip(addresses) { settings throws(DriverFault) in
            BME280(hasHumidity: true, oversampling: Int(settings.word("oversampling")) ?? 1)
        }, everyMin: 1000, settings: settings)

    public static let kindBMP280 = DeviceKind(
        "bmp280", "temperature and pressure (Bosch BMP280)",
        .chip(addresses) { settings throws(DriverFault) in
            BME280(hasHumidity: false, oversampling: Int(settings.word("oversampling")) ?? 1)
        }, everyMin: 1000, settings: settings)

    /// SDO to ground, SDO to supply: §6.2.
    private static let addresses = DeviceKind.addresses(0x76...0x77)

    private static let settings = [
        DeviceSetting(
            "oversampling", .choice(["1", "2", "4", "8", "16"]),
            "measurements for each reading; more are less noisy and take longer")
    ]

    /// 1 to 5 for 1 to 16: §5.4.3, table 20.
    private var oversamplingBits: UInt8 { UInt8(oversampling.trailingZeroBitCount + 1) }

    public var setup: [ChipOperation] {
        let humidity: [ChipOperation] =
            hasHumidity
            ? [.register(Register.humidityCalibration, Register.humidityCalibrationCount)] : []
        return [
            .register(Register.identity, 1),
            .write([Register.reset, Register.resetWord]),
            .wait(2),
            // Its calibration is copied from memory after a reset: §5.4.4.
            .until(
                [.write([Register.status]), .read(1)], every: 2, attempts: 10,
                isReady: { $0[0] & Register.statusCopying == 0 }),
            .register(Register.calibration, Register.calibrationCount),
        ] + humidity
    }

    public mutating func adopt(_ answers: [[UInt8]]) throws(DriverFault) {
        try checkIdentity(answers[0][0])
        guard var known = BME280Calibration(answers[1]), known.t1 != 0, known.p1 != 0 else {
            throw DriverFault(.badAnswer, "its calibration is empty")
        }
        if hasHumidity { known.setHumidity(answers[2]) }
        calibration = known
    }

    private func checkIdentity(_ identity: UInt8) throws(DriverFault) {
        let isBME = identity == Register.identityBME280
        let isBMP = Register.identitiesBMP280.contains(identity)
        guard hasHumidity ? isBME : isBMP else {
            let advice =
                isBME
                ? "which is a BME280: declare kind bme280"
                : isBMP
                    ? "which is a BMP280 without humidity: declare kind bmp280"
                    : "which is no chip of this family"
            throw DriverFault(
                .wrongChip, "the chip's identity is \(hexadecimal(identity)), \(advice)")
        }
    }

    public var sample: [ChipOperation] {
        let bits = oversamplingBits
        let humidity: [ChipOperation] =
            hasHumidity ? [.write([Register.controlHumidity, bits])] : []
        // At most 1.25 + 2.3 for each temperature, 2.3 for each pressure and humidity with 0.575
        // once each, in ms: §9.1.
        let channels = hasHumidity ? 3.0 : 2.0
        let span = 1.25 + channels * 2.3 * Double(oversampling) + (channels - 1) * 0.575
        return humidity + [
            .write([Register.controlMeasure, bits << 5 | bits << 2 | Register.forcedMode]),
            .wait(Milliseconds(Int64(span.rounded(.up)))),
            .until(
                [.write([Register.status]), .read(1)], every: 5, attempts: 20,
                isReady: { $0[0] & Register.statusMeasuring == 0 }),
            .register(Register.data, hasHumidity ? 8 : 6),
        ]
    }

    public func readings(_ answers: [[UInt8]]) throws(DriverFault) -> [Reading] {
        let d = answers[0].map { Int64($0) }
        let pressure = d[0] << 12 | d[1] << 4 | d[2] >> 4
        let temperature = d[3] << 12 | d[4] << 4 | d[5] >> 4
        guard temperature != Register.skipped, pressure != Register.skipped else {
            throw DriverFault(.notReady, "it has not measured; it may have lost its supply")
        }
        let (fine, hundredths) = BME280Conversion.temperature(temperature, calibration)
        guard let parts = BME280Conversion.pressure(pressure, fine: fine, calibration) else {
            throw DriverFault(.badAnswer, "its calibration is not usable")
        }
        // Operating ranges: table 1.
        let celsius = try Celsius(Double(hundredths) / 100).within(-40...85, "a temperature")
        let pascals = Double(parts) / 256
        let hectopascals = try Hectopascals(pascals / 100).within(300...1100, "a pressure")
        var readings = [Reading("temperature", celsius), Reading("pressure", hectopascals)]
        if hasHumidity {
            let raw = d[6] << 8 | d[7]
            guard raw != Register.humiditySkipped else {
                throw DriverFault(.notReady, "it has not measured the humidity")
            }
            let share = BME280Conversion.humidity(raw, fine: fine, calibration)
            readings.append(Reading("humidity", RelativeHumidity(Double(share) / 1024)))
        }
        return readings
    }
}
