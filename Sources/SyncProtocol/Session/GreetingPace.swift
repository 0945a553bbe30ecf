import Platform

/// How soon a device greets again, and with what, where its sessions end because of what is in
/// them: an answer that builds on what is not there, or a hub that knows no such session.
///
/// The first such end may be that of an old story, so a greeting follows at once. Where the next
/// sessions end so too, greetings come later and later, and every second one asks the hub for all
/// that it has: what goes on from the reference may never join.
struct GreetingPace: Sendable {
    /// Sessions in a row of which no second question was answered.
    private(set) var failures = 0
    private var isAnswered = false
    /// The hub that the last session stood with.
    private var hub: Epoch?
    /// The hub that is asked for all that it has. It has just known the reference; at another
    /// opening of it, the answer to this greeting would not show that history was lost.
    private var askedForAll: Epoch?

    /// Seldom, and more seldom the longer it lasts: what is told is a row of the log, which this
    /// link has to carry.
    var isWorthTelling: Bool { failures.nonzeroBitCount == 1 }

    mutating func onOpened(by hub: Epoch) {
        self.hub = hub
        isAnswered = false
    }

    mutating func onAnswered() {
        if isAnswered { self = GreetingPace() }
        isAnswered = true
    }

    /// The hub forgot the session. Where a question of it had been answered, that is no failure of
    /// this one but how two boards with one key take turns.
    mutating func onForgotten() { if isAnswered { self = GreetingPace() } }

    /// - Returns: How long the next greeting waits.
    mutating func onFailed(first: Milliseconds, maximum: Milliseconds) -> Milliseconds? {
        failures += 1
        guard failures > 1 else { return nil }
        askedForAll = askedForAll == nil ? hub : nil
        var wait = first
        for _ in 2..<min(failures, 16) { wait = min(wait * 2, maximum) }
        return wait
    }

    /// What the next greeting names as the hub state joined last: of the same lineage, so that a
    /// hub that lost it says so, and before the first commit where all is asked for.
    func named(_ reference: HubReference?) -> HubReference? {
        guard askedForAll != nil, let reference else { return reference }
        return HubReference(epoch: reference.epoch, commit: 0)
    }

    /// Whether an answer from this hub may open a session; where not, greet again.
    mutating func accepts(_ hub: Epoch) -> Bool {
        guard let askedForAll, askedForAll != hub else { return true }
        self.askedForAll = nil
        return false
    }
}
