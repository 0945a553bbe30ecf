/// One opening of one replica's store, named by a random 64-bit nonce drawn before its first
/// write.
///
/// An epoch is never continued: a restored backup, a cloned card or a hub with an older database
/// opens a new one, so no dot is ever born twice. The nonce's lowest bit tells a hub's epochs (1)
/// from a device's (0); each side thereby knows without a table which dots the other may write.
public struct Epoch: Sendable, Hashable, Comparable {
    public enum Role: Sendable, Hashable { case device, hub }

    public let nonce: UInt64

    public init(nonce: UInt64) { self.nonce = nonce }

    /// An epoch from fresh entropy.
    public init(random: UInt64, role: Role) {
        nonce = role == .hub ? random | 1 : random & ~1
    }

    public var role: Role { nonce & 1 == 1 ? .hub : .device }

    /// Sixteen hexadecimal digits, as the API shows it.
    public var text: String {
        let digits = String(nonce, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    public init?(text: String) {
        // The integer's own reader would also take a sign.
        guard text.utf8.count == 16, text.allSatisfy(\.isHexDigit),
            let nonce = UInt64(text, radix: 16)
        else { return nil }
        self.nonce = nonce
    }

    public static func < (left: Self, right: Self) -> Bool { left.nonce < right.nonce }
}

/// The name of one write: born once, in one epoch of one document, and never renamed.
public struct Dot: Sendable, Hashable, Comparable {
    public let epoch: Epoch
    /// Counts the writes of this epoch to this document, from 1.
    public let counter: UInt64

    public init(epoch: Epoch, counter: UInt64) {
        self.epoch = epoch
        self.counter = counter
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.epoch, left.counter) < (right.epoch, right.counter)
    }
}

/// Which writes a replica has seen: for each epoch all of them up to a counter.
public struct CausalContext: Sendable, Hashable {
    public private(set) var counters: [Epoch: UInt64]

    public init(_ counters: [Epoch: UInt64] = [:]) { self.counters = counters }

    public var isEmpty: Bool { counters.isEmpty }

    /// The highest counter seen of an epoch; 0 where nothing was.
    public subscript(epoch: Epoch) -> UInt64 { counters[epoch] ?? 0 }

    public func covers(_ dot: Dot) -> Bool { dot.counter <= self[dot.epoch] }

    /// Whether everything that `other` has seen was seen here.
    public func covers(_ other: CausalContext) -> Bool {
        other.counters.allSatisfy { $0.value <= self[$0.key] }
    }

    public mutating func advance(_ epoch: Epoch, to counter: UInt64) {
        guard counter > self[epoch] else { return }
        counters[epoch] = counter
    }

    public mutating func merge(_ other: CausalContext) {
        for (epoch, counter) in other.counters { advance(epoch, to: counter) }
    }

    /// The entries in a fixed order, for encoding and for iteration that does not depend on hash
    /// seeds.
    public var sorted: [(epoch: Epoch, counter: UInt64)] {
        counters.sorted { $0.key < $1.key }.map { (epoch: $0.key, counter: $0.value) }
    }

    /// For each epoch the lower of both counters.
    public func limited(to other: CausalContext) -> CausalContext {
        CausalContext(
            counters.reduce(into: [:]) { limited, entry in
                let counter = min(entry.value, other[entry.key])
                if counter > 0 { limited[entry.key] = counter }
            })
    }
}
