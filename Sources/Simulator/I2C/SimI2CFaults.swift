/// What goes wrong on a simulated bus, by a script or a seed.
///
/// A script has words such as `3:nack 5:flip=12 7:stuck=2 9:slow 11:lost`: the number of a transfer
/// from 1 on, and what happens to it. `flip` names a bit of the answer, the first byte's highest is
/// 0; `stuck` how many transfers find a line low.
public struct SimI2CFaults: Sendable {
    public enum Fault: Sendable, Hashable {
        case nack
        case flip(Int)
        case stuck(Int)
        case slow
        case lost
    }

    private var script: [Int: Fault] = [:]
    private var seeded: (random: SimRandom, once: Int)?

    public init() {}

    /// Nil for a word that is none.
    public init?(_ text: String) {
        for word in text.split(separator: " ") {
            let parts = word.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let number = Int(parts[0]), number > 0,
                let fault = Self.fault(parts[1])
            else { return nil }
            script[number] = fault
        }
    }

    /// About one transfer of `once` fails, in a way that the seed decides.
    public init(seed: UInt64, once: Int) { seeded = (SimRandom(seed: seed), max(once, 1)) }

    private static func fault(_ text: Substring) -> Fault? {
        let parts = text.split(separator: "=", maxSplits: 1)
        let number = parts.count == 2 ? Int(parts[1]) : nil
        switch (parts.first, number) {
        case ("nack", nil): return .nack
        case ("slow", nil): return .slow
        case ("lost", nil): return .lost
        case ("flip", let bit?) where bit >= 0: return .flip(bit)
        case ("stuck", let count?) where count > 0: return .stuck(count)
        default: return nil
        }
    }

    mutating func next(_ number: Int) -> Fault? {
        if let fault = script[number] { return fault }
        guard var random = seeded?.random, let once = seeded?.once else { return nil }
        defer { seeded = (random, once) }
        guard random.below(once) == 0 else { return nil }
        switch random.below(5) {
        case 0: return .nack
        case 1: return .flip(random.below(64))
        case 2: return .stuck(random.below(4) + 1)
        case 3: return .slow
        default: return .lost
        }
    }
}
