import DeviceDrivers
import Platform

extension ConfigurationReader {
    /// The blocks of the section `devices`: what is wrong with one is told with its line, and the
    /// others are read.
    mutating func readDevices(_ node: ConfigurationNode) {
        let section = AgentConfiguration.devicesSection
        if node.isNull { return }
        guard case .mapping(let entries) = node.kind else {
            add(
                node.line, section, "expected devices by name, found \(Self.describe(node))",
                "Write a name and a colon, and below it the device's fields, indented.")
            return
        }
        var blocks: [DeviceBlock] = []
        var lines: [String: Int] = [:]
        for entry in entries {
            let name = "\(section).\(ConfigurationError.excerpt(entry.key))"
            lines[entry.key] = entry.keyLine
            do throws(DeviceBlockError) {
                blocks.append(try DeviceBlock(name: entry.key, entry.value.value))
            } catch {
                let field = error.field.map { "\(name).\($0)" } ?? name
                add(
                    Self.line(of: error.field, in: entry.value) ?? entry.keyLine, field,
                    error.message, error.hint)
            }
        }
        for refusal in DevicePoller.conflicts(blocks) + PinPanel.conflicts(blocks) {
            add(
                lines[refusal.name] ?? node.line, "\(section).\(refusal.name)", refusal.reason,
                "Give each device an address or a line of its own, or remove one.")
        }
        configuration.devices = blocks
    }

    /// Where a block has a field.
    private static func line(of field: String?, in node: ConfigurationNode) -> Int? {
        guard let first = field?.split(separator: ".").first, case .mapping(let entries) = node.kind
        else { return nil }
        return entries.first { $0.key == first }?.keyLine
    }
}

extension ConfigurationNode {
    /// The tree as a value, as it would be on the twin.
    var value: Value {
        switch kind {
        case .scalar(let text, isQuoted: true): .string(text)
        case .scalar(let text, isQuoted: false): Self.value(plain: text)
        case .sequence(let nodes): .array(nodes.map(\.value))
        case .mapping(let entries): .object(entries.map { ($0.key, $0.value.value) })
        }
    }

    private static func value(plain text: String) -> Value {
        switch CoreScalar(plain: text) {
        case .null: .null
        case .bool(let flag): .bool(flag)
        case .integer(let number): .int(number)
        case .float: Double(text).map { .number($0) } ?? .string(text)
        case .hugeInteger, .string: .string(text)
        }
    }
}
