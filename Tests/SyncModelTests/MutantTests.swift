import SyncModel
import Testing

/// Each rule is needed: without it, a run that it keeps right goes wrong.
@Suite struct MutantTests {
    @Test(arguments: CounterExample.all) func ruleIsNeeded(example: CounterExample) throws {
        let list = try #require(example.list)
        #expect(list.run().violation == nil)
        #expect(list.run(Rules(without: example.rule)).violation != nil)
    }

    /// Two rules that stand in for each other: either is enough.
    @Test(arguments: [
        (
            Rule.dropsLogged, Rule.seedFloors,
            """
            devices 2 part-size 0 removals-kept 9
            hub-write add 0
            sync 0
            sync 1
            hub-backup
            write 0 remove 0
            sync 0
            hub-restore
            """
        ),
        (
            .requestSpent, .stateAnswersHeard,
            """
            devices 1 part-size 0 removals-kept 1
            hub-write count 0
            ask-early 0
            ask-early 0
            duplicate 1
            deliver 2
            ask 0
            hub-crash 0
            deliver 2
            hub-wipe
            """
        ),
    ])
    func oneOfTwoIsEnough(first: Rule, second: Rule, text: String) throws {
        let list = try #require(ActionList(text))
        #expect(list.run().violation == nil)
        #expect(list.run(Rules(without: first)).violation == nil)
        #expect(list.run(Rules(without: second)).violation == nil)
        #expect(list.run(Rules(without: first, second)).violation != nil)
    }

    /// Rules that the others make unnecessary in all that the model can express. They stay,
    /// because they are cheap and the model is small; a counter-example moves one of them up.
    static let unproven: Set<Rule> = [
        .registersStay, .deadNamed, .dropsLogged, .seedFloors, .requestSpent,
    ]

    @Test func everyRuleIsAccountedFor() {
        let shown = CounterExample.all.map(\.rule)
        #expect(Set(shown).count == shown.count)
        #expect(Set(shown).isDisjoint(with: Self.unproven))
        #expect(Set(shown).union(Self.unproven) == Set(Rule.allCases))
    }
}
