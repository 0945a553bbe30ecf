import SyncModel

/// For each rule a run that goes wrong without it, found by search and shrunk, or put together.
struct CounterExample: Sendable, CustomStringConvertible {
    let rule: Rule
    /// The text form, with semicolons for line ends.
    let text: String

    init(_ rule: Rule, _ text: String) {
        self.rule = rule
        self.text = text
    }

    var list: ActionList? {
        ActionList(
            text.split(separator: ";").map { $0.drop { $0 == " " } }.joined(separator: "\n"))
    }

    var description: String { "\(rule)" }

    static let all: [CounterExample] = [
        CounterExample(
            .deviceEpochFresh,
            "devices 1 part-size 0 removals-kept 1; sync 0; clone 0; write 0 add 0; sync "
                + "0; write 1 add 1; sync 1"),
        CounterExample(
            .hubEpochFresh,
            "devices 1 part-size 0 removals-kept 1; hub-write note 0; sync 0; hub-wipe"),
        CounterExample(
            .deviceSyncs,
            "devices 2 part-size 0 removals-kept 2; write 2 count 1; sync 0; crash 2 0"),
        CounterExample(
            .hubSyncs,
            "devices 2 part-size 0 removals-kept 1; sync 1; hub-crash 0"),
        CounterExample(
            .lamport,
            "devices 1 part-size 0 removals-kept 1; write 1 report 0; sync 0; crash 0 1; "
                + "write 1 report 0"),
        CounterExample(
            .nullKept,
            "devices 1 part-size 0 removals-kept 1; hub-write set 0; clone 0; write 1 "
                + "clear 0"),
        CounterExample(
            .generations,
            "devices 2 part-size 0 removals-kept 1; hub-write count 0; hub-crash 2; "
                + "hub-write reset 0"),
        CounterExample(
            .countersUnfolded,
            "devices 1 part-size 0 removals-kept 2; hub-write count 0; hub-backup; "
                + "hub-crash 0; sync 0; hub-restore"),
        CounterExample(
            .removalTakesSlot,
            "devices 1 part-size 0 removals-kept 1; write 0 add 0; sync 1; write 0 add "
                + "0; write 0 remove 0"),
        CounterExample(
            .baseNeeded,
            "devices 1 part-size 0 removals-kept 2; sync 0; hub-write add 0; push 0; "
                + "hub-write set 0; cut 0; push 0"),
        CounterExample(
            .removedCovered,
            "devices 2 part-size 0 removals-kept 2; sync 0; sync 1; write 1 add 0; sync "
                + "1; ask 0; deliver 0; hub-write remove 0; push 0; deliver 1; deliver 0"),
        CounterExample(
            .absenceDrops,
            "devices 2 part-size 0 removals-kept 1; write 2 add 0; sync 0; hub-write add "
                + "0; hub-write remove 0"),
        CounterExample(
            .coveredIgnored,
            "devices 1 part-size 0 removals-kept 2; hub-write note 0; hub-backup; sync "
                + "1; hub-restore; hub-write note 0"),
        CounterExample(
            .removalsUntilConfirmed,
            "devices 2 part-size 0 removals-kept 1; hub-write add 0; sync 0; write 0 "
                + "remove 0; hub-crash 0"),
        CounterExample(
            .floors,
            "devices 1 part-size 0 removals-kept 1; write 1 add 0; sync 0; hub-write add "
                + "0; hub-write remove 0"),
        CounterExample(
            .lineage,
            "devices 1 part-size 0 removals-kept 1; hub-write note 0; sync 0; hub-wipe"),
        CounterExample(
            .heard,
            "devices 1 part-size 0 removals-kept 2; sync 1; hub-backup; hub-write add 0; "
                + "push 0; hub-restore"),
        CounterExample(
            .stateAnswersHeard,
            "devices 1 part-size 0 removals-kept 2; sync 0; hub-backup; hub-write add 1; "
                + "push 1; crash 0 1; hub-restore"),
        CounterExample(
            .unlistedFromZero,
            "devices 2 part-size 0 removals-kept 2; write 1 note 0"),
        CounterExample(
            .sessionNamed,
            "devices 1 part-size 0 removals-kept 2; sync 0; hub-wipe"),
        CounterExample(
            .requestEchoed,
            "devices 1 part-size 0 removals-kept 1; backup 0; write 0 set 1; sync 0; "
                + "crash 0 1; ask-early 1; restore 1"),
        CounterExample(
            .questionEchoed,
            "devices 1 part-size 0 removals-kept 2; clock 0 40; sync 0; write 0 set 0; "
                + "ask 0; write 0 set 1; ask 0; deliver 1; lose 1; lose 1; deliver 0; deliver "
                + "0; deliver 0; hub-write set 1"),
        CounterExample(
            .confirmedLimits,
            "devices 1 part-size 0 removals-kept 2; hub-write add 0; sync 0; hub-wipe; "
                + "write 1 remove 0"),
        CounterExample(
            .partsJoinTogether,
            "devices 2 part-size 1 removals-kept 2; hub-write count 0; hub-backup; "
                + "hub-write add 0; hub-write count 0; ask 0; deliver 0; deliver 0; "
                + "hub-restore"),
        CounterExample(
            .pushIsWhole,
            "devices 1 part-size 1 removals-kept 2; sync 0; hub-write count 0; "
                + "hub-backup; hub-write add 0; hub-write count 0; push 0; deliver 0; lose 0; "
                + "hub-restore"),
        CounterExample(
            .pushYields,
            "devices 1 part-size 0 removals-kept 1; clock 0 40; sync 1; write 1 set 1; "
                + "ask 0; deliver 0; hub-write clear 1; push 1; hub-wipe"),
        CounterExample(
            .pushLeavesReference,
            "devices 1 part-size 0 removals-kept 1; clone 0; ask 1; write 0 add 0; sync "
                + "0; hub-write set 1; push 1"),
        CounterExample(
            .pushFromKnownHub,
            "devices 1 part-size 0 removals-kept 2; sync 0; clone 0; hub-backup; "
                + "hub-write add 0; push 0; deliver 0; hub-restore; sync 1; hub-write note 0; "
                + "push 0; deliver 0"),
        CounterExample(
            .winnersNamed,
            "devices 1 part-size 0 removals-kept 2; clock 0 40; write 1 clear 0; sync 0; "
                + "hub-write set 0"),
        CounterExample(
            .winnersYield,
            "devices 2 part-size 0 removals-kept 2; sync 1; clock 1 500; write 1 set 0; "
                + "ask 1; write 1 clear 0"),
        CounterExample(
            .stateWinners,
            "devices 2 part-size 0 removals-kept 1; hub-clock 2000; hub-write set 0; "
                + "sync 1; hub-write set 0; sync 2; hub-wipe"),
        CounterExample(
            .seedForeign,
            "devices 1 part-size 0 removals-kept 1; hub-write note 0; sync 0; hub-wipe"),
        CounterExample(
            .seedAsked,
            "devices 2 part-size 0 removals-kept 1; hub-write add 0; sync 0; forge-seed "
                + "0"),
        CounterExample(
            .seedNamesOwners,
            "devices 2 part-size 0 removals-kept 2; write 1 add 0; sync 1; sync 2; "
                + "hub-wipe; sync 0; forge-up 0"),
        CounterExample(
            .ownEpochsOnly,
            "devices 2 part-size 0 removals-kept 2; write 0 add 0; sync 0; sync 1; write "
                + "0 set 0; forge-up 1"),
        CounterExample(
            .clamp,
            "devices 1 part-size 0 removals-kept 1; clock 0 500; write 0 set 0"),
        CounterExample(
            .clampLowers,
            "devices 2 part-size 0 removals-kept 1; hub-clock 40; hub-write set 0; sync "
                + "1; write 1 set 0; hub-write set 0; ask 1; write 1 set 0"),
        CounterExample(
            .clampTicks,
            "devices 1 part-size 0 removals-kept 2; hub-clock 40; hub-write set 1; sync "
                + "1; write 0 set 1"),
        CounterExample(
            .seedOverwrites,
            "devices 2 part-size 0 removals-kept 2; sync 0; sync 1; clock 0 500; write 0 "
                + "set 0; ask 0; deliver 0; lose 0; sync 1; write 1 set 0; sync 1; hub-wipe"),
        CounterExample(
            .hubClockKept,
            "devices 1 part-size 0 removals-kept 2; hub-clock 2000; hub-write set 1; "
                + "sync 0; hub-crash 2; write 1 set 1"),
        CounterExample(
            .ackReleasesRows,
            "devices 1 part-size 0 removals-kept 2; sync 0; hub-crash 2; log 0"),
        CounterExample(
            .lostRowsRecorded,
            "devices 1 part-size 0 removals-kept 1; log 1; sync 1; hub-wipe"),
        CounterExample(
            .forkNeedsOverlap,
            "devices 1 part-size 0 removals-kept 2; ask-early 1; crash 0 2; ask 1; "
                + "duplicate 1"),
        CounterExample(
            .restoreByEarlierEpoch,
            "devices 1 part-size 0 removals-kept 1; sync 0; write 0 count 0; ask 1; "
                + "write 1 clear 0; ask 1; deliver 1"),
        CounterExample(
            .restoreSeenByDevice,
            "devices 1 part-size 0 removals-kept 2; backup 1; write 0 count 1; sync 1; "
                + "restore 0"),
    ]
}
