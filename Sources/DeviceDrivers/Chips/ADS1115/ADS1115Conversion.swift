/// §7.5.4 of SBAS444: two's complement of sixteen bits over the full scale.
public enum ADS1115Conversion {
    /// - Parameter fullScale: In volts, as the gain has it.
    public static func voltage(_ raw: UInt16, fullScale: Double) -> Volts {
        Volts(Double(Int16(bitPattern: raw)) * fullScale / 32_768)
    }
}
