/// §3.6.2 of the SCD4x datasheet.
public enum SCD41Conversion {
    public static func carbonDioxide(_ raw: UInt16) -> PartsPerMillion {
        PartsPerMillion(Double(raw))
    }

    /// −45 + 175 · word / (2¹⁶ − 1).
    public static func temperature(_ raw: UInt16) -> Celsius {
        Celsius(-45 + 175 * Double(raw) / 65_535)
    }

    /// 100 · word / (2¹⁶ − 1).
    public static func humidity(_ raw: UInt16) -> RelativeHumidity {
        RelativeHumidity(100 * Double(raw) / 65_535)
    }

    /// 48 bits, most significant word first: §3.9.2.
    public static func serialNumber(_ words: [UInt16]) -> UInt64 {
        words.prefix(3).reduce(0) { $0 << 16 | UInt64($1) }
    }
}
