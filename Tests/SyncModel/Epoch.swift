/// Who opens a store: the hub, or a device by its key. A cloned board has the key of its original.
public enum Owner: UInt8, Sendable, Hashable, CaseIterable {
    case hub, first, second
}

/// One opening of one store. Never continued: every opening draws a new one.
public struct Epoch: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let nonce: UInt64
    public let owner: Owner

    init(opening: Int, owner: Owner) {
        self.owner = owner
        nonce = Epoch.nonce(opening: opening, owner: owner)
    }

    /// What the n-th opening of any store in a run draws, the hub's first being number 0. An
    /// engine that is to be compared with the model draws the same, because the order of epochs
    /// decides between equal stamps.
    public static func nonce(opening: Int, owner: Owner) -> UInt64 {
        var z = (UInt64(opening) &+ 1) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return owner == .hub ? z | 1 : z & ~1
    }

    public static func == (left: Self, right: Self) -> Bool { left.nonce == right.nonce }
    public static func < (left: Self, right: Self) -> Bool { left.nonce < right.nonce }
    public func hash(into hasher: inout Hasher) { hasher.combine(nonce) }

    public var description: String { "\(owner).\(String(nonce >> 48, radix: 16))" }
}

/// The name of one write, given once and never changed.
struct Dot: Sendable, Equatable, CustomStringConvertible {
    let epoch: Epoch
    let counter: Int

    var description: String { "\(epoch)#\(counter)" }
}

/// Exactly which dots a replica has seen: all up to a counter, for each epoch.
struct Context: Sendable {
    struct Entry: Sendable {
        let epoch: Epoch
        var counter: Int
        /// When it last advanced: the hub's commit, or the device's own step.
        var moment: Int
    }

    /// In the order of first sight, so that nothing depends on hashing.
    private(set) var entries: [Entry] = []

    subscript(epoch: Epoch) -> Int {
        for entry in entries where entry.epoch == epoch { return entry.counter }
        return 0
    }

    func names(_ epoch: Epoch) -> Bool { entries.contains { $0.epoch == epoch } }
    func covers(_ dot: Dot) -> Bool { self[dot.epoch] >= dot.counter }

    /// True where every entry of `other` is reached.
    func covers(_ other: Context) -> Bool {
        other.entries.allSatisfy { self[$0.epoch] >= $0.counter }
    }

    @discardableResult
    mutating func advance(_ epoch: Epoch, to counter: Int, at moment: Int = 0) -> Bool {
        for index in entries.indices where entries[index].epoch == epoch {
            guard counter > entries[index].counter else { return false }
            entries[index].counter = counter
            entries[index].moment = moment
            return true
        }
        entries.append(Entry(epoch: epoch, counter: counter, moment: moment))
        return counter > 0
    }

    /// The entries that advanced last.
    func recent(_ count: Int) -> Context {
        guard entries.count > count else { return self }
        var left = entries
        var chosen = Context()
        for _ in 0..<count {
            var best = 0
            for index in left.indices where left[index].moment > left[best].moment { best = index }
            chosen.entries.append(left.remove(at: best))
        }
        return chosen
    }
}

/// A commit of the hub: how far a device has read, and whether this hub is still the one it read.
struct Reference: Sendable, Equatable {
    let hub: Epoch
    let commit: Int
}
