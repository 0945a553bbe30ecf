public enum DS18B20Conversion {
    /// DS18B20 datasheet, "Temperature Register", figure 4: two's complement, 0.0625 °C each.
    ///
    /// - Parameter bits: 9 to 12; the bits below its resolution are not defined.
    public static func temperature(_ raw: UInt16, bits: Int = 12) -> Celsius {
        let undefined = min(max(12 - bits, 0), 3)
        return Celsius(Double((Int16(bitPattern: raw) >> undefined) << undefined) * 0.0625)
    }

    /// "Configuration Register", figure 10: bits 6 and 5.
    public static func resolution(_ configuration: UInt8) -> Int {
        9 + Int(configuration >> 5 & 3)
    }

    /// 85 °C is what it holds after power-on, before its first conversion: "Temperature Register",
    /// table 1.
    public static let powerOn: UInt16 = 0x0550
}
