import DeviceDrivers
import Platform
import SQLiteStore
import SyncProtocol

/// Rules that run on the board: the configuration file or `config/rules/<name>` holds one as text,
/// `reported/rules/<name>` its state. The twin's takes the place of the file's of the same name.
extension Agent {
    static let rulePrefix = "config/rules/"
    private static let ruleStates = "reported/rules/"

    /// Takes up one rule as the twin has it. Returns its name where the twin has one that runs.
    func reconcileRule(_ cell: Cell) throws(SQLiteError) -> String? {
        let name = String(cell.path.text.dropFirst(Self.rulePrefix.count))
        let isNew = try !isAnswered(cell)
        guard cell.value != .null else {
            if isNew { answer(cell, nil) }
            return nil
        }
        guard WorkloadSpec.isName(name), let path = try? TwinPath(Self.ruleStates + name) else {
            if isNew {
                answer(cell, "a rule's name is 1 to 64 of letters, digits, dot, - and _")
            }
            return nil
        }
        guard let text = cell.value.stringValue else {
            if isNew { answer(cell, "a rule is a text: when a/b < 3 for 5m set c/d on for 60s") }
            return twinRules.contains(name) ? name : nil
        }
        do throws(RuleError) {
            let rule = try RuleParser.read(text)
            let isKept = configuration.rules[name] != nil || rules.names.contains(name)
            // Those of the file have their places, whenever the twin's come.
            let others = Set(rules.names).union(configuration.rules.keys)
            guard isKept || others.count < RuleEngine.rulesMaximum, take(name, rule, path) else {
                if isNew { answer(cell, "\(RuleEngine.rulesMaximum) rules are the limit") }
                return nil
            }
            if isNew { answer(cell, nil) }
            return name
        } catch {
            // The rule before goes on: a typo must not stop what waters the plants.
            if isNew { answer(cell, error.description) }
            return twinRules.contains(name) ? name : nil
        }
    }

    private func take(_ name: String, _ rule: DeviceRule, _ path: TwinPath) -> Bool {
        let before = rules.names.contains(name) ? nil : stage.staged(path) ?? current(path)
        guard let directives = rules.set(name, rule, before: before) else { return false }
        perform(directives)
        return true
    }

    /// Brings the file's rules in where the twin has none of their names, and takes away what is in
    /// neither.
    func keepRules(_ names: Set<String>) {
        twinRules = names
        for name in rules.names where !names.contains(name) && configuration.rules[name] == nil {
            perform(rules.remove(name))
        }
        for (name, rule) in configuration.rules.sorted(by: { $0.key < $1.key })
        where !names.contains(name) {
            guard let path = try? TwinPath(Self.ruleStates + name) else { continue }
            _ = take(name, rule, path)
        }
    }

    /// After a start: the rules that the board had and has in no place any more. One that was in the
    /// file may have been on as the agent stopped.
    func forgetRules() {
        for cell in (try? store.document.cells(prefix: Self.ruleStates)) ?? [] {
            let name = String(cell.path.text.dropFirst(Self.ruleStates.count))
            guard cell.value != .null, !rules.names.contains(name) else { continue }
            perform(RuleEngine.forgotten(name, before: cell.value))
        }
    }

    /// Answers `edge-agent rules`: every rule with its state and where it stands, and those of the
    /// twin that were refused.
    func ruleList() -> Value {
        var list = rules.names.map { name -> Value in
            let place = twinRules.contains(name) ? "twin" : "file"
            return .object(
                [("name", .string(name)), ("from", .string(place))]
                    + (rules.value(of: name).mapValue ?? []).map { ($0.key, $0.value) })
        }
        for cell in (try? store.document.cells(prefix: Self.rulePrefix)) ?? [] {
            guard cell.value != .null, let path = cell.path.answer,
                let answer = stage.staged(path) ?? current(path),
                answer["status"] == .string("refused")
            else { continue }
            list.append(
                .object([
                    ("name", .string(String(cell.path.text.dropFirst(Self.rulePrefix.count)))),
                    ("from", .string("twin")), ("rule", cell.value), ("state", .string("refused")),
                    ("reason", answer["reason"] ?? .null),
                ]))
        }
        return .object([("ok", .bool(true)), ("rules", .array(list))])
    }

    func perform(_ directives: [RuleEngine.Directive]) {
        for directive in directives {
            switch directive {
            case .state(let rule, let value):
                guard let path = try? TwinPath(Self.ruleStates + rule) else { continue }
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
