import Platform

/// Numbers for the epochs and requests of one replica.
///
/// Equal stamps are decided by the greater epoch, and a script says that they are decided by the
/// greater name: so a replica's epochs begin with its name's place among all names.
final class BenchEntropy: Entropy, @unchecked Sendable {
    // @unchecked: used on one thread.
    private var random: SplitMix64
    private let rank: UInt64
    private var openings: UInt64 = 0

    init(rank: Int, seed: UInt64) {
        self.rank = UInt64(rank)
        random = SplitMix64(seed: seed)
    }

    func next() -> UInt64 { random.next() }

    /// The bits of the next opening's epoch: later ones are greater.
    func opening() -> UInt64 {
        openings += 1
        return rank << 48 | openings << 16 | next() >> 48
    }
}
