import Platform

/// Texas Instruments INA226: voltage, current and power of a supply, by a shunt.
public struct INA226: ChipDriver {
    private typealias Register = INA226Registers

    private let shunt: Ohms
    private let calibration: UInt16

    /// - Parameter currentMax: The most that is measured; a step is its 32768th.
    public init(shunt: Ohms, currentMax: Amperes) {
        self.shunt = shunt
        // §6.5.1, equation 2.
        calibration = INA226Conversion.calibration(
            step: Amperes(currentMax.value / 32_768), shunt: shunt)
    }

    public static let kind = DeviceKind(
        "ina226", "voltage, current and power (Texas Instruments INA226)",
        // A0 and A1 to ground, supply, SDA or SCL: §6.5.5.1, table 6-2.
        .chip(DeviceKind.addresses(0x40...0x4F)) { settings throws(DriverFault) in
            INA226(
                shunt: Ohms(settings.number("shunt_ohms")),
                currentMax: Amperes(settings.number("current_max_a")))
        }, everyMin: 100,
        settings: [
            DeviceSetting(
                "shunt_ohms", .number(0.0001...10, standard: 0.1),
                "the shunt's resistance; 0.1 or 0.002 on the usual boards"),
            // The shunt's voltage is measured up to 81.92 mV: §5.5.
            DeviceSetting(
                "current_max_a", .number(0.001...1000, standard: 0.8),
                "the most current that is measured, in amperes"),
        ])

    public var setup: [ChipOperation] {
        [
            .register(Register.manufacturer, 2),
            .write([Register.configuration] + Register.reset.bigEndianBytes),
            .wait(1),
            .write([Register.configuration] + Register.configured.bigEndianBytes),
            .write([Register.calibration] + calibration.bigEndianBytes),
            // Conversions of shunt and bus, 1.21 ms each at most: §5.5.
            .wait(3),
        ]
    }

    public func adopt(_ answers: [[UInt8]]) throws(DriverFault) {
        guard UInt16(bigEndian: answers[0], at: 0) == Register.manufacturerTI else {
            throw DriverFault(.wrongChip, "it does not name Texas Instruments: no INA226")
        }
    }

    public var sample: [ChipOperation] {
        [
            .register(Register.calibration, 2), .register(Register.bus, 2),
            .register(Register.current, 2), .register(Register.power, 2),
        ]
    }

    public func readings(_ answers: [[UInt8]]) throws(DriverFault) -> [Reading] {
        let words = answers.map { UInt16(bigEndian: $0, at: 0) }
        // A chip that lost its supply has calibration 0 and says no current for ever.
        guard words[0] == calibration else {
            throw DriverFault(.notReady, "it lost its calibration, so its supply was away")
        }
        let step = INA226Conversion.step(calibration: calibration, shunt: shunt)
        return [
            // Its bus pin bears 36 V: §5.1.
            Reading(
                "voltage",
                try INA226Conversion.busVoltage(words[1]).within(0...40.96, "a bus voltage")),
            Reading("current", INA226Conversion.current(words[2], step: step)),
            Reading("power", INA226Conversion.power(words[3], step: step)),
        ]
    }
}
