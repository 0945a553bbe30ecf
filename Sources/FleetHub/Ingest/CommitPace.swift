import Platform

/// When the next group is committed. After a quiet time at once; under load not sooner than an
/// interval after the one before, so that frames gather: a commit costs as much for one frame as for
/// a hundred.
struct CommitPace: Sendable {
    let interval: Milliseconds
    private var last: MonotonicTime?

    init(interval: Milliseconds) { self.interval = interval }

    /// Nil where the group may be committed now.
    ///
    /// - Parameter isFull: As many frames wait as a group has.
    func wait(_ now: MonotonicTime, isFull: Bool) -> MonotonicTime? {
        guard !isFull, let last, now >= last, now - last < interval else { return nil }
        return last + interval
    }

    mutating func onCommit(_ now: MonotonicTime) { last = now }
}
