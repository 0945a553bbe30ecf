import Platform

/// One field of the configuration file: what it is called, what it may hold and why it is there.
struct ConfigurationField: Sendable {
    typealias Path<Value> = any WritableKeyPath<AgentConfiguration, Value> & Sendable

    /// What the field holds, and where that goes.
    enum Form: Sendable {
        case flag(Path<Bool>)
        case count(Path<Int>, ClosedRange<Int64>, unit: String)
        /// A span of time, written in units of `unit` each.
        case span(Path<Milliseconds>, ClosedRange<Int64>, unit: TimeUnit)
        case text(Path<String>, TextRule)
        /// One of these words.
        case choice(Path<String>, [String])
        case labels(Path<[String: String]>)
    }

    enum TimeUnit: Int64, Sendable {
        case ms = 1
        case s = 1000
    }

    let section: String
    let name: String
    let form: Form
    let reason: String
    /// Set where the default follows from something else: what it is, and a value to show.
    let derived: (rule: String, example: String)?

    init(
        _ section: String, _ name: String, _ form: Form, _ reason: String,
        derived: (rule: String, example: String)? = nil
    ) {
        self.section = section
        self.name = name
        self.form = form
        self.reason = reason
        self.derived = derived
    }

    /// `section.name`.
    var fullName: String { "\(section).\(name)" }

    /// What a value must be, to follow “expected”.
    var expectation: String {
        switch form {
        case .flag: "true or false"
        case .count(_, let range, let unit): Self.whole(range, unit)
        case .span(_, let range, .ms): Self.whole(range, "milliseconds")
        case .span(_, let range, .s): Self.whole(range, "seconds")
        case .text(_, let rule): rule.expectation
        case .choice(_, let words):
            words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
        case .labels: "at most \(AgentConfiguration.Device.labelsMax) lines 'key: value'"
        }
    }

    /// What to do about a value that is refused.
    var defaultHint: String {
        derived.map { "Leave the line out for \($0.rule)." }
            ?? "The default is \(text(in: .defaults(hostName: "")))."
    }

    private static func whole(_ range: ClosedRange<Int64>, _ unit: String) -> String {
        let of = unit.isEmpty ? "" : " of \(unit)"
        return "a whole number\(of) from \(range.lowerBound) to \(range.upperBound)"
    }

    /// The value that `configuration` holds for this field, as YAML.
    func text(in configuration: AgentConfiguration) -> String {
        switch form {
        case .flag(let path): "\(configuration[keyPath: path])"
        case .count(let path, _, _): "\(configuration[keyPath: path])"
        case .span(let path, _, let unit): "\(configuration[keyPath: path].count / unit.rawValue)"
        case .text(let path, _), .choice(let path, _): configuration[keyPath: path]
        case .labels(let path):
            "{"
                + configuration[keyPath: path].sorted { $0.key < $1.key }
                .map { "\"\($0.key)\": \"\($0.value)\"" }.joined(separator: ", ") + "}"
        }
    }
}
