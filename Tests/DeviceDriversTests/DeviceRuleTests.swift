import DeviceDrivers
import Platform
import TestSupport
import Testing

@Suite struct DeviceRuleTests {
    static let text = "when soil/moisture < 30 for 5m set relay/pump on for 60s"

    @Test func readsAllOfARule() throws {
        let rule = try RuleParser.read(
            "when soil/moisture <= 29.5 and tank/empty = off for 5m\n set relay/pump on for 1h")
        #expect(rule.conditions.map(\.device) == ["soil", "tank"])
        #expect(rule.conditions.map(\.comparison) == [.atMost, .equal])
        #expect(rule.conditions.map(\.value) == [.double(29.5), .bool(false)])
        #expect(rule.hold == 300_000 && rule.pulse == 3_600_000)
        #expect(rule.device == "relay" && rule.property == "pump" && rule.value == .bool(true))
        let mode = try RuleParser.read("when a/b != idle set c/d/e eco")
        #expect(mode.property == "d/e" && mode.value == .string("eco") && mode.pulse == nil)
    }

    @Test(arguments: [
        ("", 1, "", "expected when"), ("if a/b > 1 set c/d on", 1, "if", "expected when"),
        ("when soil < 3 set c/d on", 6, "soil", "device/property"),
        ("when /x < 3 set c/d on", 6, "/x", "device/property"),
        ("when a/b ~ 3 set c/d on", 10, "~", "one of <"),
        ("when a/b < wet set c/d on", 12, "wet", "< needs a number"),
        ("when a/b < 3 fr 5m set c/d on", 14, "fr", "and, for or set"),
        ("when a/b < 3 for 5 set c/d on", 18, "5", "a time from 1s to 24h"),
        ("when a/b < 3 for 25h set c/d on", 18, "25h", "a time from 1s to 24h"),
        ("when a/b < 3 for 0s set c/d on", 18, "0s", "a time from 1s to 24h"),
        ("when a/b < 3 for 5m st c/d on", 21, "st", "expected set"),
        ("when a/b < 3 set c/d", 21, "", "expected a value"),
        ("when a/b < 3 set c/d 5 for 2s", 22, "5", "only on and off"),
        ("when a/b < 3 set c/d on off", 25, "off", "expected for, or the end"),
        ("when a/b < 3 set c/d on for 2s x", 32, "x", "expected the end"),
        (
            "when a/a = 1 and a/b = 1 and a/c = 1 and a/d = 1 and a/e = 1 set c/d on", 50, "and",
            "at most 4 conditions"
        ),
    ])
    func errorsPointAtTheWord(text: String, column: Int, word: String, message: String) {
        let error = #expect(throws: RuleError.self) { try RuleParser.read(text) }
        #expect(error?.column == column && error?.word == word, "\(String(describing: error))")
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }

    @Test func anyTextGivesARuleOrAnError() {
        var generator = SeededGenerator.announced(for: "anyTextGivesARuleOrAnError")
        let words =
            Self.text.split(separator: " ").map(String.init) + [
                "and", "=", "9999999h", "\u{301}", "é/ü", "\t", String(repeating: "x", count: 300),
            ]
        var read = 0
        for _ in 0..<5000 {
            var text = Self.text.split(separator: " ").map(String.init)
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                let place = Int.random(in: 0..<text.count, using: &generator)
                text[place] = words.randomElement(using: &generator) ?? ""
            }
            let joined = text.joined(separator: " ")
            do {
                let rule = try RuleParser.read(joined)
                #expect(rule.hold <= RuleParser.timeMaximum)
                read += 1
            } catch {
                #expect(1...joined.utf8.count + 1 ~= error.column)
            }
        }
        #expect(read > 1000)
    }
}

@Suite struct RuleEngineTests {
    private static func engine(_ text: String = DeviceRuleTests.text) throws -> RuleEngine {
        var engine = RuleEngine()
        let added = engine.set("water", try RuleParser.read(text))
        #expect(added?.count == 1)
        return engine
    }

