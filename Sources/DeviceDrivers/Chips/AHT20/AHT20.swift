import Platform

/// Aosong AHT20: temperature and humidity.
public struct AHT20: ChipDriver {
    private typealias Register = AHT20Registers

    public init() {}

    /// Its only address: §5.3. Read more often than every two seconds it warms itself: §5.4.
    public static let kind = DeviceKind(
        "aht20", "temperature and humidity (Aosong AHT20)",
        .chip(DeviceKind.addresses(0x38...0x38)) { _ throws(DriverFault) in AHT20() },
        everyMin: 2000)

    public var setup: [ChipOperation] {
        [
            .write(Register.softReset), .wait(Milliseconds(Register.resetMilliseconds)),
            .write(Register.initialise), .wait(Milliseconds(Register.initialiseMilliseconds)),
        ]
    }

    public var sample: [ChipOperation] {
        [
            .write(Register.measure), .wait(Milliseconds(Register.measureMilliseconds)),
            .until(
                [.read(1)], every: 10, attempts: 10,
                isReady: { $0[0] & Register.statusBusy == 0 }),
            .read([.read(7)]),
        ]
    }

    public func readings(_ answers: [[UInt8]]) throws(DriverFault) -> [Reading] {
        let bytes = answers[0]
        guard Checksums.crc8(bytes[..<6]) == bytes[6] else {
            throw DriverFault(.checksum, "the check sum is wrong; cable too long?")
        }
        guard bytes[0] & Register.statusCalibrated != 0 else {
            throw DriverFault(.notReady, "it is not calibrated; it may have lost its supply")
        }
        return [
            Reading("temperature", AHT20Conversion.temperature(bytes)),
            Reading("humidity", AHT20Conversion.humidity(bytes)),
        ]
    }
}
