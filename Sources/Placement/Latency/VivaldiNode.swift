public import Platform

/// One node's coordinate, which its own probes pull and push.
public struct VivaldiNode: Sendable {
    /// What became of a sample.
    public enum Outcome: Sendable, Hashable {
        case moved
        /// No time, no number, or a coordinate of another space.
        case refused
    }

    /// A peer that was probed.
    struct Peer: Sendable {
        var samples: [Double]
        var coordinate: VivaldiCoordinate
        var heard: MonotonicTime
        /// How much the direct path differs from the estimate, smoothed; 1 is not at all.
        var ratio: Double
    }

    public private(set) var coordinate: VivaldiCoordinate
    private(set) var peers: [String: Peer] = [:]
    private let settings: VivaldiSettings

    public init(_ settings: VivaldiSettings = VivaldiSettings()) {
        self.settings = settings
        coordinate = VivaldiCoordinate(
            position: Array(repeating: 0, count: settings.dimensions),
            height: settings.heightMin, error: 1)
    }

    /// Takes one probe of a peer, which said its coordinate with the answer. Only this node moves:
    /// a peer's own probes move the peer.
    ///
    /// - Parameter rtt: In milliseconds.
    @discardableResult public mutating func observe(
        _ peer: String, at remote: VivaldiCoordinate, rtt: Double, now: MonotonicTime,
        using random: inout some RandomNumberGenerator
    ) -> Outcome {
        guard rtt.isFinite, rtt >= 0, rtt <= settings.rttMax, remote.isFinite,
            remote.position.count == settings.dimensions
        else { return .refused }
        forget(before: now)
        var samples = peers[peer]?.samples ?? []
        samples.append(rtt)
        if samples.count > settings.medianOf { samples.removeFirst() }
        makeRoom(for: peer)
        let filtered = Self.median(samples)
        let ratio = Self.ratio(filtered, coordinate.distance(to: remote))
        let before = peers[peer]?.ratio ?? ratio
        peers[peer] = Peer(
            samples: samples, coordinate: remote, heard: now, ratio: before * 0.75 + ratio * 0.25)
        pull(towards: remote, rtt: filtered, using: &random)
        return .moved
    }

    /// Moves once more by what is remembered of each peer that is not stale: samples are dear on a
    /// metered link, arithmetic is not.
    ///
    /// - Parameter current: A peer's newer coordinate, where one is known.
    public mutating func rehearse(
        now: MonotonicTime, using random: inout some RandomNumberGenerator,
        current: (String) -> VivaldiCoordinate?
    ) {
        forget(before: now)
        for name in peers.keys.sorted().shuffled(using: &random) {
            guard var peer = peers[name] else { continue }
            if let newer = current(name), newer.isFinite,
                newer.position.count == settings.dimensions
            {
                peer.coordinate = newer
                peers[name] = peer
            }
            pull(towards: peer.coordinate, rtt: Self.median(peer.samples), using: &random)
        }
    }

    /// The RTT to a peer in milliseconds: what was measured where it was and is not stale, for a
    /// direct path may be far from any estimate where the triangle inequality does not hold; else
    /// the distance in the space.
    public func estimate(
        _ peer: String, at remote: VivaldiCoordinate?, now: MonotonicTime
    ) -> Double? {
        if let known = peers[peer],
            now - known.heard <= Milliseconds(settings.staleAfterMilliseconds)
        {
            return Self.median(known.samples)
        }
        guard let remote, remote.isFinite, remote.position.count == settings.dimensions else {
            return nil
        }
        return coordinate.distance(to: remote)
    }

    /// Peers whose measured RTT is more than `factor` times the estimate or less than its part:
    /// where the triangle inequality is broken no coordinates can be right, so they are named.
    public func violations(factor: Double = 2) -> [String] {
        peers.filter { $0.value.ratio > factor || $0.value.ratio < 1 / factor }.keys.sorted()
    }

    private static func ratio(_ rtt: Double, _ estimate: Double) -> Double {
        estimate > 0 && rtt > 0 ? min(max(rtt / estimate, 0.01), 100) : 1
    }

    /// The paper's algorithm of §3.4 with heights (§5.4).
    private mutating func pull(
        towards remote: VivaldiCoordinate, rtt: Double,
        using random: inout some RandomNumberGenerator
    ) {
        let sample = max(rtt, settings.heightMin)
        let estimate = coordinate.distance(to: remote)
        let weight =
            coordinate.error + remote.error > 0
            ? coordinate.error / (coordinate.error + remote.error) : 0.5
        let off = abs(estimate - sample) / sample
        let share = settings.errorStep * weight
        coordinate.error = min(
            settings.errorMax, max(0.001, off * share + coordinate.error * (1 - share)))
        let force = settings.step * weight * (sample - estimate)

        let span = coordinate.span(to: remote)
        if span > 1e-6 {
            for axis in coordinate.position.indices {
                let direction = (coordinate.position[axis] - remote.position[axis]) / span
                coordinate.position[axis] += direction * force * span / max(estimate, 1e-9)
            }
        } else if force > 0 {
            // On one spot there is no direction; a random one takes them apart.
            var direction = coordinate.position.map { _ in Double.random(in: -1...1, using: &random)
            }
            let length = max(direction.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-9)
            for axis in direction.indices { direction[axis] /= length }
            for axis in direction.indices { coordinate.position[axis] += direction[axis] * force }
        }
        // The force on the height is its share of the vector's length.
        let lift = force * (coordinate.height + remote.height) / max(estimate, 1e-9)
        coordinate.height = max(settings.heightMin, coordinate.height + lift)
    }

    private mutating func forget(before now: MonotonicTime) {
        let limit = Milliseconds(settings.staleAfterMilliseconds)
        for name in peers.filter({ now - $0.value.heard > limit }).keys { peers[name] = nil }
    }

    private mutating func makeRoom(for peer: String) {
        guard peers[peer] == nil, peers.count >= settings.peersMax else { return }
        let oldest = peers.min {
            ($0.value.heard, $0.key) < ($1.value.heard, $1.key)
        }
        if let oldest { peers[oldest.key] = nil }
    }

    static func median(_ samples: [Double]) -> Double {
        let sorted = samples.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
