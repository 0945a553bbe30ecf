import Foundation
import SyncModel
import TestSupport
import Testing

/// The real engine, stores and all, plays the action lists of the model.
@Suite struct EngineModelTests {
    /// Lists of each family; the variable SEEDS asks for more.
    static let seeds = ProcessInfo.processInfo.environment["SEEDS"].flatMap { UInt64($0) } ?? 4

    /// Replicas agree, and what they agree on is what the surviving writes make of it.
    @Test(arguments: Family.allCases) func engineKeepsItsWord(family: Family) {
        search("engineKeepsItsWord", family) { EngineRun.fault($0) }
    }

    /// Where both do the same exchanges, an application sees the same.
    @Test(arguments: Family.allCases) func engineAgreesWithTheModel(family: Family) {
        search("engineAgreesWithTheModel", family) {
            EngineRun.difference(EngineRun.comparable($0))
        }
    }

    private func search(_ test: String, _ family: Family, _ fault: (ActionList) -> String?) {
        var random = SeededGenerator.announced(for: "\(test) \(family)")
        let first = random.next()
        for seed in 0..<Self.seeds {
            let list = ActionList.random(seed: first &+ seed, family: family)
            guard fault(list) != nil else { continue }
            let shrunk = EngineRun.shrunk(list) { fault($0) != nil }
            Issue.record("\(family), list \(first &+ seed):\n\(shrunk)\(fault(shrunk) ?? "")")
            return
        }
    }

    /// What the search has found in the comparison.
    @Test(arguments: [
        """
        devices 1 part-size 0 removals-kept 2
        write 0 count 0
        write 1 reset 0
        write 1 reset 0
        hub-write set 1
        """,
        """
        devices 1 part-size 0 removals-kept 2
        write 0 count 0
        write 0 reset 0
        sync 0
        hub-write reset 0
        write 1 count 0
        """,
    ])
    func comparedAlike(text: String) throws {
        let list = try #require(ActionList(text))
        #expect(EngineRun.difference(EngineRun.comparable(list)) == nil)
    }

    /// What the search has found in the engine.
    @Test(arguments: [
        // A part with a removal went before the part with what it removes, for ever.
        """
        devices 1 part-size 1 removals-kept 1
        write 0 note 0
        crash 0 0
        write 0 note 0
        """,
        """
        devices 2 part-size 1 removals-kept 1
        hub-crash 1
        hub-write add 0
        hub-crash 2
        hub-write add 0
        """,
        """
        devices 1 part-size 1 removals-kept 1
        hub-wipe
        clone 0
        write 0 add 0
        sync 0
        hub-write remove 0
        """,
        // The removals that a copy led to were not counted.
        """
        devices 1 part-size 0 removals-kept 1
        hub-write note 0
        hub-backup
        sync 1
        hub-restore
        crash 1 2
        write 0 note 0
        """,
        // A frame that was not joined took an epoch from its writer.
        """
        devices 2 part-size 0 removals-kept 1
        write 0 set 0
        ask 1
        sync 0
        hub-wipe
        forge-up 1
        hub-write clear 0
        """,
        // A restored board that a wiped hub asks for its copy was not noticed.
        """
        devices 1 part-size 1 removals-kept 1
        write 0 report 0
        sync 0
        backup 0
        hub-wipe
        write 0 note 0
        sync 0
        restore 0
        """,
        // A board that paused went on with the session that the hub had forgotten.
        """
        devices 2 part-size 0 removals-kept 2
        ask-early 1
        sync 2
        ask 1
        hub-wipe
        write 0 set 0
        """,
        // A greeting of an earlier life that came late looked like a second board.
        """
        devices 2 part-size 0 removals-kept 2
        ask 0
        crash 0 0
        ask 0
        deliver 1
        """,
    ])
    func foundBefore(text: String) throws {
        let list = try #require(ActionList(text))
        #expect(EngineRun.fault(list) == nil)
    }

    /// A defect around the engine is found: the comparison can fail.
    @Test(arguments: [
        (Defect.removalsLost, Family.collect), (.epochContinued, .dev), (.sentIsConfirmed, .dev),
        (.sentIsReleased, .log), (.hubEpochContinued, .collect),
    ])
    func defectsAreFound(defect: Defect, family: Family) throws {
        let found = (1...200 as ClosedRange<UInt64>).lazy
            .map { ActionList.random(seed: $0, family: family) }
            .first { EngineRun.fault($0, defect) != nil }
        let list = try #require(found)
        #expect(EngineRun.fault(list) == nil)
    }
}
