import DeviceDrivers
import Platform
import SQLiteStore
import SyncProtocol

/// Rules that run on the board: `config/rules/<name>` holds one as text, `reported/rules/<name>`
/// its state.
extension Agent {
    static let rulePrefix = "config/rules/"

    /// Takes up one rule as the twin has it. Returns its name while there is to be one.
    func reconcileRule(_ cell: Cell) throws(SQLiteError) -> String? {
        let name = String(cell.path.text.dropFirst(Self.rulePrefix.count))
        let isNew = try !isAnswered(cell)
        guard cell.value != .null else {
            if isNew { answer(cell, nil) }
            return nil
        }
        guard WorkloadSpec.isName(name), let path = try? TwinPath("reported/rules/" + name) else {
            if isNew {
                answer(cell, "a rule's name is 1 to 64 of letters, digits, dot, - and _")
            }
            return nil
        }
        guard let text = cell.value.stringValue else {
            if isNew { answer(cell, "a rule is a text: when a/b < 3 for 5m set c/d on for 60s") }
            return name
        }
        do throws(RuleError) {
            let rule = try RuleParser.read(text)
            let before = rules.names.contains(name) ? nil : stage.staged(path) ?? current(path)
            guard let directives = rules.set(name, rule, before: before) else {
                if isNew { answer(cell, "\(RuleEngine.rulesMaximum) rules are the limit") }
                return nil
            }
            perform(directives)
            if isNew { answer(cell, nil) }
        } catch {
            // The rule before goes on: a typo must not stop what waters the plants.
            if isNew { answer(cell, error.description) }
        }
        return name
    }

    /// Takes the rules away that the twin has no more.
    func keepRules(_ names: Set<String>) {
        for name in rules.names where !names.contains(name) { perform(rules.remove(name)) }
    }

    func perform(_ directives: [RuleEngine.Directive]) {
        for directive in directives {
            switch directive {
            case .state(let rule, let value):
                guard let path = try? TwinPath("reported/rules/" + rule) else { continue }
                write(path, value, .event)
            case .set(let rule, let device, let property, let value):
                // A wish as any other: checked, sent once the broker is there, confirmed by the
                // device, and not lost over a restart.
                guard let path = try? TwinPath("desired/devices/\(device)/\(property)") else {
                    continue
                }
                event(
                    "rule.acted",
                    [
                        ("rule", .string(rule)), ("value", value),
                        ("property", .string("\(device)/\(property)")),
                    ])
                write(path, value, .event)
            }
        }
    }
}
