/// Pins by the names of table 2-1: `a0` to `a7`, `b0` to `b7`.
public enum MCP23017Conversion {
    /// A pin's bit, A in the low byte; nil for another name.
    public static func bit(_ name: some StringProtocol) -> UInt16? {
        let letters = Array(name.utf8)
        guard letters.count == 2, let digit = UInt16(String(decoding: [letters[1]], as: UTF8.self)),
            digit < 8
        else { return nil }
        switch letters[0] {
        case UInt8(ascii: "a"): return 1 << digit
        case UInt8(ascii: "b"): return 1 << (digit + 8)
        default: return nil
        }
    }

    /// The name of a pin by its bit's number, 0 to 15.
    public static func name(_ number: Int) -> String {
        (number < 8 ? "a" : "b") + String(number % 8)
    }

    /// The pins of a list such as `a0,a1,b7`; nil where one is none.
    public static func mask(_ list: String) -> UInt16? {
        var mask: UInt16 = 0
        for name in list.split(whereSeparator: { $0 == "," || $0 == " " }) {
            guard let bit = bit(name) else { return nil }
            mask |= bit
        }
        return mask
    }

    /// A's byte, then B's, as the chip has them.
    static func bytes(_ mask: UInt16) -> [UInt8] {
        [UInt8(truncatingIfNeeded: mask), UInt8(mask >> 8)]
    }
}
