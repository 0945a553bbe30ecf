/// A double as a decimal fraction: mantissa / 10^scale, and how many representable doubles it
/// lies beside that.
///
/// What a sensor says with two decimals is two hundred times smaller as an integer than as a
/// double, and its neighbours differ by little. Sums and products of such readings end a few units
/// in the last place beside a decimal (51.846000000000004); the second number keeps them exact.
struct DecimalNumber {
    let mantissa: Int64
    let ulps: Int64

    static let scaleMost = 9
    /// Further off than this a double is no rounded decimal.
    private static let ulpsMost: UInt64 = 15
    /// Integers up to here are doubles too.
    static let mantissaMost: Int64 = 1 << 53

    init(mantissa: Int64, ulps: Int64) {
        self.mantissa = mantissa
        self.ulps = ulps
    }

    /// Nil where the number is no decimal of this scale.
    init?(_ number: Double, scale: Int) {
        let power = Self.power(scale)
        let scaled = number * power
        // False for what is no number, too.
        guard scaled.magnitude <= Double(Self.mantissaMost) else { return nil }
        mantissa = Int64(scaled + (scaled < 0 ? -0.5 : 0.5))
        let decimal = Double(mantissa) / power
        ulps = Int64(bitPattern: number.bitPattern) &- Int64(bitPattern: decimal.bitPattern)
        guard ulps.magnitude <= Self.ulpsMost else { return nil }
    }

    /// The double that a mantissa and its distance stand for.
    static func double(mantissa: Int64, ulps: Int64, power: Double) -> Double {
        let decimal = Double(mantissa) / power
        return Double(bitPattern: UInt64(bitPattern: Int64(bitPattern: decimal.bitPattern) &+ ulps))
    }

    /// The scale at which most of these numbers are decimals, weighed against the bits that a
    /// larger scale costs each of them. Nil where none is a decimal.
    static func commonScale(_ numbers: [Double]) -> Int? {
        var counts = [Int](repeating: 0, count: scaleMost + 1)
        var hint = 0
        for number in numbers {
            guard let scale = leastScale(number, hint: hint) else { continue }
            counts[scale] += 1
            hint = scale
        }
        var best: (scale: Int, cost: Int)?
        var decimals = 0
        for scale in 0...scaleMost where counts[scale] > 0 {
            decimals += counts[scale]
            // A decimal digit takes 3.3 bits in each number; a number that is left out takes some
            // 56 bits.
            let cost = 33 * scale * decimals + 560 * (numbers.count - decimals)
            if best.map({ cost < $0.cost }) ?? true { best = (scale, cost) }
        }
        return best?.scale
    }

    /// The least scale for a number; neighbours mostly share one, so that is where it looks first.
    private static func leastScale(_ number: Double, hint: Int) -> Int? {
        var scale = DecimalNumber(number, scale: hint) == nil ? hint + 1 : hint
        if scale == hint {
            while scale > 0, DecimalNumber(number, scale: scale - 1) != nil { scale -= 1 }
            return scale
        }
        while scale <= scaleMost {
            if DecimalNumber(number, scale: scale) != nil { return scale }
            scale += 1
        }
        // Large numbers are decimals of small scales only.
        return hint > 0 && DecimalNumber(number, scale: 0) != nil ? 0 : nil
    }

    /// 10^scale, as a double without error.
    static func power(_ scale: Int) -> Double { Double(integerPower(scale)) }

    static func integerPower(_ scale: Int) -> Int64 {
        var power: Int64 = 1
        for _ in 0..<scale { power *= 10 }
        return power
    }
}
