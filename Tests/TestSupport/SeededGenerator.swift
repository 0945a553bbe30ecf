import Foundation
import Platform

/// A random sequence that a seed repeats, and that tells its seed.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var generator: SplitMix64

    public init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    /// A new seed for each run, printed; the variable SEED repeats a run. CI sets CI_SEED by the
    /// commit, so that each commit tries another and a finding is repeated from the commit alone.
    public static func announced(for test: String) -> SeededGenerator {
        let environment = ProcessInfo.processInfo.environment
        let given = (environment["SEED"] ?? environment["CI_SEED"]).flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("\(test): SEED=\(seed)")
        return SeededGenerator(seed: seed)
    }

    public mutating func next() -> UInt64 { generator.next() }

    /// True once in `count` times.
    public mutating func once(in count: Int) -> Bool {
        Int.random(in: 0..<count, using: &self) == 0
    }
}
