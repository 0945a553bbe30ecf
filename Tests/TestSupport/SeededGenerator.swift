import Foundation

/// SplitMix64: a random sequence that a seed repeats.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    /// A new seed for each run, printed; the variable SEED repeats a run. CI sets CI_SEED by the
    /// commit, so that each commit tries another and a finding is repeated from the commit alone.
    public static func announced(for test: String) -> SeededGenerator {
        let environment = ProcessInfo.processInfo.environment
        let given = (environment["SEED"] ?? environment["CI_SEED"]).flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("\(test): SEED=\(seed)")
        return SeededGenerator(seed: seed)
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// True once in `count` times.
    public mutating func once(in count: Int) -> Bool {
        Int.random(in: 0..<count, using: &self) == 0
    }
}
