#if EDGE_MUTANTS
    /// A rule of the sync to break, so that the simulation which proves the rules can be proved
    /// itself. Only in builds with EDGE_MUTANTS; a release has none of it.
    public enum SyncMutant: String, Sendable, CaseIterable {
        /// Deltas are joined whatever they build on.
        case joinWithoutBase = "join-without-base"
        /// What arrived last wins, not what was written last.
        case lastArrivalWins = "last-arrival-wins"
        /// Removal records are not carried out.
        case removalsIgnored = "removals-ignored"
        /// What was seen is known to the process alone, and cells to the disk.
        case contextNotStored = "context-not-stored"
        /// Removal records are forgotten with the commit that made them.
        case removalsForgotten = "removals-forgotten"
        /// Collected records do not raise the floor.
        case floorNotRaised = "floor-not-raised"
        /// A device goes on in the epoch of its last opening.
        case deviceEpochKept = "device-epoch-kept"
        /// A hub does.
        case hubEpochKept = "hub-epoch-kept"
        /// The hub answers before it has committed.
        case hubAnswersEarly = "hub-answers-early"
        /// The hub takes stamps of the future as they are.
        case futureAccepted = "future-accepted"
        /// The hub does not say which values won.
        case winnersLeftOut = "winners-left-out"
        /// A copy of the history comes without the hub's own writes.
        case seedWithoutHub = "seed-without-hub"
        /// An answer to another greeting is taken.
        case anyStateTaken = "any-state-taken"
        /// Names count as known to the other side once they were sent.
        case namesConfirmedEarly = "names-confirmed-early"
        /// A device takes no notice of the hub's root.
        case rootsIgnored = "roots-ignored"
        /// In a repair, a device keeps what the hub lacks to itself.
        case surplusKept = "surplus-kept"
        /// Roots are compared whatever either side has seen, or not said yet.
        case contextsNotCompared = "contexts-not-compared"

        /// The rule that this process breaks. Unsafe as it is shared by all worlds; it changes only
        /// while none runs.
        nonisolated(unsafe) public static var active: SyncMutant?
    }
#endif
