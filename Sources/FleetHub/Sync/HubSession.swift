import SyncProtocol

/// What the hub knows of one open session. In memory: a hub that restarts has a new epoch, so every
/// session of the old one is reset and says hello again.
struct HubSession: Sendable {
    var wire: WireSession
    /// What the device said that it has joined, of epochs that moved since `since`.
    var known: CausalContext
    /// The device has joined all that the hub had at this commit.
    let since: UInt64
    /// Epochs that this device was found to own.
    var owned: Set<Epoch> = []
    /// The device has spoken in this session, so it lived when the session was opened.
    var isProven = false
    /// It greeted without the epoch that its device wrote in last: a card of an earlier time, or a
    /// new one. Told once the session is proven, as a greeting may be long on its way.
    var isBehind = false
    /// Own names that the last whole answer carried, and what it brought the device to.
    var answer: (mark: Int, context: CausalContext) = (0, CausalContext())
    /// What a full state brings that the device has not said to have read in full.
    var whole: CausalContext?
    var audit = Audit()

    /// The comparison of the documents in this session.
    struct Audit {
        /// Of the last comparison that was read: none is read twice.
        var number: UInt64 = 0
        /// Comparisons that are read until a root is asked for again.
        var left = 0
        /// A difference was found, and is not known to be repaired.
        var isDiverged = false
        /// The leaves of the last answer. Of these the device may tell cells of other writers.
        var leaves: [CellRange] = []
    }

    init(wire: WireSession, known: CausalContext, since: UInt64) {
        self.wire = wire
        self.known = known
        self.since = since
    }

    var device: Epoch { wire.device }

    /// Takes note of what the device has joined. Names of an answer that it joined need not be
    /// spelled again.
    mutating func onJoined(_ context: CausalContext) {
        known.merge(context)
        if known.covers(answer.context) { wire.names.confirm(answer.mark) }
    }
}
