/// The seam to randomness: epochs, jitter, request ids.
public protocol Entropy: Sendable {
    func next() -> UInt64
}

extension Entropy {
    /// A number in `0..<bound`; 0 for a bound of 0. Not for secrets: slightly biased.
    public func below(_ bound: UInt64) -> UInt64 { bound == 0 ? 0 : next() % bound }
}
