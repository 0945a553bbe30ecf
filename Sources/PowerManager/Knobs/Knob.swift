/// One file of the kernel that a power state may change.
public struct Knob: Sendable, Hashable {
    /// How what the file says is compared with what was written.
    public enum Rule: String, Sendable, Hashable {
        /// It says what was written.
        case exact
        /// It lists all choices, the one in force in brackets, as an LED's trigger.
        case choice
        /// A number that the kernel itself may lower below what was written, as the cooling of a hot
        /// processor does with the highest clock.
        case ceiling
        /// A connector of a monitor: takes `on`, `off` and `detect`, and says `connected` or
        /// `disconnected`.
        case connector
    }

    /// For people: `cpufreq/policy0/scaling_governor`.
    public let name: String
    public let path: String
    public let rule: Rule
    /// What it shall say; nil is what was found.
    public let wanted: String?

    public init(name: String, path: String, rule: Rule, wanted: String?) {
        self.name = name
        self.path = path
        self.rule = rule
        self.wanted = wanted
    }
}

extension Knob.Rule {
    /// The part of a file that can be written back.
    func value(_ text: String) -> String {
        switch self {
        case .exact, .ceiling: return text
        case .choice:
            guard let open = text.firstIndex(of: "["),
                let close = text[open...].firstIndex(of: "]")
            else { return text }
            return String(text[text.index(after: open)..<close])
        case .connector: return text == "connected" ? "detect" : "off"
        }
    }

    /// Whether a file that says `value` may be what became of writing `written`.
    func isKept(_ value: String, written: String) -> Bool {
        guard self == .ceiling, let now = Int(value), let then = Int(written) else {
            return value == written
        }
        return now <= then
    }
}
