import Platform

/// Sensirion SCD40 and SCD41: carbon dioxide, temperature and humidity.
public struct SCD41: ChipDriver {
    private typealias Register = SCD41Registers

    private var serialNumber: UInt64 = 0

    public init() {}

    /// Its only address: §3.3.
    public static let kind = DeviceKind(
        "scd41", "carbon dioxide, temperature and humidity (Sensirion SCD40, SCD41)",
        .chip(DeviceKind.addresses(0x62...0x62)) { _ throws(DriverFault) in SCD41() },
        // A new value is there every five seconds.
        everyMin: 5000)

    private static func ask(_ command: [UInt8], _ count: Int) -> [ChipOperation] {
        // A stop between command and answer: the chip computes in the meantime.
        [
            .write(command), .wait(Milliseconds(Register.answerMilliseconds)),
            .read([.read(count)]),
        ]
    }

    public var setup: [ChipOperation] {
        // It may measure already, from before our start, and then takes no other command.
        [.write(Register.stopPeriodic), .wait(Milliseconds(Register.stopMilliseconds))]
            + Self.ask(Register.serialNumber, 9) + [.write(Register.startPeriodic)]
    }

    public mutating func adopt(_ answers: [[UInt8]]) throws(DriverFault) {
        serialNumber = SCD41Conversion.serialNumber(try Checksums.words(answers[0]))
    }

    public var sample: [ChipOperation] {
        [
            .until(
                [.write(Register.dataReady), .read(3)], every: 500, attempts: 14,
                isReady: { bytes throws(DriverFault) in
                    try Checksums.words(bytes)[0] & Register.dataReadyMask != 0
                })
        ] + Self.ask(Register.readMeasurement, 9)
    }

    public func readings(_ answers: [[UInt8]]) throws(DriverFault) -> [Reading] {
        let words = try Checksums.words(answers[0])
        // Measuring range of the output: table 1. It says 0 while its lamp is broken.
        let share = try SCD41Conversion.carbonDioxide(words[0])
            .within(1...40_000, "a share of carbon dioxide")
        return [
            Reading("co2", share),
            Reading("temperature", SCD41Conversion.temperature(words[1])),
            Reading("humidity", SCD41Conversion.humidity(words[2])),
            Reading("serial", state: .string(String(serialNumber, radix: 16))),
        ]
    }
}
