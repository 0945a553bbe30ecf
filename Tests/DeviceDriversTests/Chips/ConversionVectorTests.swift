import Platform
import Testing

@testable import DeviceDrivers

/// Numbers of which it is known what they mean, and whence.
struct Vector<Input: Sendable>: Sendable {
    let input: Input
    let expected: Double
    let origin: String

    init(_ input: Input, _ expected: Double, _ origin: String) {
        self.input = input
        self.expected = expected
        self.origin = origin
    }
}

/// The vectors that a conversion misses.
func misses<Input>(_ vectors: [Vector<Input>], _ convert: (Input) -> Double) -> [String] {
    vectors.compactMap { vector in
        let result = convert(vector.input)
        // Formulas of floating point differ in their last bits by the order of operations.
        let isEqual = abs(result - vector.expected) <= 1e-9 * max(1, abs(vector.expected))
        return isEqual ? nil : "\(vector.origin): \(result) instead of \(vector.expected)"
    }
}

private let datasheet = "worked example of the datasheet"
private let periph = "recording of periph.io/x/devices (Apache-2.0)"

enum Vectors {
    static let tmp102: [Vector<UInt16>] = [
        Vector(0x6400, 100, datasheet), Vector(0x4B00, 75, datasheet),
        Vector(0x1900, 25, datasheet),
        Vector(0x0040, 0.25, datasheet), Vector(0x0000, 0, datasheet),
        Vector(0xFFC0, -0.25, datasheet), Vector(0xE700, -25, datasheet),
        Vector(0xC900, -55, datasheet),
    ]
    static let lm75: [Vector<UInt16>] = [
        Vector(0x7D00, 125, datasheet), Vector(0x1900, 25, datasheet),
        Vector(0x0080, 0.5, datasheet),
        Vector(0xFF80, -0.5, datasheet), Vector(0xE700, -25, datasheet),
        Vector(0xC900, -55, datasheet),
    ]
    static let ds18b20: [Vector<UInt16>] = [
        Vector(0x07D0, 125, datasheet), Vector(0x0550, 85, datasheet),
        Vector(0x0191, 25.0625, datasheet), Vector(0x00A2, 10.125, datasheet),
        Vector(0x0008, 0.5, datasheet), Vector(0, 0, datasheet), Vector(0xFFF8, -0.5, datasheet),
        Vector(0xFF5E, -10.125, datasheet), Vector(0xFE6F, -25.0625, datasheet),
        Vector(0xFC90, -55, datasheet),
    ]
    static let ds3231: [Vector<UInt16>] = [
        Vector(0x1940, 25.25, datasheet), Vector(0xE700, -25, "two's complement of the datasheet"),
    ]
    static let ads1115: [Vector<UInt16>] = [
        Vector(0xFF50, -176 * 6.144 / 32_768, periph), Vector(0x52D0, 3.975, periph),
    ]
    static let pca9685: [Vector<Double>] = [
        Vector(50, 121, "equation 1"), Vector(60, 101, "equation 1"), Vector(200, 0x1E, datasheet),
        Vector(1526, 3, "table 5"), Vector(24, 253, "equation 1"),
    ]
    static let ina219Bus: [Vector<UInt16>] = [Vector(0x5D98, 11.98, datasheet)]
    static let ina226Bus: [Vector<UInt16>] = [Vector(0x2570, 11.98, datasheet)]
    static let sht4xHumidity: [Vector<UInt16>] = [
        Vector(0x5A7C, -6 + 125 * 23_164.0 / 65_535, periph)
    ]
    static let sensirionTemperature: [Vector<UInt16>] = [
        Vector(0x6336, -45 + 175 * 25_398.0 / 65_535, periph),
        Vector(0x6667, -45 + 175 * 26_215.0 / 65_535, datasheet),
        Vector(0x670D, -45 + 175 * 26_381.0 / 65_535, periph),
    ]
    static let sensirionHumidity: [Vector<UInt16>] = [
        Vector(0x5EB9, 100 * 24_249.0 / 65_535, datasheet),
        Vector(0x4D08, 100 * 19_720.0 / 65_535, periph),
    ]
    static let aht20: [UInt8] = [0x18, 0x75, 0x52, 0x05, 0x8E, 0x40, 0x7F]

