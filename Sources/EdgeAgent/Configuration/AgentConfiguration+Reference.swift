import DeviceDrivers

extension AgentConfiguration {
    /// Every field with its reason, range and default, as a configuration file that says exactly
    /// what an empty one does. A field whose default follows from something else is commented out.
    public static func reference() -> String {
        let defaults = AgentConfiguration.defaults(hostName: "")
        var lines = ["# The configuration of edge-agent: every field, with its default."]
        for section in sections {
            lines.append("")
            lines += comment(section.meaning, indent: "")
            lines.append("\(section.name):")
            if section.name == devicesSection { lines += devicesExample }
            if section.name == rulesSection { lines += rulesExample }
            for field in fields where field.section == section.name {
                lines += comment(field.reason, indent: "  ")
                lines += comment("Expected: \(field.expectation).", indent: "  ")
                if let derived = field.derived {
                    lines.append("  # Default: \(derived.rule).")
                    lines.append("  # \(field.name): \(derived.example)")
                } else {
                    lines.append("  \(field.name): \(field.text(in: defaults))")
                }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Kinds and their fields are in docs/drivers.md and docs/pins.md.
    private static var devicesExample: [String] {
        let kinds = DeviceKinds.all.map(\.name).joined(separator: ", ")
        return comment("Kinds: \(kinds).", indent: "  ") + [
            "  # attic:", "  #   kind: bme280", "  #   bus: i2c-1", "  #   address: 0x76",
            "  #   every: 30s", "  #   deadband: 0.1", "  # pump:", "  #   kind: relay",
            "  #   line: GPIO17", "  #   safe: off",
        ]
    }

    private static var rulesExample: [String] {
        comment("Expected: \(RuleParser.form). At most \(RuleEngine.rulesMaximum).", indent: "  ")
            + ["  # water: when soil/moisture < 30 for 5m set relay/pump on for 60s"]
    }

    /// Comment lines of at most 80 columns.
    private static func comment(_ text: String, indent: String) -> [String] {
        var lines: [String] = []
        var line = "\(indent)#"
        for word in text.split(separator: " ") {
            if line.count + 1 + word.count > 80 {
                lines.append(line)
                line = "\(indent)#"
            }
            line += " " + word
        }
        return lines + [line]
    }
}
