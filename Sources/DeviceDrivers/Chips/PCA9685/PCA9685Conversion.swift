public enum PCA9685Conversion {
    /// §7.3.5, equation 1: round(25 MHz / (4096 · rate)) − 1, which is 3 to 255.
    public static func prescale(_ rate: Hertz) -> UInt8 {
        let exact = (25_000_000 / (4096 * rate.value)).rounded() - 1
        return UInt8(min(max(exact, 3), 255))
    }

    /// On and off counts of a duty of 0 to 1, low bytes first: §7.3.3. The ends are states of their
    /// own, without a gap of a 4096th.
    public static func duty(_ share: Double) -> [UInt8] {
        if share <= 0 { return [0, 0, 0, PCA9685Registers.full] }
        if share >= 1 { return [0, PCA9685Registers.full, 0, 0] }
        let off = UInt16(min(max((share * 4096).rounded(), 1), 4095))
        return [0, 0, UInt8(truncatingIfNeeded: off), UInt8(off >> 8)]
    }

    /// The duty that a channel's four bytes stand for, 0 to 1.
    public static func share(_ bytes: [UInt8]) -> Double {
        if bytes[3] & PCA9685Registers.full != 0 { return 0 }
        if bytes[1] & PCA9685Registers.full != 0 { return 1 }
        let on = UInt16(littleEndian: bytes, at: 0) & 0x0FFF
        let off = UInt16(littleEndian: bytes, at: 2) & 0x0FFF
        return Double((off &- on) & 0x0FFF) / 4096
    }
}
