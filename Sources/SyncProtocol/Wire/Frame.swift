import Platform

/// Where a hub's history stood: one of its epochs and the number of a commit in it.
public struct HubReference: Sendable, Hashable {
    public let epoch: Epoch
    public let commit: UInt64

    public init(epoch: Epoch, commit: UInt64) {
        self.epoch = epoch
        self.commit = commit
    }
}

/// One message between a device and its hub. Which document it is about follows from the link:
/// a device speaks for its own document alone.
public enum Frame: Sendable, Hashable {
    // Device to hub.
    /// Opens a session. The hub answers `state`, or `want` where it does not know `reference`.
    case hello(request: UInt64, epoch: Epoch, reference: HubReference?, context: CausalContext)
    /// All that the device holds, after a `want`.
    case seed(request: UInt64, deltas: [IntervalDelta], isLast: Bool)
    /// What the device wrote, and how far it has read the hub's epochs. Empty as a question.
    case up(session: Epoch, epoch: Epoch, deltas: [IntervalDelta], hubContext: CausalContext)
    case log(session: Epoch, batch: LogBatch)

    // Hub to device.
    case state(
        request: UInt64, session: Epoch, reference: HubReference, context: CausalContext,
        deltas: [IntervalDelta], isLast: Bool)
    case want(request: UInt64)
    /// The answer to `up`. `winners` are the current cells of the keys that `up` named, where
    /// they differ from what it said.
    case down(
        session: Epoch, reference: HubReference, acknowledged: CausalContext,
        deltas: [IntervalDelta], winners: [Cell], isLast: Bool)
    /// Everything of this sequence up to `upto` is committed at the hub.
    case logAcknowledged(session: Epoch, sequence: LogSequence, upto: UInt64)
    /// The session is not this hub's, or a base is missing: say hello again.
    case reset(session: Epoch)
    /// The hub has something; send `up` to get it.
    case hint(session: Epoch)
    /// The hub will not hear this device.
    case refused(reason: String)
}

extension Frame {
    /// The type's tag on the wire. New tags are added, none is reused.
    var tag: UInt8 {
        switch self {
        case .hello: 1
        case .seed: 2
        case .up: 3
        case .log: 4
        case .state: 16
        case .want: 17
        case .down: 18
        case .logAcknowledged: 19
        case .reset: 20
        case .hint: 21
        case .refused: 22
        }
    }
}
