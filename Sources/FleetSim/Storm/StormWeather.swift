import Platform

/// What the network does to a board, by the second.
struct StormWeather {
    enum Sky: UInt8 {
        case clear
        /// Nothing gets through.
        case cut
        /// The hub hears the board, which hears nothing.
        case deaf
        /// The board hears the hub, which hears nothing.
        case mute
    }

    /// All flapping boards are gone at once for twenty minutes, which is less than the policy's
    /// patience; before, it is calm so long that no silence is older.
    static let commonStarts = [8 * 3600, 16 * 3600]
    static let commonLength = 1200
    static let calmBefore = 2400

    private var changes: [(second: Int, sky: Sky)] = [(0, .clear)]

    /// - Parameter end: From then on all is well.
    init(end: Int, isFlapping: Bool, _ generator: inout SplitMix64) {
        guard isFlapping else { return }
        let isRestless = Bool.random(using: &generator)
        var second = Int.random(in: 600...1800, using: &generator)
        while second < end {
            if let common = Self.common(at: second) {
                let start = common + Int.random(in: 0...30, using: &generator)
                append(start, .cut)
                second = common + Self.commonLength
                append(second, .clear)
            }
            second += Int.random(in: isRestless ? 30...1200 : 900...5400, using: &generator)
            guard second < end, Self.common(at: second) == nil else { continue }
            let sky = [Sky.cut, .cut, .cut, .deaf, .mute].randomElement(using: &generator) ?? .cut
            append(second, sky)
            second += Self.length(&generator)
            if let common = Self.common(at: second) { second = common - Self.calmBefore }
            append(min(second, end), .clear)
        }
    }

    /// Mostly blips, sometimes hours.
    private static func length(_ generator: inout SplitMix64) -> Int {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<6: Int.random(in: 5...119, using: &generator)
        case 6..<8: Int.random(in: 120...600, using: &generator)
        case 8: Int.random(in: 600...3600, using: &generator)
        default: Int.random(in: 1200...7200, using: &generator)
        }
    }

    /// The common silence that a time is before, and so near that it is calm.
    static func common(at second: Int) -> Int? {
        commonStarts.first { ($0 - calmBefore..<$0 + commonLength).contains(second) }
    }

    private mutating func append(_ second: Int, _ sky: Sky) {
        // A length that reached into the calm was cut short, perhaps to nothing.
        while let last = changes.last, last.second >= second, changes.count > 1 {
            changes.removeLast()
        }
        changes.append((second, sky))
    }

    func sky(at second: Int) -> Sky {
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].second <= second { low = middle + 1 } else { high = middle }
        }
        return changes[max(0, low - 1)].sky
    }
}
