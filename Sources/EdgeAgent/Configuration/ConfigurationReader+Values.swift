import Platform

extension ConfigurationReader {
    /// False where the value was refused.
    mutating func readValue(_ field: ConfigurationField, _ node: ConfigurationNode) -> Bool {
        switch field.form {
        case .flag(let path):
            guard let flag = flag(field, node) else { return false }
            configuration[keyPath: path] = flag
        case .count(let path, let range, _):
            guard let number = integer(field, node, range) else { return false }
            configuration[keyPath: path] = Int(number)
        case .span(let path, let range, let unit):
            guard let number = integer(field, node, range) else { return false }
            configuration[keyPath: path] = Milliseconds(number * unit.rawValue)
        case .text(let path, let rule):
            guard let text = text(field.fullName, node, rule, rule.hint ?? field.defaultHint)
            else { return false }
            configuration[keyPath: path] = text
        case .choice(let path, let words):
            guard case .scalar(let text, _) = node.kind, words.contains(text) else {
                addMismatch(field, node)
                return false
            }
            configuration[keyPath: path] = text
        case .labels(let path):
            guard let labels = labels(field, node) else { return false }
            configuration[keyPath: path] = labels
        }
        return true
    }

    private mutating func addMismatch(
        _ field: ConfigurationField, _ node: ConfigurationNode, _ prefix: String = "",
        hint: String? = nil
    ) {
        add(
            node.line, field.fullName,
            "\(prefix)expected \(field.expectation), found \(Self.describe(node))",
            hint ?? field.defaultHint)
    }

    private mutating func flag(_ field: ConfigurationField, _ node: ConfigurationNode) -> Bool? {
        guard case .scalar(let text, let isQuoted) = node.kind, !isQuoted, let flag = Bool(text)
        else {
            addMismatch(field, node)
            return nil
        }
        return flag
    }

    private mutating func integer(
        _ field: ConfigurationField, _ node: ConfigurationNode, _ range: ClosedRange<Int64>
    ) -> Int64? {
        guard case .scalar(let text, let isQuoted) = node.kind else {
            addMismatch(field, node)
            return nil
        }
        switch CoreScalar(plain: text) {
        case .integer where isQuoted, .hugeInteger where isQuoted:
            addMismatch(field, node, hint: "Remove the quotation marks.")
        case .integer(let number) where range.contains(number): return number
        case .integer, .hugeInteger: addMismatch(field, node, "out of range: ")
        case .string where !isQuoted && text.contains("_"):
            addMismatch(field, node, hint: "Write an integer without underscores.")
        default: addMismatch(field, node)
        }
        return nil
    }

    /// Plain text is taken as written, also where YAML sees a number in it: `rack: 2` is "2".
    private mutating func text(
        _ name: String, _ node: ConfigurationNode, _ rule: TextRule, _ hint: String
    ) -> String? {
        if case .scalar(let text, _) = node.kind, !node.isNull, rule.accepts(text) { return text }
        add(
            node.line, name, "expected \(rule.expectation), found \(Self.describe(node))", hint)
        return nil
    }

    private mutating func labels(
        _ field: ConfigurationField, _ node: ConfigurationNode
    ) -> [String: String]? {
        if node.isNull { return [:] }
        guard case .mapping(let entries) = node.kind else {
            addMismatch(field, node)
            return nil
        }
        let most = AgentConfiguration.Device.labelsMax
        guard entries.count <= most else {
            add(
                entries[most].keyLine, field.fullName,
                "expected \(field.expectation), found \(entries.count)", "Remove some.")
            return nil
        }
        var labels: [String: String] = [:]
        var isGood = true
        for entry in entries {
            let name = "\(field.fullName).\(ConfigurationError.excerpt(entry.key))"
            if !TextRule.labelKey.accepts(entry.key) {
                add(
                    entry.keyLine, name,
                    "expected as a label's key \(TextRule.labelKey.expectation)",
                    "Choose another key.")
                isGood = false
            }
            labels[entry.key] = text(
                name, entry.value, .labelValue, "Choose another value, or remove the label.")
            isGood = isGood && labels[entry.key] != nil
        }
        return isGood ? labels : nil
    }
}
