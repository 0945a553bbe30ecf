import Foundation
import SyncModel
import TestSupport
import Testing

/// The rules of the sync protocol hold in random runs of the model.
@Suite struct SyncModelTests {
    /// Runs of each family; the variable MODEL_RUNS asks for more.
    static let runs = ProcessInfo.processInfo.environment["MODEL_RUNS"].flatMap { Int($0) } ?? 150

    @Test(arguments: Family.allCases) func rulesHold(family: Family) {
        var random = SeededGenerator.announced(for: "rulesHold \(family)")
        let seed = random.next()
        guard let found = Search(family).firstViolation(from: seed, runs: Self.runs) else { return }
        let shrunk = found.list.shrunk()
        Issue.record("\(shrunk)\(shrunk.run().violation ?? "")")
    }

    /// Rules without which a random run soon goes wrong: the search itself works.
    @Test(arguments: [
        (Rule.deviceEpochFresh, Family.dev, 50), (.hubEpochFresh, .everything, 50),
        (.deviceSyncs, .hub, 50), (.hubSyncs, .hubclock, 50), (.unlistedFromZero, .log, 50),
        (.lineage, .collect, 50), (.ackReleasesRows, .log, 100), (.lostRowsRecorded, .log, 100),
        (.seedAsked, .hostile, 50),
    ])
    func searchFindsWhatARulePrevents(rule: Rule, family: Family, runs: Int) throws {
        let search = Search(family, Rules(without: rule))
        let found = try #require(search.firstViolation(from: 1, runs: runs))
        let shrunk = found.list.shrunk(search.rules)
        #expect(shrunk.actions.count <= found.list.actions.count)
        #expect(shrunk.run(search.rules).violation != nil)
        #expect(shrunk.run().violation == nil)
    }

    @Test(arguments: Family.allCases) func runsRepeat(family: Family) {
        for seed: UInt64 in 1...20 {
            let list = ActionList.random(seed: seed, family: family)
            #expect(list == ActionList.random(seed: seed, family: family))
            let first = list.run()
            let second = list.run()
            #expect(first.hub == second.hub)
            #expect(first.boards == second.boards)
            #expect(first.alarms == second.alarms)
        }
    }

    @Test(arguments: Family.allCases) func textFormKeepsLists(family: Family) {
        for seed: UInt64 in 1...50 {
            let list = ActionList.random(seed: seed, family: family)
            #expect((5...25).contains(list.actions.count))
            #expect(ActionList(list.description) == list)
        }
    }

    @Test(arguments: [
        "", "devices 3 part-size 0 removals-kept 2\n", "devices 1 part-size 0\nsync 0\n",
        "devices 1 part-size 0 removals-kept 2\nsync\n",
        "devices 1 part-size 0 removals-kept 2\nwrite 0 paint 1\n",
        "devices 1 part-size 0 removals-kept 2\nsync 0 1\n",
        "devices 1 part-size 0 removals-kept 2\n"
            + String(repeating: "sync 0\n", count: ActionList.lengthMax + 1),
    ])
    func textFormRefusesTheRest(text: String) {
        #expect(ActionList(text) == nil)
    }

    /// What an application sees, which an engine that plays the same list has to see too.
    @Test func viewsShowEveryKind() throws {
        let text = """
            devices 2 part-size 0 removals-kept 2
            write 0 report 0
            write 0 set 0
            write 0 note 0
            write 1 note 0
            write 1 add 1
            write 1 count 0
            write 0 count 0
            """
        let outcome = try #require(ActionList(text)).run()
        #expect(outcome.violation == nil)
        #expect(outcome.hub.reported == [1, nil])
        #expect(outcome.hub.config == [2, nil])
        #expect(outcome.hub.notes == [[3, 4], []])
        #expect(outcome.hub.sets == [false, true])
        #expect(outcome.hub.counters == [2, 0])
        #expect(outcome.boards == [outcome.hub, outcome.hub])
    }
}
