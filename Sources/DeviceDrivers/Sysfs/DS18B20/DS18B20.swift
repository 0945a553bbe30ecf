import Platform

/// Maxim DS18B20 on a 1-Wire bus of the kernel's: temperature.
public struct DS18B20: DeviceDriver {
    private let path: String

    /// - Parameter identity: As the kernel names it: `28-00000a1b2c3d`.
    public init(_ identity: String) throws(DriverFault) {
        let digits = identity.dropFirst(3)
        guard identity.hasPrefix("28-"), digits.utf8.count == 12,
            digits.utf8.allSatisfy({ 48...57 ~= $0 || 97...102 ~= $0 })
        else {
            throw DriverFault(
                .notSettable,
                "id is a name under /sys/bus/w1/devices, such as 28-00000a1b2c3d")
        }
        path = "/sys/bus/w1/devices/\(identity)/w1_slave"
    }

    public static let kind = DeviceKind(
        "ds18b20", "temperature by 1-Wire (Maxim DS18B20)",
        .files { settings throws(DriverFault) in try DS18B20(settings.word("id")) },
        // A conversion takes 750 ms, inside the read.
        everyMin: 2000,
        settings: [
            DeviceSetting(
                "id", .text(standard: nil), "its name under /sys/bus/w1/devices, 28-…")
        ])

    public mutating func begin() -> DriverStep { .read([path]) }

    public mutating func abandon() {}

    public mutating func resume(_ answer: DriverAnswer) throws(DriverFault) -> DriverStep {
        guard case .files(let files) = answer, let file = files.first, let bytes = file else {
            throw DriverFault(
                .missing,
                "\(path) cannot be read: the sensor is away, or dtoverlay=w1-gpio is "
                    + "missing from config.txt")
        }
        let memory = try DS18B20Text(bytes).memory
        let raw = UInt16(littleEndian: memory, at: 0)
        guard raw != DS18B20Conversion.powerOn else {
            throw DriverFault(
                .notReady, "85 °C is what it says without a conversion: check its supply")
        }
        let celsius = DS18B20Conversion.temperature(
            raw, bits: DS18B20Conversion.resolution(memory[4]))
        return .done([Reading("temperature", try celsius.within(-55...125, "a temperature"))])
    }
}
