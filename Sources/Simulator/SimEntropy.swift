public import Platform

/// Randomness from a seed. Two of one seed are equal; give each machine its own.
public final class SimEntropy: Entropy, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.
    private var random: SimRandom

    /// The numbers of a seed.
    public init(seed: UInt64) { random = SimRandom(seed: seed) }

    public func next() -> UInt64 { random.next() }
}
