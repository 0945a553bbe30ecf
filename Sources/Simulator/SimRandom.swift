public import Platform

/// Numbers from a seed (splitmix64, Steele et al., "Fast Splittable Pseudorandom Number
/// Generators", 2014): the same in every run and on every machine.
public struct SimRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A generator that repeats itself for an equal seed.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number in `0..<bound`; 0 for a bound below 1.
    public mutating func below(_ bound: Int) -> Int {
        bound < 1 ? 0 : Int(next() % UInt64(bound))
    }

    /// True in `percent` of a hundred cases.
    public mutating func chance(percent: Int) -> Bool { below(100) < percent }

    /// A span from `least` to `most`, both included.
    public mutating func span(_ least: Milliseconds, _ most: Milliseconds) -> Milliseconds {
        least + Milliseconds(Int64(below(Int(most.count - least.count) + 1)))
    }
}
