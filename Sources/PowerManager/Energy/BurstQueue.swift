/// Bursts in the order of their arrival, and how far they are done.
struct BurstQueue: Sendable {
    let bursts: [Burst]
    /// Seconds from arrival to deadline.
    let deadline: Double
    /// The oldest that is not done.
    private(set) var first = 0
    /// One past the last that arrived: a governor may look at `first..<end` only.
    private(set) var end = 0
    /// Work done of the first.
    private(set) var done = 0.0
    /// Bursts done after their deadline.
    private(set) var missed = 0

    init(_ bursts: [Burst], deadline: Double) {
        self.bursts = bursts
        self.deadline = deadline
    }

    var isEmpty: Bool { first == end }

    /// One step at one speed. Arrivals and ends inside it are exact.
    ///
    /// - Returns: the seconds in which there was work.
    mutating func advance(from start: Double, speed: Double) -> Double {
        let stop = start + Governor.step
        var (time, busy) = (start, 0.0)
        while time < stop {
            while end < bursts.count, bursts[end].arrival <= time { end += 1 }
            let until = end < bursts.count ? min(stop, bursts[end].arrival) : stop
            if isEmpty {
                time = until
                continue
            }
            let needed = max(0, bursts[first].work - done) / speed
            if time + needed <= until {
                time += needed
                busy += needed
                if time > bursts[first].arrival + deadline + 1e-9 { missed += 1 }
                first += 1
                done = 0
            } else {
                done += (until - time) * speed
                busy += until - time
                time = until
            }
        }
        return min(busy, Governor.step)
    }

    /// Work and bursts that nobody finished.
    var left: (work: Double, bursts: Int) {
        (bursts[first...].reduce(-done) { $0 + $1.work }, bursts.count - first)
    }
}
