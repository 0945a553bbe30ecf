import Platform

/// How urgent a report is, told from what it carries.
enum ReportPriority {
    /// Names that mean danger when they are true, or a word other than a quiet one.
    private static let dangers: Set<String> = [
        "smoke", "gas", "leak", "water_leak", "flood", "tamper", "carbon_monoxide",
        "overtemperature", "overpower", "alarm", "alarm_state",
    ]
    /// Words by which such a property says that all is well, or that it does not know yet: Shelly
    /// Gas says `unknown` while its sensor warms up.
    private static let quietWords: Set<String> = [
        "", "none", "ok", "normal", "off", "false", "no", "0", "clear", "unknown",
    ]
    /// What Shelly Gen2+ lists under `errors` while it protects itself.
    private static let protections: Set<String> = [
        "overtemp", "overpower", "overvoltage", "overcurrent",
    ]
    /// Numbers that come along with a state but are no reading of their own: ids, times, counts,
    /// and the radio and battery values that battery-powered devices add to every message.
    private static let companions: Set<String> = [
        "id", "ts", "event_cnt", "trigger_count", "power_outage_count", "linkquality", "rssi",
        "battery", "device_temperature", "last_seen",
    ]

    static func of(
        _ properties: [(name: String, value: Value)], isAlarm: Bool, isOccurrence: Bool
    ) -> MessagePriority {
        let leaves = properties.map { (name: leaf($0.name), value: $0.value) }
        if isAlarm || leaves.contains(where: { isDanger($0.value, name: $0.name) }) {
            return .alarm
        }
        if isOccurrence { return .event }
        // A device that reports its battery runs on it, and `voltage` is then the battery's.
        let onBattery = leaves.contains { $0.name == "battery" }
        let carriesReading = leaves.contains { leaf in
            leaf.value.hasNumber && !companions.contains(leaf.name)
                && !(onBattery && leaf.name == "voltage")
        }
        return carriesReading ? .telemetry : .event
    }

    /// The last part of a property's name.
    private static func leaf(_ name: String) -> String {
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return name }
        return String(name[name.utf8.index(after: dot)...])
    }

    /// The recursion is bounded by the depth that `PropertyList` keeps.
    private static func isDanger(_ value: Value, name: String) -> Bool {
        switch value {
        case .bool(let flag): flag && dangers.contains(name)
        case .string(let word):
            dangers.contains(name) && !quietWords.contains(word.lowercased())
                || name == "errors" && protections.contains(word)
        case .array(let items): items.contains { isDanger($0, name: name) }
        case .map(let entries): entries.contains { isDanger($0.value, name: $0.key) }
        case .null, .int, .double, .bytes: false
        }
    }
}

extension Value {
    fileprivate var hasNumber: Bool {
        switch self {
        case .int, .double: true
        case .array(let items): items.contains { $0.hasNumber }
        case .map(let entries): entries.contains { $0.value.hasNumber }
        case .null, .bool, .string, .bytes: false
        }
    }
}
