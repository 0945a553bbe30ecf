import DeviceDrivers
import Platform
import Testing

@testable import EdgeAgent

@Suite struct RuleConfigurationTests: ReadsConfiguration {
    @Test func rulesAreRead() throws {
        let rules = try read(
            """
            rules:
              water: when soil/moisture < 30 for 5m set relay/pump on for 60s
              fan: "when attic/temperature > 28 set fan/relay.0 on"
            """
        ).rules
        #expect(rules.keys.sorted() == ["fan", "water"])
        #expect(rules["water"]?.hold == 300_000)
        #expect(rules["water"]?.pulse == 60_000)
        #expect(rules["fan"]?.pulse == nil)
        #expect(try read("rules:\n").rules.isEmpty)
    }

    @Test func aBadRuleIsNamedByItsLineAndWord() throws {
        let found = try errors(
            """
            rules:
              good: when a/b < 3 set c/d on
              water: when soil/moisture < 30 fr 5m set relay/pump on
              a b: when a/b < 3 set c/d on
              list: [1]
              none:
            """)
        #expect(found.map(\.line) == [3, 4, 5, 6])
        #expect(found.map(\.field) == ["rules.water", "rules.a b", "rules.list", "rules.none"])
        #expect(
            found.first?.description
                == "agent.yaml:3: rules.water: the rule cannot be read at column 25, \"fr\": "
                + "expected and, for or set. The form is \(RuleParser.form).")
        #expect(found.allSatisfy { !$0.hint.isEmpty })
        #expect(try errors("rules: [1]\n").map(\.field) == ["rules"])
    }

    @Test func theBoundIsOneForAll() throws {
        func rules(_ count: Int) -> String {
            "rules:\n" + (0..<count).map { "  r\($0): when a/b < 3 set c/d on\n" }.joined()
        }
        #expect(try read(rules(64)).rules.count == 64)
        let found = try errors(rules(70))
        #expect(found.map(\.line) == [66])
        #expect(found.first?.message == "a board has at most 64 rules")
    }
}
