public import Platform

/// Exponential backoff with full jitter: a wait is drawn from zero to a ceiling that doubles, so
/// that a fleet which lost its hub at one moment does not return at one moment.
public struct Backoff: Sendable {
    public let first: Milliseconds
    public let maximum: Milliseconds
    private var attempts = 0

    public init(first: Milliseconds, maximum: Milliseconds) {
        self.first = first
        self.maximum = maximum
    }

    public mutating func next(_ entropy: any Entropy) -> Milliseconds {
        let doubled = first * (1 << Int64(min(attempts, 20)))
        let ceiling = min(doubled, maximum)
        attempts += 1
        return Milliseconds(Int64(entropy.below(UInt64(max(ceiling.count, 0)) + 1)))
    }

    public mutating func reset() { attempts = 0 }
}
