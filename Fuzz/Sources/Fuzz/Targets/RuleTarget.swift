import DeviceDrivers
import Platform
import TestSupport

extension FuzzTarget {
    /// The text of a rule, or of none. What is read is written anew from its parts, and must mean
    /// the same.
    static let rule = FuzzTarget(
        name: "rule",
        run: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            switch Oracle.read({ read(text) }) {
            case .success(let rule): check(rule, text)
            case .failure(let error):
                Oracle.expect(
                    1...text.utf8.count + 1 ~= error.column, "column \(error.column) of \(text)")
                Oracle.expect(
                    error.description.utf8.allSatisfy { $0 >= 0x20 }, "a message of several lines")
                Oracle.expect(error.description.utf8.count <= 300, "a message without an end")
            }
        },
        examples: [
            "when soil/moisture < 30 for 5m set relay/pump on for 60s",
            "when a/b >= -1.5e2 and c/d/e != idle set f/g eco",
            "when a/b = on\tand c/d = off\n and e/f <= 1 and g/h > 0 for 24h\r\nset i/j 5",
            "when é/ü != \"x\" set a/b 1e400", "when a/b < 9223372036854775808 set c/d -0",
        ].map { Array($0.utf8) },
        random: { generator in
            let words = [
                "when", "and", "for", "set", "on", "off", "a/b", "soil/moisture", "c/d/e", "<",
                "<=", ">", ">=", "=", "!=", "30", "-1.5", "true", "5m", "60s", "24h", "wet",
            ]
            return Array(
                (0..<generator.number(4...16)).map { _ in
                    words.randomElement(using: &generator) ?? ""
                }.joined(separator: " ").utf8)
        },
        large: { _ in
            Array("when ".utf8) + Array(String(repeating: "a/b < 1 and ", count: 3000).utf8)
        })

    private static func read(_ text: String) -> Result<DeviceRule, RuleError> {
        Result { () throws(RuleError) in try RuleParser.read(text) }
    }

    private static func check(_ rule: DeviceRule, _ text: String) {
        Oracle.expect(rule.text == text, "\(rule.text) was \(text)")
        Oracle.expect(
            1...RuleParser.conditionsMaximum ~= rule.conditions.count,
            "\(rule.conditions.count) conditions")
        for time in [rule.hold, rule.pulse ?? 0] {
            Oracle.expect(0...RuleParser.timeMaximum ~= time, "\(time.count) ms")
        }
        let conditions = rule.conditions.map {
            "\($0.device)/\($0.property) \($0.comparison.rawValue) \(word($0.value))"
        }.joined(separator: " and ")
        let hold = rule.hold == 0 ? "" : " for \(rule.hold.count / 1000)s"
        let pulse = rule.pulse.map { " for \($0.count / 1000)s" } ?? ""
        let written =
            "when \(conditions)\(hold) set \(rule.device)/\(rule.property) \(word(rule.value))"
            + pulse
        // Numbers may be longer than they were written.
        guard written.utf8.count <= RuleParser.bytesMaximum else { return }
        guard case .success(let again) = read(written) else {
            Oracle.expect(false, "\(written) is not read, \(text) is")
            return
        }
        Oracle.expect(
            again.conditions == rule.conditions && again.hold == rule.hold
                && again.device == rule.device && again.property == rule.property
                && again.value == rule.value && again.pulse == rule.pulse,
            "\(written) is not \(text)")
    }

    private static func word(_ value: Value) -> String {
        if let flag = value.boolValue { return flag ? "on" : "off" }
        return value.stringValue ?? value.json
    }
}