    private static func sets(_ directives: [RuleEngine.Directive]) -> [Value] {
        directives.compactMap { if case .set(_, _, _, let value) = $0 { value } else { nil } }
    }

    private static func at(_ seconds: Int64) -> MonotonicTime {
        MonotonicTime(milliseconds: seconds * 1000)
    }

    @Test func actsAfterItsTimeAndSetsBack() throws {
        var engine = try Self.engine()
        var sent: [(Int64, Value)] = []
        for second in stride(from: 0, through: 1000, by: 10) as StrideThrough<Int64> {
            let moisture: Value = second == 100 ? .int(31) : .int(29)
            var directives: [RuleEngine.Directive] = engine.onTick(Self.at(second))
            directives += engine.onReading("soil", "moisture", moisture, at: Self.at(second))
            for value in Self.sets(directives) { sent.append((second, value)) }
        }
        // Held from 110 on; back after 60 s; held anew from there.
        #expect(sent.map(\.0) == [410, 470, 770, 830])
        #expect(sent.map(\.1) == [.bool(true), .bool(false), .bool(true), .bool(false)])
    }

    @Test func whatIsSetForGoodIsSetOnceUntilTheConditionFails() throws {
        var engine = try Self.engine("when a/t > 20 set fan/state on")
        var count = 0
        for (second, value) in [(0, 25), (1, 26), (60, 30), (61, 10), (62, 30), (63, 31)] {
            count +=
                Self.sets(
                    engine.onReading("a", "t", .int(Int64(value)), at: Self.at(Int64(second)))
                ).count
        }
        #expect(count == 2)
    }

    @Test func noRuleActsFasterThanTheLimit() throws {
        var engine = try Self.engine("when a/t > 20 set fan/state on")
        var times: [Int64] = []
        for second in 0..<100 as Range<Int64> {
            let value = Value.int(second % 2 == 0 ? 30 : 10)
            let sent = Self.sets(engine.onReading("a", "t", value, at: Self.at(second)))
            if !sent.isEmpty { times.append(second) }
        }
        #expect(times == Array(stride(from: 0, to: 100, by: 10)))
    }

    @Test func aDeadSensorHoldsNothing() throws {
        var engine = try Self.engine()
        _ = engine.onReading("soil", "moisture", .int(3), at: Self.at(0))
        var sets = 0
        while let due = engine.deadline, due < Self.at(20_000) {
            sets += Self.sets(engine.onTick(due)).count
        }
        // Ten rounds of six minutes in the hour for which the reading is good.
        #expect(sets == 20)
    }

    @Test func aRestartWhileItIsOnSetsItBack() throws {
        var engine = RuleEngine()
        let before = Value.object([
            ("rule", .string(DeviceRuleTests.text)), ("state", .string("active")),
            ("actions", .int(7)),
        ])
        let directives = engine.set(
            "water", try RuleParser.read("when a/b > 1 set relay/pump off"), before: before)
        #expect(
            directives?.first
                == .set(rule: "water", device: "relay", property: "pump", value: .bool(false)))
        guard case .state(_, let state)? = directives?.last else {
            Issue.record("no state")
            return
        }
        #expect(state["actions"] == .int(7) && state["state"] == .string("idle"))
    }

    @Test func removingOrReplacingSetsBackAndRulesAreBounded() throws {
        var engine = try Self.engine("when a/t > 20 set fan/state on for 1h")
        #expect(Self.sets(engine.onReading("a", "t", .int(30), at: Self.at(0))) == [.bool(true)])
        let replaced = engine.set("water", try RuleParser.read(DeviceRuleTests.text))
        #expect(Self.sets(replaced ?? []) == [.bool(false)])
        for number in 1..<RuleEngine.rulesMaximum {
            let added = engine.set("r\(number)", try RuleParser.read(DeviceRuleTests.text))
            #expect(added != nil)
        }
        #expect(engine.set("more", try RuleParser.read(DeviceRuleTests.text)) == nil)
        #expect(engine.remove("water") == [.state(rule: "water", .null)])
        #expect(engine.remove("water").isEmpty)
    }
}
