/// §4.13 of the SHT3x datasheet.
public enum SHT3xConversion {
    /// −45 + 175 · S / (2¹⁶ − 1).
    public static func temperature(_ raw: UInt16) -> Celsius {
        Celsius(-45 + 175 * Double(raw) / 65_535)
    }

    /// 100 · S / (2¹⁶ − 1).
    public static func humidity(_ raw: UInt16) -> RelativeHumidity {
        RelativeHumidity(100 * Double(raw) / 65_535)
    }
}
