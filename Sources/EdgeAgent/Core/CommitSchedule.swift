import Platform

/// When what is staged must be committed: an alarm at once, an event soon, telemetry together
/// with much other telemetry, as each commit wears the card.
struct CommitSchedule {
    struct Settings {
        var event: Milliseconds
        var telemetry: Milliseconds
        /// Acknowledged rows may wait for the next commit: after a restart they are sent again,
        /// and the hub knows them.
        var acknowledgement: Milliseconds = 600_000
    }

    let settings: Settings
    /// When to commit at the latest; nil where nothing is staged.
    private(set) var deadline: MonotonicTime?

    init(settings: Settings) { self.settings = settings }

    mutating func onStaged(_ priority: MessagePriority, at now: MonotonicTime) {
        let span: Milliseconds =
            switch priority {
            case .alarm: 0
            case .event: settings.event
            case .telemetry: settings.telemetry
            }
        bring(forward: now + span)
    }

    mutating func onAcknowledged(at now: MonotonicTime) {
        bring(forward: now + settings.acknowledgement)
    }

    mutating func onRequested(at now: MonotonicTime) { bring(forward: now) }

    mutating func onCommitted() { deadline = nil }

    /// A commit failed; the next try is later, and nothing staged is given up.
    mutating func onFailed(at now: MonotonicTime) { deadline = now + 1000 }

    private mutating func bring(forward time: MonotonicTime) {
        deadline = deadline.map { min($0, time) } ?? time
    }
}
