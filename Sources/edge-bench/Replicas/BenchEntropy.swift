import Platform

/// Numbers for the epochs and requests of one replica.
///
/// Equal stamps are decided by the greater epoch, and a script says that they are decided by the
/// greater name: so a replica's epochs begin with its name's place among all names.
final class BenchEntropy: Entropy, @unchecked Sendable {
    // @unchecked: used on one thread.
    private var state: UInt64
    private let rank: UInt64
    private var openings: UInt64 = 0

    init(rank: Int, seed: UInt64) {
        self.rank = UInt64(rank)
        state = seed
    }

    /// SplitMix64.
    func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// The bits of the next opening's epoch: later ones are greater.
    func opening() -> UInt64 {
        openings += 1
        return rank << 48 | openings << 16 | next() >> 48
    }
}
