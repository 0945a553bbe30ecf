import DeviceDrivers
import Platform

extension ConfigurationReader {
    /// The lines of the section `rules`: what is wrong with one is told with its line, and the
    /// others are read.
    mutating func readRules(_ node: ConfigurationNode) {
        let section = AgentConfiguration.rulesSection
        if node.isNull { return }
        guard case .mapping(let entries) = node.kind else {
            add(
                node.line, section, "expected rules by name, found \(Self.describe(node))",
                "Write a name and a colon, and behind it: \(RuleParser.form).")
            return
        }
        for (place, entry) in entries.enumerated() {
            let field = "\(section).\(ConfigurationError.excerpt(entry.key))"
            guard place < RuleEngine.rulesMaximum else {
                add(
                    entry.keyLine, field, "a board has at most \(RuleEngine.rulesMaximum) rules",
                    "Remove one, or join conditions with and.")
                return
            }
            guard WorkloadSpec.isName(entry.key) else {
                add(
                    entry.keyLine, field, "this is no name of a rule",
                    "Use 1 to \(WorkloadSpec.nameMaximum) of letters, digits, dot, - and _.")
                continue
            }
            guard case .scalar(let text, _) = entry.value.kind, !entry.value.isNull else {
                add(
                    entry.value.line, field, "expected a rule, found \(Self.describe(entry.value))",
                    "Write it on one line: \(RuleParser.form).")
                continue
            }
            do throws(RuleError) {
                configuration.rules[entry.key] = try RuleParser.read(text)
            } catch {
                add(entry.value.line, field, error.description, "The form is \(RuleParser.form).")
            }
        }
    }
}
