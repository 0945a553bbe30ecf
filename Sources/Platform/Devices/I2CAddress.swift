/// The address of a chip on an I2C bus, seven bits (I2C-bus specification UM10204 §3.1.10).
public struct I2CAddress: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// 0 to 0x7F.
    public let rawValue: UInt8

    /// Nil beyond seven bits.
    public init?(_ number: Int64) {
        guard 0...0x7F ~= number else { return nil }
        rawValue = UInt8(number)
    }

    /// The low seven bits, for addresses that stand in the source.
    public init(low bits: UInt8) { rawValue = bits & 0x7F }

    /// Those that a chip may have: the ends are reserved (UM10204 §3.1.12, table 4).
    public static let usable: ClosedRange<UInt8> = 0x08...0x77

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// As `i2cdetect` and the datasheets write it: `0x76`.
    public var description: String {
        "0x" + (rawValue < 16 ? "0" : "") + String(rawValue, radix: 16)
    }
}
