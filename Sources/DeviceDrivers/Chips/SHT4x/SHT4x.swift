import Platform

/// Sensirion SHT40, SHT41 and SHT45: temperature and humidity.
public struct SHT4x: ChipDriver {
    public init() {}

    /// Ordered by address: SHT4x-A, SHT4x-B, SHT4x-C (§7, table 12).
    public static let kind = DeviceKind(
        "sht4x", "temperature and humidity (Sensirion SHT40, SHT41, SHT45)",
        .chip(DeviceKind.addresses(0x44...0x46)) { _ throws(DriverFault) in SHT4x() },
        everyMin: 1000)

    public var setup: [ChipOperation] {
        [.write(SHT4xRegisters.softReset), .wait(Milliseconds(SHT4xRegisters.resetMilliseconds))]
    }

    public var sample: [ChipOperation] {
        [
            .write(SHT4xRegisters.measure),
            .wait(Milliseconds(SHT4xRegisters.measureMilliseconds)),
            .read([.read(6)]),
        ]
    }

    public func readings(_ answers: [[UInt8]]) throws(DriverFault) -> [Reading] {
        let words = try Checksums.words(answers[0])
        // §4.6: what the formula gives beyond 0 and 100 stands for these.
        let humidity = SHT4xConversion.humidity(words[1]).value
        return [
            Reading("temperature", SHT4xConversion.temperature(words[0])),
            Reading("humidity", RelativeHumidity(min(max(humidity, 0), 100))),
        ]
    }
}
