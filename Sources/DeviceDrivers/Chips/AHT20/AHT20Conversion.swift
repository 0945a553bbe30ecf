/// §6 of the AHT20 datasheet, over the six bytes of §5.4.
public enum AHT20Conversion {
    /// S · 100 / 2²⁰, S in the upper twenty of the forty bits after the status.
    public static func humidity(_ bytes: [UInt8]) -> RelativeHumidity {
        let raw = UInt32(bytes[1]) << 12 | UInt32(bytes[2]) << 4 | UInt32(bytes[3]) >> 4
        return RelativeHumidity(100 * Double(raw) / 1_048_576)
    }

    /// S · 200 / 2²⁰ − 50, S in the lower twenty.
    public static func temperature(_ bytes: [UInt8]) -> Celsius {
        let raw = UInt32(bytes[3] & 0x0F) << 16 | UInt32(bytes[4]) << 8 | UInt32(bytes[5])
        return Celsius(200 * Double(raw) / 1_048_576 - 50)
    }
}
