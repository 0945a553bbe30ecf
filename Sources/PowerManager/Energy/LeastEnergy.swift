/// The speeds of the schedule that no other can beat: known arrivals, known work, and each burst
/// done by its deadline (Yao, Demers and Shenker, "A scheduling model for reduced CPU energy",
/// 1995).
///
/// Where the first to come is the first due, the schedule is the shortest path between two
/// staircases: work that has arrived, above, and work that is due, below. The string pulled taut
/// between them has the least energy for every convex power at once, so one walk serves all
/// constants. Discrete steps and the critical speed are in the power's hull
/// (`EnergyModel.hull`).
public struct LeastEnergy: Sendable {
    /// A stretch at one mean speed.
    public struct Piece: Sendable, Hashable {
        public let seconds: Double
        /// Work for each second; 1 is the highest clock.
        public let speed: Double
    }

    /// In the order of time, from 0 to the end.
    public let pieces: [Piece]

    /// - Parameters:
    ///   - bursts: rising by arrival.
    ///   - due: when each is due, rising; not before what the highest clock can do.
    ///   - end: when the path ends; not before the last is due.
    public init(bursts: [Burst], due: [Double], end: Double) {
        var walk = Walk(bursts: bursts, due: due, end: end)
        pieces = walk.pull()
    }

    /// Joules of the processor.
    public func joules(_ hull: PowerHull) -> Double {
        pieces.reduce(0) { $0 + $1.seconds * hull.watts($1.speed) }
    }

    /// When each burst is done with the highest clock at all times: nobody can be earlier.
    public static func earliest(_ bursts: [Burst]) -> [Double] {
        var free = 0.0
        return bursts.map { burst in
            free = max(free, burst.arrival) + burst.work
            return free
        }
    }
}

/// A corner of the staircases.
private struct Post {
    var time: Double
    var work: Double
    /// The path must be at or above here; else at or below.
    var isFloor: Bool
}

private struct Walk {
    private var posts: [Post] = []
    private let end: Double

    init(bursts: [Burst], due: [Double], end: Double) {
        self.end = end
        posts.reserveCapacity(bursts.count * 2 + 1)
        var (arrived, done) = (0.0, 0.0)
        for (burst, due) in zip(bursts, due) {
            // Before an arrival no more can be done than what came earlier.
            posts.append(Post(time: burst.arrival, work: arrived, isFloor: false))
            arrived += burst.work
            done += burst.work
            posts.append(Post(time: due, work: done, isFloor: true))
        }
        // At one moment, what is due comes before what caps.
        posts.sort {
            ($0.time, $0.isFloor ? 0 : 1, $0.work) < ($1.time, $1.isFloor ? 0 : 1, $1.work)
        }
        // Both, so that the path ends there.
        posts.append(Post(time: end, work: arrived, isFloor: true))
        posts.append(Post(time: end, work: arrived, isFloor: false))
    }

    /// From each corner of the path, the two steepest and the two flattest sight lines narrow
    /// until one post lies outside them; the path then bends at the post that made that line.
    mutating func pull() -> [LeastEnergy.Piece] {
        var pieces: [LeastEnergy.Piece] = []
        var (time, work, start) = (0.0, 0.0, 0)
        while time < end {
            var (low, high) = (0.0, Double.infinity)
            var (lowPost, highPost) = (-1, -1)
            var bend = posts.count - 1
            search: for index in start..<posts.count {
                let post = posts[index]
                let span = post.time - time
                let rise = post.work - work
                guard span > 1e-12 else { continue }
                let slope = rise / span
                if post.isFloor {
                    guard slope >= low else { continue }
                    if slope > high {
                        bend = highPost
                        break search
                    }
                    (low, lowPost) = (slope, index)
                } else {
                    guard slope <= high else { continue }
                    if slope < low {
                        bend = lowPost
                        break search
                    }
                    (high, highPost) = (max(slope, 0), index)
                }
            }
            let to = posts[bend]
            let speed = max(0, to.work - work) / (to.time - time)
            pieces.append(.init(seconds: to.time - time, speed: speed))
            (time, work, start) = (to.time, to.work, bend + 1)
        }
        return pieces
    }
}
