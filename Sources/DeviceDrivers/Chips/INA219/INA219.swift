import Platform

/// Texas Instruments INA219: voltage, current and power of a supply, by a shunt.
public struct INA219: ChipDriver {
    private typealias Register = INA219Registers

    private let shunt: Ohms
    private let calibration: UInt16

    /// - Parameter currentMax: The most that is measured; a step is its 32768th.
    public init(shunt: Ohms, currentMax: Amperes) {
        self.shunt = shunt
        // §8.5.1, equation 2.
        calibration = INA219Conversion.calibration(
            step: Amperes(currentMax.value / 32_768), shunt: shunt)
    }

    public static let kind = DeviceKind(
        "ina219", "voltage, current and power (Texas Instruments INA219)",
        // A0 and A1 to ground, supply, SDA or SCL: §8.5.5.1, table 1.
        .chip(DeviceKind.addresses(0x40...0x4F)) { settings throws(DriverFault) in
            INA219(
                shunt: Ohms(settings.number("shunt_ohms")),
                currentMax: Amperes(settings.number("current_max_a")))
        }, everyMin: 100,
        settings: [
            DeviceSetting(
                "shunt_ohms", .number(0.0001...10, standard: 0.1),
                "the shunt's resistance; 0.1 on the usual boards"),
            DeviceSetting(
                "current_max_a", .number(0.001...1000, standard: 3.2),
                "the most current that is measured, in amperes"),
        ])

    public var setup: [ChipOperation] {
        [
            .write([Register.configuration] + Register.reset.bigEndianBytes),
            .wait(1),
            .write([Register.configuration] + Register.configured.bigEndianBytes),
            .write([Register.calibration] + calibration.bigEndianBytes),
            // Conversions of shunt and bus, 586 µs each: §7.5.
            .wait(2),
            .register(Register.calibration, 2),
        ]
    }

    public func adopt(_ answers: [[UInt8]]) throws(DriverFault) {
        guard UInt16(bigEndian: answers[0], at: 0) == calibration else {
            throw DriverFault(.wrongChip, "it does not keep its calibration: no INA219")
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
        guard words[1] & Register.overflow == 0 else {
            throw DriverFault(
                .implausible, "current or power is beyond current_max_a; raise it in the block")
        }
        let step = INA219Conversion.step(calibration: calibration, shunt: shunt)
        return [
            Reading("voltage", INA219Conversion.busVoltage(words[1])),
            Reading("current", INA219Conversion.current(words[2], step: step)),
            Reading("power", INA219Conversion.power(words[3], step: step)),
        ]
    }
}
