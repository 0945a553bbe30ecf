/// §4.6 of the SHT4x datasheet.
public enum SHT4xConversion {
    /// −45 + 175 · S / (2¹⁶ − 1).
    public static func temperature(_ raw: UInt16) -> Celsius {
        Celsius(-45 + 175 * Double(raw) / 65_535)
    }

    /// −6 + 125 · S / (2¹⁶ − 1), not cut: values beyond 0 to 100 tell of a chip that is off.
    public static func humidity(_ raw: UInt16) -> RelativeHumidity {
        RelativeHumidity(-6 + 125 * Double(raw) / 65_535)
    }
}
