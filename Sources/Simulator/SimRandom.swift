public import Platform

/// What a simulated world draws from its seed.
public struct SimRandom: RandomNumberGenerator, Sendable {
    private var generator: SplitMix64

    /// A generator that repeats itself for an equal seed.
    public init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    /// The next 64 bits.
    public mutating func next() -> UInt64 { generator.next() }

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
