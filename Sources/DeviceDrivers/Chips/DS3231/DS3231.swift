public import Platform

/// Maxim DS3231: a clock with a battery, and its temperature.
public struct DS3231: ChipDriver {
    private typealias Register = DS3231Registers

    public init() {}

    /// Its only address: "Slave Address".
    public static let kind = DeviceKind(
        "ds3231", "clock with a battery (Maxim DS3231)",
        .chip(DeviceKind.addresses(0x68...0x68)) { _ throws(DriverFault) in DS3231() },
        everyMin: 1000, every: 3_600_000)

    public var sample: [ChipOperation] {
        [
            .register(Register.time, Register.timeCount), .register(Register.status, 1),
            .register(Register.temperature, 2),
        ]
    }

    public func readings(_ answers: [[UInt8]]) throws(DriverFault) -> [Reading] {
        let raw = UInt16(bigEndian: answers[2], at: 0)
        let celsius = try DS3231Conversion.temperature(raw).within(-45...90, "a temperature")
        let wasStopped = answers[1][0] & Register.oscillatorStopped != 0
        guard let time = DS3231Conversion.time(answers[0]) else {
            throw DriverFault(.badAnswer, "its registers hold no time")
        }
        return [
            Reading("temperature", celsius),
            Reading("time", state: .string(RFC3339.text(time))),
            Reading("stopped", state: .bool(wasStopped)),
        ]
    }

    /// `time`: milliseconds since 1970 in UTC.
    public func command(
        _ property: String, _ value: Value
    ) throws(DriverFault) -> [ChipOperation] {
        guard property == "time", let count = value.intValue,
            let bytes = DS3231Conversion.bytes(WallTime(milliseconds: count))
        else {
            throw DriverFault(
                .notSettable, "only time can be set, to milliseconds since 1970 up to the year 2199"
            )
        }
        return [
            .write([Register.time] + bytes),
            // The clock is right from here on.
            .write([Register.status, 0]),
        ]
    }
}
