/// Every kind of device that a block can name. A new chip is one line here.
public enum DeviceKinds {
    public static let all: [DeviceKind] = [
        ADS1115.kind, AHT20.kind, BME280.kind, BME280.kindBMP280, DS18B20.kind, DS3231.kind,
        KernelSensor.hwmon, KernelSensor.industrial, INA219.kind, INA226.kind, TMP102.kindLM75,
        MCP23017.kind, PCA9685.kind, PinKinds.button, PinKinds.pwm, PinKinds.relay,
        PinKinds.switch, SCD41.kind, SHT3x.kind, SHT4x.kind, TMP102.kind,
    ]

    /// Nil where there is none of this name.
    public static func named(_ name: String) -> DeviceKind? { all.first { $0.name == name } }

    /// The kinds that can have an address, for who answers in a scan.
    public static func candidates(at address: UInt8) -> [String] {
        all.filter { $0.addresses.contains { $0.rawValue == address } }.map(\.name)
    }
}
