import Platform

/// Sensirion SHT30, SHT31 and SHT35: temperature and humidity.
public struct SHT3x: ChipDriver {
    public init() {}

    /// ADDR to ground, ADDR to supply: §3.4.
    public static let kind = DeviceKind(
        "sht3x", "temperature and humidity (Sensirion SHT30, SHT31, SHT35)",
        .chip(DeviceKind.addresses(0x44...0x45)) { _ throws(DriverFault) in SHT3x() },
        everyMin: 1000)

    public var setup: [ChipOperation] {
        [.write(SHT3xRegisters.softReset), .wait(Milliseconds(SHT3xRegisters.resetMilliseconds))]
    }

    public var sample: [ChipOperation] {
        [
            .write(SHT3xRegisters.measure),
            .wait(Milliseconds(SHT3xRegisters.measureMilliseconds)),
            .read([.read(6)]),
        ]
    }

    public func readings(_ answers: [[UInt8]]) throws(DriverFault) -> [Reading] {
        let words = try Checksums.words(answers[0])
        return [
            Reading("temperature", SHT3xConversion.temperature(words[0])),
            Reading("humidity", SHT3xConversion.humidity(words[1])),
        ]
    }
}
