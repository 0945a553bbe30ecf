public import Platform

/// Where a hub's history stood: one of its epochs and the number of a commit in it.
public struct HubReference: Sendable, Hashable {
    public let epoch: Epoch
    public let commit: UInt64

    public init(epoch: Epoch, commit: UInt64) {
        self.epoch = epoch
        self.commit = commit
    }
}

/// One message between a device and its hub about one document.
public enum Frame: Sendable, Hashable {
    // Device to hub.
    case hello(Hello)
    /// All that the device holds, after a `want`.
    case seed(request: UInt64, deltas: [IntervalDelta], isLast: Bool)
    case up(Up)
    case log(LogBatch)
    /// Asks where both hold other cells of a document, having seen the same writes.
    case compare(Compare)

    // Hub to device.
    case state(State)
    /// The hub does not know the history that the device has joined, and wants all that the
    /// device holds beyond `have`, which it got that way already.
    case want(request: UInt64, have: CausalContext)
    case down(Down)
    /// Everything of this sequence up to `upto` is committed at the hub.
    case logAcknowledged(sequence: LogSequence, upto: UInt64)
    case differ(Differ)
    /// The session is not this hub's, or a base is missing: say hello again.
    case reset
    /// This opening of the hub's store is there, and may have something: ask for it.
    case hint(hub: Epoch)
    /// The hub will not hear this device.
    case refused(reason: String)

    /// Opens a session. The hub answers `state`, or `want` where it does not know `reference`.
    public struct Hello: Sendable, Hashable {
        /// Echoed by the answer, so that an answer to an older greeting is none to this one.
        public var request: UInt64
        public var epoch: Epoch
        /// The hub state that the device has joined last.
        public var reference: HubReference?
        /// What the device has seen of the epochs that advanced there last. Of the others it has
        /// seen what the hub had at `reference`.
        public var recent: CausalContext
        /// What the hub has not confirmed, or the first part of it: joined at once where the base
        /// suffices, else left to an `up`.
        public var deltas: [IntervalDelta]

        public init(
            request: UInt64, epoch: Epoch, reference: HubReference?, recent: CausalContext,
            deltas: [IntervalDelta] = []
        ) {
            self.request = request
            self.epoch = epoch
            self.reference = reference
            self.recent = recent
            self.deltas = deltas
        }
    }

    /// What the device wrote, and how far it has read the hub. Empty as a question.
    public struct Up: Sendable, Hashable {
        /// Counts the questions of a session, wrapping at 256.
        public var question: UInt8
        public var deltas: [IntervalDelta]
        /// What the device has joined since its last question.
        public var joined: CausalContext
        /// The device would compare what it holds. Only where it joined nothing, or of the session's
        /// hub epoch alone, is there a place for it; a hub that knows of no roots reads over it.
        public var asksRoot: Bool

        public init(
            question: UInt8, deltas: [IntervalDelta], joined: CausalContext, asksRoot: Bool = false
        ) {
            self.question = question
            self.deltas = deltas
            self.joined = joined
            self.asksRoot = asksRoot
        }
    }

    /// The answer to `hello`: what the device lacks.
    public struct State: Sendable, Hashable {
        public var request: UInt64
        public var reference: HubReference
        /// The hub's time, from which stamps of the session are counted.
        public var time: WallTime
        /// What the hub has seen of the epochs that the greeting named, and of all that it sends.
        public var context: CausalContext
        public var deltas: [IntervalDelta]
        /// Current registers that the greeting's writes named, where they differ.
        public var winners: [Cell]
        public var dead: [Dot]
        public var isLast: Bool

        public init(
            request: UInt64, reference: HubReference, time: WallTime, context: CausalContext,
            deltas: [IntervalDelta], winners: [Cell] = [], dead: [Dot] = [], isLast: Bool
        ) {
            self.request = request
            self.reference = reference
            self.time = time
            self.context = context
            self.deltas = deltas
            self.winners = winners
            self.dead = dead
            self.isLast = isLast
        }
    }

    /// The answer to `up`; or, where it answers none, the hub's own news.
    public struct Down: Sendable, Hashable {
        /// The question that this answers; nil for news.
        public var question: UInt8?
        /// The hub's commit in which this was true.
        public var commit: UInt64
        /// What is committed of the device's epochs, of those that the question named.
        public var acknowledged: CausalContext
        public var deltas: [IntervalDelta]
        /// Current registers that the question named, where they differ from what it said and
        /// the deltas do not bring them.
        public var winners: [Cell]
        /// Writes of the question that are no longer held, in sets and multi-value registers.
        public var dead: [Dot]
        /// What the device has seen once all parts are joined; empty where this is the only one.
        public var complete: CausalContext
        /// The sum of all that the hub holds at its commit, where the question asked for it.
        public var root: UInt64?
        public var isLast: Bool

        public init(
            question: UInt8?, commit: UInt64, acknowledged: CausalContext = CausalContext(),
            deltas: [IntervalDelta], winners: [Cell] = [], dead: [Dot] = [],
            complete: CausalContext = CausalContext(), root: UInt64? = nil,
            isLast: Bool = true
        ) {
            self.question = question
            self.commit = commit
            self.complete = complete
            self.root = root
            self.acknowledged = acknowledged
            self.deltas = deltas
            self.winners = winners
            self.dead = dead
            self.isLast = isLast
        }
    }
}
