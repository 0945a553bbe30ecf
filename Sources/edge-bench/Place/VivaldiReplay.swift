import Placement
import Platform

/// Nodes that probe each other on a matrix, one after the other, each its own peers only.
struct VivaldiReplay {
    let matrix: LatencyMatrix
    /// Probes that each node sends, each to another peer while there are others.
    let probes: Int
    /// Passes over remembered samples after each probe; 0 is the paper's algorithm as it stands.
    let rehearsals: Int
    private(set) var nodes: [VivaldiNode]
    private var random: SplitMix64
    private var peers: [[Int]]
    private var wasProbed: [Bool]
    private var round = 0

    init(_ matrix: LatencyMatrix, probes: Int, rehearsals: Int, seed: UInt64) {
        self.matrix = matrix
        self.probes = probes
        self.rehearsals = rehearsals
        random = SplitMix64(seed: seed)
        nodes = Array(repeating: VivaldiNode(), count: matrix.sites)
        wasProbed = Array(repeating: false, count: matrix.sites * matrix.sites)
        var generator = random
        peers = (0..<matrix.sites).map { node in
            let known = (0..<matrix.sites).filter {
                $0 != node && matrix.isKnown[node * matrix.sites + $0]
            }
            return Array(known.shuffled(using: &generator).prefix(probes))
        }
        random = generator
    }

    /// A probe of every node.
    mutating func step() {
        let now = MonotonicTime(milliseconds: Int64(round) * 10_000)
        for node in nodes.indices.shuffled(using: &random) where !peers[node].isEmpty {
            let peer = peers[node][round % peers[node].count]
            wasProbed[node * matrix.sites + peer] = true
            // The answer carries the peer's coordinate of now; later ones are not heard of.
            nodes[node].observe(
                String(peer), at: nodes[peer].coordinate, rtt: matrix[node, peer], now: now,
                using: &random)
            for _ in 0..<rehearsals {
                nodes[node].rehearse(now: now, using: &random) { _ in nil }
            }
        }
        round += 1
    }

    /// Nodes that are new: they know nothing and start to probe other peers.
    mutating func replace(_ share: Double) -> [Int] {
        let count = Int(Double(nodes.count) * share)
        let gone = Array(nodes.indices.shuffled(using: &random).prefix(count))
        for node in gone {
            nodes[node] = VivaldiNode()
            peers[node].shuffle(using: &random)
        }
        return gone
    }

    /// Relative errors over pairs that neither side has probed, sorted.
    func errors(of chosen: [Int]? = nil) -> [Double] {
        var out: [Double] = []
        let sites = matrix.sites
        for node in chosen ?? Array(nodes.indices) {
            for other in nodes.indices where other != node {
                let pair = node * sites + other
                let rtt = matrix.values[pair]
                guard matrix.isKnown[pair], rtt > 0, !wasProbed[pair],
                    !wasProbed[other * sites + node]
                else { continue }
                let estimate = nodes[node].coordinate.distance(to: nodes[other].coordinate)
                out.append(abs(estimate - rtt) / rtt)
            }
        }
        return out.sorted()
    }

    static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
}
