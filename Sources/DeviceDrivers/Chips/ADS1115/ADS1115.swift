import Platform

/// Texas Instruments ADS1115: four voltages against ground, sixteen bits.
public struct ADS1115: ChipDriver {
    private typealias Register = ADS1115Registers

    private let channels: Int
    private let range: (name: String, volts: Double, bits: UInt16)

    /// - Parameters:
    ///   - channels: 1 to 4, from the first on.
    ///   - range: Full scale in volts as `ADS1115Registers.ranges` names it; 4.096 otherwise.
    public init(channels: Int = 4, range: String = "4.096") {
        self.channels = min(max(channels, 1), 4)
        self.range = Register.ranges.first { $0.name == range } ?? Register.ranges[0]
    }

    /// ADDR to ground, supply, SDA and SCL: §7.5.1.1.
    public static let kind = DeviceKind(
        "ads1115", "four voltages (Texas Instruments ADS1115)",
        .chip(DeviceKind.addresses(0x48...0x4B)) { settings throws(DriverFault) in
            ADS1115(channels: Int(settings.word("channels")) ?? 4, range: settings.word("range"))
        }, everyMin: 100,
        settings: [
            DeviceSetting("channels", .choice(["4", "3", "2", "1"]), "inputs that are read"),
            DeviceSetting(
                "range", .choice(ADS1115Registers.ranges.map(\.name)),
                "full scale in volts; no input may go beyond the supply"),
        ])

    private func configuration(_ channel: Int) -> UInt16 {
        Register.start | Register.input(channel) | range.bits << 9 | Register.singleShot
            | Register.rate128 | Register.comparatorOff
    }

    public var sample: [ChipOperation] {
        (0..<channels).flatMap { channel -> [ChipOperation] in
            [
                .write([Register.configuration] + configuration(channel).bigEndianBytes),
                // 1/128 s, and ten percent as its clock may be off: §6.5.
                .wait(9),
                .until(
                    [.write([Register.configuration]), .read(2)], every: 2, attempts: 10,
                    isReady: { $0[0] & 0x80 != 0 }),
                .register(Register.conversion, 2),
            ]
        }
    }

    public func readings(_ answers: [[UInt8]]) throws(DriverFault) -> [Reading] {
        answers.enumerated().map { channel, bytes in
            let raw = UInt16(bigEndian: bytes, at: 0)
            return Reading(
                "voltage_\(channel)", ADS1115Conversion.voltage(raw, fullScale: range.volts))
        }
    }
}
