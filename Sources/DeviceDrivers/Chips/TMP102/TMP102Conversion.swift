public enum TMP102Conversion {
    /// Twelve bits in the upper ones of two bytes, two's complement, 0.0625 °C each: SBOS397 §6.5.2,
    /// table 6-5.
    public static func temperature(_ raw: UInt16) -> Celsius {
        Celsius(Double(Int16(bitPattern: raw) >> 4) * 0.0625)
    }

    /// Nine bits, 0.5 °C each: SNOS808 §7.5.1, table 3. The bits below are not defined there.
    public static func temperatureLM75(_ raw: UInt16) -> Celsius {
        Celsius(Double(Int16(bitPattern: raw) >> 7) * 0.5)
    }
}