    static var bme280Datasheet: BME280Calibration {
        var c = BME280Calibration()
        (c.t1, c.t2, c.t3) = (27_504, 26_435, -1000)
        (c.p1, c.p2, c.p3, c.p4, c.p5) = (36_477, -10_685, 3024, 2855, 140)
        (c.p6, c.p7, c.p8, c.p9) = (-7, 15_500, -14_600, 6000)
        return c
    }

    static let bme280Calibration: [UInt8] = [
        0x10, 0x6E, 0x6C, 0x66, 0x32, 0x00, 0x5D, 0x95, 0xB8, 0xD5, 0xD0, 0x0B, 0x77, 0x1E, 0x9D,
        0xFF, 0xF9, 0xFF, 0xAC, 0x26, 0x0A, 0xD8, 0xBD, 0x10, 0x00, 0x4B,
    ]
    static let bme280Humidity: [UInt8] = [0x6E, 0x01, 0x00, 0x13, 0x05, 0x00, 0x1E]
    static let bme280Data: [UInt8] = [0x4A, 0x52, 0xC0, 0x80, 0x96, 0xC0, 0x7A, 0x76]
}

@Suite struct ConversionVectorTests {
    @Test func temperatures() {
        #expect(misses(Vectors.tmp102) { TMP102Conversion.temperature($0).value } == [])
        #expect(misses(Vectors.lm75) { TMP102Conversion.temperatureLM75($0).value } == [])
        #expect(misses(Vectors.ds18b20) { DS18B20Conversion.temperature($0).value } == [])
        #expect(misses(Vectors.ds3231) { DS3231Conversion.temperature($0).value } == [])
    }

    @Test func sensirion() {
        for convert in [
            SHT3xConversion.temperature, SHT4xConversion.temperature,
            SCD41Conversion.temperature,
        ] {
            #expect(misses(Vectors.sensirionTemperature) { convert($0).value } == [])
        }
        #expect(misses(Vectors.sensirionHumidity) { SHT3xConversion.humidity($0).value } == [])
        #expect(misses(Vectors.sensirionHumidity) { SCD41Conversion.humidity($0).value } == [])
        #expect(misses(Vectors.sht4xHumidity) { SHT4xConversion.humidity($0).value } == [])
        // As the baseline prints them.
        #expect(abs(SHT4xConversion.temperature(0x6336).value - 22.8210) < 5e-5)
        #expect(abs(SHT4xConversion.humidity(0x5A7C).value - 38.1825) < 5e-5)
        #expect(SCD41Conversion.carbonDioxide(0x01F4).value == 500)
        #expect(SCD41Conversion.carbonDioxide(0x022C).value == 556)
        #expect(abs(SCD41Conversion.temperature(0x6667).value - 25.00) < 5e-3)
        #expect(abs(SCD41Conversion.humidity(0x5EB9).value - 37.00) < 5e-3)
        #expect(abs(SCD41Conversion.temperature(0x670D).value - 25.446) < 5e-4)
        #expect(abs(SCD41Conversion.humidity(0x4D08).value - 30.091) < 5e-4)
        #expect(SCD41Conversion.serialNumber([0xF896, 0x9F07, 0x3BBE]) == 273_325_796_834_238)
    }

    @Test func aht20() {
        let bytes = Vectors.aht20
        #expect(abs(AHT20Conversion.humidity(bytes).value - 45.8282) < 5e-5)
        #expect(abs(AHT20Conversion.temperature(bytes).value - 19.4458) < 5e-5)
        // The recording leaves the status open; just one has this check sum.
        let fitting = (0...255 as ClosedRange<UInt8>).filter {
            Checksums.crc8([$0] + bytes[1..<6]) == bytes[6]
        }
        #expect(fitting == [0x18])
    }

