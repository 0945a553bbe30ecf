/// The rules, each a switch: turned off, it must bring a counter-example back.
public enum Rule: UInt8, Sendable, CaseIterable {
    // Identity.
    /// A device's opening draws an epoch; off: it continues the old one.
    case deviceEpochFresh
    /// A hub's opening draws an epoch.
    case hubEpochFresh
    /// A device sends only what is durable.
    case deviceSyncs
    /// The hub answers only about what is durable.
    case hubSyncs

    // Kinds.
    /// A reported value is ordered by 1 + the highest stamp seen at its path.
    case lamport
    /// A deleted register stays as a null.
    case nullKept
    /// A reset starts a new generation of the counter.
    case generations
    /// A counter keeps a cell for each epoch; off: an opening of the hub folds those of its earlier
    /// epochs into its own.
    case countersUnfolded
    /// A removal takes the slot of what it removes up to the removed counter, not that dot alone.
    case removalTakesSlot

    // The join.
    /// since <= context.
    case baseNeeded
    /// Every removed dot is covered by the context or the frame.
    case removedCovered
    /// A set's or note's cell that the interval lacks is dropped.
    case absenceDrops
    /// Registers and counters are never dropped by absence.
    case registersStay
    /// A cell that the context covered before is ignored.
    case coveredIgnored
    /// The hub logs what a join dropped by absence as a removal of its own.
    case dropsLogged

    // Bounded memory.
    /// A device keeps its removals until an answer covered them; off: until they are sent.
    case removalsUntilConfirmed
    /// Whoever is behind a collected removal gets the full state.
    case floors
    /// The removals before a SEED are unknown, and count as collected.
    case seedFloors

    // The session.
    /// A device names the hub commit it has read up to; one that the hub does not know makes it
    /// ask for a SEED.
    case lineage
    /// It also names the newest commit of which it joined a part.
    case heard
    /// A STATE counts only while nothing was heard of another hub opening since its HELLO.
    case stateAnswersHeard
    /// An epoch that advanced and was not listed is sent from 0; off: as though it were known.
    case unlistedFromZero
    /// Frames name the hub's epoch.
    case sessionNamed
    /// STATE and WANT echo the request.
    case requestEchoed
    /// A request that was answered is spent.
    case requestSpent
    /// DOWN echoes the question.
    case questionEchoed
    /// Acknowledged is at most what a complete DOWN confirmed.
    case confirmedLimits
    /// The parts of a frame are joined together, in one transaction, when all are there; off:
    /// each by itself, and an answer is complete when its last part came and the context covers
    /// what it names.
    case partsJoinTogether
    /// A push is one frame; what does not fit waits for the next question.
    case pushIsWhole
    /// A push that would lose to an unconfirmed write of the device is not joined.
    case pushYields
    /// A pushed delta leaves the reference.
    case pushLeavesReference
    /// A pushed delta is joined only from the hub opening that was heard last.
    case pushFromKnownHub

    // What the hub tells about what was sent.
    /// DOWN names the sent cells that the hub does not hold.
    case deadNamed
    /// DOWN names the winner of each register that the UP named.
    case winnersNamed
    /// The device's own newer write may win over a named winner.
    case winnersYield
    /// The registers in a STATE count as winners.
    case stateWinners

    // SEED.
    /// A SEED carries what the hub and other devices wrote.
    case seedForeign
    /// A SEED is joined only after a WANT.
    case seedAsked
    /// A SEED names the owner of each epoch.
    case seedNamesOwners
    /// A device may claim only epochs of its own key.
    case ownEpochsOnly

    // Clocks.
    /// A stamp beyond the drift is replaced at the hub.
    case clamp
    /// A stamp is only ever lowered.
    case clampLowers
    /// It is replaced by the hub's next tick; off: by the hub's time.
    case clampTicks
    /// What a seeder put over a cell of the hub's stays over it.
    case seedOverwrites
    /// The hub's logical clock is kept over a restart.
    case hubClockKept

    // Log.
    /// Only the hub's acknowledgement releases rows.
    case ackReleasesRows
    /// Rows that the hub lost leave a gap record.
    case lostRowsRecorded

    // Alarms.
    /// A fork needs two lives that overlap; off: an epoch that spoke before another speaks again.
    case forkNeedsOverlap
    /// Being behind counts only for earlier epochs; off: for the speaking one too.
    case restoreByEarlierEpoch
    /// A device that gets its own past from the hub knows that it was restored.
    case restoreSeenByDevice
}

/// Which rules hold.
public struct Rules: Sendable {
    private var off: UInt64 = 0

    /// All of them.
    public init() {}
    public init(without rules: Rule...) { for rule in rules { self[rule] = false } }

    public subscript(rule: Rule) -> Bool {
        get { off & Rules.bit(rule) == 0 }
        set {
            if newValue { off &= ~Rules.bit(rule) } else { off |= Rules.bit(rule) }
        }
    }

    func dropsByAbsence(_ kind: Kind) -> Bool {
        self[.absenceDrops] && (kind.isRemovable || !self[.registersStay])
    }

    private static func bit(_ rule: Rule) -> UInt64 { 1 << UInt64(rule.rawValue) }
}
