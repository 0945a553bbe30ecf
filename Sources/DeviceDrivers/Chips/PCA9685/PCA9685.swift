public import Platform

/// NXP PCA9685: sixteen outputs of pulses, for servos and lamps. It goes on by itself.
public struct PCA9685: ChipDriver {
    private typealias Register = PCA9685Registers

    private let prescale: UInt8

    public init(rate: Hertz) { prescale = PCA9685Conversion.prescale(rate) }

    public static let kind = DeviceKind(
        "pca9685", "sixteen outputs of pulses (NXP PCA9685)",
        // A0 to A5: §7.1. 0x70 is its address for calls to all, figure 4.
        .chip(DeviceKind.addresses(0x40...0x6F)) { settings throws(DriverFault) in
            PCA9685(rate: Hertz(settings.number("rate_hz")))
        }, everyMin: 1000, every: 60_000,
        settings: [
            DeviceSetting(
                "rate_hz", .number(24...1526, standard: 50), "pulses a second; servos want 50")
        ])

    public var setup: [ChipOperation] {
        [
            .register(Register.mode1, 1), .register(Register.prescale, 1),
            .write([Register.mode1, Register.sleep | Register.autoIncrement]),
            .write([Register.prescale, prescale]),
            .write([Register.mode1, Register.autoIncrement]),
            .wait(Milliseconds(Register.wakeMilliseconds)),
            // Goes on with the pulses that it had: a restart of the agent moves no servo.
            .write([Register.mode1, Register.autoIncrement | Register.restart]),
        ]
    }

    public var sample: [ChipOperation] {
        [
            .register(Register.mode1, 1), .register(Register.prescale, 1),
            .register(Register.channels, 4 * Register.channelCount),
        ]
    }

    public func readings(_ answers: [[UInt8]]) throws(DriverFault) -> [Reading] {
        guard answers[0][0] & Register.sleep == 0, answers[1][0] == prescale else {
            throw DriverFault(.notReady, "it sleeps or has another rate, so its supply was away")
        }
        return (0..<Register.channelCount).map { channel in
            let bytes = Array(answers[2][channel * 4..<channel * 4 + 4])
            let share = (PCA9685Conversion.share(bytes) * 10_000).rounded() / 10_000
            return Reading("duty_\(channel)", state: .number(share))
        }
    }

    /// `duty_0` to `duty_15`: a number from 0 to 1.
    public func command(
        _ property: String, _ value: Value
    ) throws(DriverFault) -> [ChipOperation] {
        guard property.hasPrefix("duty_"), let channel = UInt8(property.dropFirst(5)),
            channel < Register.channelCount, let share = value.doubleValue, 0...1 ~= share
        else {
            throw DriverFault(
                .notSettable, "duty_0 to duty_15 can be set, to a number from 0 to 1")
        }
        return [.write([Register.channels + 4 * channel] + PCA9685Conversion.duty(share))]
    }

    public func range(of property: String) -> SettableRange? {
        property.hasPrefix("duty_") ? .number(0...1) : nil
    }
}