    @Test func voltagesAndCurrents() {
        #expect(
            misses(Vectors.ads1115) { ADS1115Conversion.voltage($0, fullScale: 6.144).value } == [])
        #expect(misses(Vectors.ina219Bus) { INA219Conversion.busVoltage($0).value } == [])
        #expect(misses(Vectors.ina226Bus) { INA226Conversion.busVoltage($0).value } == [])
        // INA219 §8.5.1, figure 27: 10 A through 2 mΩ, steps of 1 mA.
        let (step, shunt) = (Amperes(0.001), Ohms(0.002))
        #expect(INA219Conversion.calibration(step: step, shunt: shunt) == 0x5000)
        #expect(INA219Conversion.shuntVoltage(2000).value == 0.02)
        let current = INA219Conversion.currentRegister(shunt: 2000, calibration: 0x5000)
        #expect(current == 10_000)
        #expect(INA219Conversion.current(UInt16(current), step: step).value == 10)
        let power = INA219Conversion.powerRegister(current: current, bus: 0x5D98 >> 3)
        #expect(abs(INA219Conversion.power(UInt16(power), step: step).value - 119.8) < 1e-9)
        // INA226 §6.5.1, figure 6-2: the same with another shunt register.
        #expect(INA226Conversion.calibration(step: step, shunt: shunt) == 0x0A00)
        #expect(abs(INA226Conversion.shuntVoltage(0x1F40).value - 0.02) < 1e-12)
        let second = INA226Conversion.currentRegister(shunt: 0x1F40, calibration: 0x0A00)
        #expect(second == 10_000)
        let watts = INA226Conversion.powerRegister(current: second, bus: 0x2570)
        #expect(watts == 4792)
        #expect(abs(INA226Conversion.power(UInt16(watts), step: step).value - 119.8) < 1e-9)
    }

    @Test func bme280() throws {
        // BMP280 datasheet §3.12.
        let c = Vectors.bme280Datasheet
        let (fine, hundredths) = BME280Conversion.temperature(519_888, c)
        #expect(fine == 128_422)
        #expect(hundredths == 2508)
        #expect(BME280Conversion.pressure(415_148, fine: fine, c) == 25_767_233)
        // periph's recording.
        var p = try #require(BME280Calibration(Vectors.bme280Calibration))
        p.setHumidity(Vectors.bme280Humidity)
        let warm = BME280Conversion.temperature(0x8096C, p)
        #expect(warm.hundredths == 2372)
        let pressure = try #require(BME280Conversion.pressure(0x4A52C, fine: warm.fine, p))
        #expect(Double(pressure) / 256 == 100_942.6953125)
        let humidity = BME280Conversion.humidity(0x7A76, fine: warm.fine, p)
        #expect(abs(Double(humidity) / 1024 - 65.3057) < 5e-5)
    }

    @Test func checkSums() {
        #expect(Checksums.crc8([0xBE, 0xEF]) == 0x92)
        #expect(Checksums.crc8([0x0D, 0x20]) == 0x47)
        #expect(Checksums.crc8([0x61, 0x01]) == 0x11)
        #expect(Checksums.crc8([0x63, 0x36]) == 0x9A)
        #expect(Checksums.crc8([0x5A, 0x7C]) == 0x0D)
        #expect(Checksums.crc8OneWire([0xE0, 1, 0, 0, 0x3F, 0xFF, 0x10, 0x10]) == 0x3F)
        // The sum of a whole identity with its own sum is zero.
        let identity: [UInt8] = [0x28, 0xAC, 0x41, 0x0E, 0x07, 0, 0]
        #expect(Checksums.crc8OneWire(identity + [Checksums.crc8OneWire(identity)]) == 0)
    }

    @Test func pulses() {
        #expect(
            misses(Vectors.pca9685) { Double(PCA9685Conversion.prescale(Hertz($0))) } == [])
        // §7.3.3, example 1: 10 % off at 410; we begin at 0.
        #expect(PCA9685Conversion.duty(0.1) == [0, 0, 0x9A, 0x01])
        #expect(PCA9685Conversion.duty(0) == [0, 0, 0, 0x10])
        #expect(PCA9685Conversion.duty(1) == [0, 0x10, 0, 0])
        for share in [0, 0.25, 0.5, 1] {
            #expect(PCA9685Conversion.share(PCA9685Conversion.duty(share)) == share)
        }
    }

    @Test func clockTimes() throws {
        let leap: [UInt8] = [0x56, 0x34, 0x12, 0x04, 0x29, 0x02, 0x24]
        let time = try #require(DS3231Conversion.time(leap))
        #expect(RFC3339.text(time) == "2024-02-29T12:34:56.000Z")
        #expect(DS3231Conversion.bytes(time) == leap)
        #expect(
            RFC3339.text(try #require(DS3231Conversion.time([0, 0, 0x72, 1, 1, 0x81, 0])))
                == "2100-01-01T12:00:00.000Z")
        for broken: [UInt8] in [
            [0x60, 0, 0, 1, 1, 1, 0], [0x0A, 0, 0, 1, 1, 1, 0], [0, 0, 0x24, 1, 1, 1, 0],
            [0, 0, 0, 1, 0, 1, 0], [0, 0, 0, 1, 1, 0x13, 0], [0, 0, 0x40, 1, 1, 1, 0], [],
        ] {
            #expect(DS3231Conversion.time(broken) == nil)
        }
        for day in stride(from: 0, to: 73_000, by: 17) {
            let time = WallTime(milliseconds: 946_684_800_000 + Int64(day) * 86_400_000 + 5000)
            #expect(DS3231Conversion.bytes(time).flatMap { DS3231Conversion.time($0) } == time)
        }
        #expect(DS3231Conversion.bytes(WallTime(milliseconds: 0)) == nil)
    }
}

/// Conversions with the faults that are made most; each must miss a vector, or the vectors prove
/// nothing.
@Suite struct ConversionMutantTests {
    @Test func signsThatAreNotExtended() {
        #expect(!misses(Vectors.tmp102) { Double($0 >> 4) * 0.0625 }.isEmpty)
        #expect(!misses(Vectors.lm75) { Double($0 >> 7) * 0.5 }.isEmpty)
        #expect(!misses(Vectors.ds18b20) { Double($0) * 0.0625 }.isEmpty)
        #expect(!misses(Vectors.ds3231) { Double($0 >> 6) * 0.25 }.isEmpty)
        #expect(!misses(Vectors.ads1115) { Double($0) * 6.144 / 32_768 }.isEmpty)
    }

    @Test func wrongWidthsAndShifts() {
        #expect(!misses(Vectors.tmp102) { Double(Int16(bitPattern: $0) >> 3) * 0.0625 }.isEmpty)
        #expect(!misses(Vectors.lm75) { Double(Int16(bitPattern: $0) >> 8) * 0.5 }.isEmpty)
        #expect(!misses(Vectors.ina219Bus) { Double($0) * 0.004 }.isEmpty)
        #expect(!misses(Vectors.ina226Bus) { Double($0 >> 3) * 1.25e-3 }.isEmpty)
        #expect(!misses(Vectors.pca9685) { (25e6 / (4096 * $0)).rounded() }.isEmpty)
        #expect(!misses(Vectors.pca9685) { (25e6 / (4096 * $0)).rounded(.down) - 1 }.isEmpty)
    }

    @Test func wrongFormulas() {
        // 2¹⁶ instead of 2¹⁶ − 1, and the humidity of the other series.
        #expect(
            !misses(Vectors.sensirionTemperature) { -45 + 175 * Double($0) / 65_536 }.isEmpty)
        #expect(!misses(Vectors.sht4xHumidity) { SHT3xConversion.humidity($0).value }.isEmpty)
        #expect(!misses(Vectors.sensirionHumidity) { SHT4xConversion.humidity($0).value }.isEmpty)
    }

    @Test func wrongCheckSums() {
        // Initial value 0, as others have it; and the low bit first.
        let fromZero = { (bytes: [UInt8]) in
            bytes.reduce(UInt8(0)) { sum, byte in
                (0..<8).reduce(sum ^ byte) { sum, _ in
                    sum & 0x80 != 0 ? (sum << 1) ^ 0x31 : sum << 1
                }
            }
        }
        #expect(fromZero([0xBE, 0xEF]) != 0x92)
        #expect(Checksums.crc8OneWire([0xBE, 0xEF]) != 0x92)
    }

    @Test func wrongCalibrations() throws {
        // H4 and H5 share a byte; unsigned P2 and T3.
        var c = Vectors.bme280Datasheet
        c.p2 += 65_536
        let (fine, _) = BME280Conversion.temperature(519_888, Vectors.bme280Datasheet)
        #expect(BME280Conversion.pressure(415_148, fine: fine, c) != 25_767_233)
        c = Vectors.bme280Datasheet
        c.t3 += 65_536
        #expect(BME280Conversion.temperature(519_888, c).fine != 128_422)
        var h = try #require(BME280Calibration(Vectors.bme280Calibration))
        h.setHumidity(Vectors.bme280Humidity)
        let warm = BME280Conversion.temperature(0x8096C, h).fine
        let right = BME280Conversion.humidity(0x7A76, fine: warm, h)
        h.h4 = (h.h4 >> 4) << 4
        #expect(BME280Conversion.humidity(0x7A76, fine: warm, h) != right)
    }
}
