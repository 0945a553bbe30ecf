/// Metrics in the Prometheus text exposition format, version 0.0.4
/// (prometheus.io/docs/instrumenting/exposition_formats).
///
/// Total: a name that the format does not allow is made allowed, never refused, so that a page of
/// metrics is always readable as a whole.
public struct PrometheusText: Sendable {
    /// The media type of `text`.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// One number with the labels that tell it from its siblings.
    public struct Sample: Sendable {
        /// Names and values, in the order in which they are written; no name twice.
        public let labels: [(name: String, value: String)]
        /// The number, in the unit that the metric's name says.
        public let value: Double

        /// A number without labels tells all there is of its metric.
        public init(_ value: Double, labels: [(name: String, value: String)] = []) {
            self.labels = labels
            self.value = value
        }
    }

    private struct Family {
        let type: String
        let name: String
        let help: String
        var samples: [Sample]
    }

    private var families: [Family] = []

    /// An empty page.
    public init() {}

    /// Adds a number that only grows. Its name ends in `_total`, by the format's convention.
    public mutating func counter(_ name: String, help: String, _ samples: [Sample]) {
        add(type: "counter", name, help: help, samples)
    }

    /// Adds a counter without labels.
    public mutating func counter(_ name: String, help: String, _ value: Double) {
        counter(name, help: help, [Sample(value)])
    }

    /// Adds a number that goes up and down. Its name ends in its unit, in base units.
    public mutating func gauge(_ name: String, help: String, _ samples: [Sample]) {
        add(type: "gauge", name, help: help, samples)
    }

    /// Adds a gauge without labels.
    public mutating func gauge(_ name: String, help: String, _ value: Double) {
        gauge(name, help: help, [Sample(value)])
    }

    /// The page, one line per sample, families in the order of their first mention.
    public var text: String {
        var out = ""
        for family in families {
            out += "# HELP \(family.name) \(Self.escaped(family.help, quotes: false))\n"
            out += "# TYPE \(family.name) \(family.type)\n"
            for sample in family.samples {
                out += family.name + Self.labels(sample.labels)
                out += " \(Self.number(sample.value))\n"
            }
        }
        return out
    }

    private mutating func add(type: String, _ name: String, help: String, _ samples: [Sample]) {
        let name = Self.allowed(name, colons: true)
        // The format wants all samples of one name in one group.
        if let known = families.firstIndex(where: { $0.name == name }) {
            families[known].samples += samples
        } else {
            families.append(Family(type: type, name: name, help: help, samples: samples))
        }
    }

    private static func labels(_ labels: [(name: String, value: String)]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { label in
            "\(allowed(label.name, colons: false))=\"\(escaped(label.value, quotes: true))\""
        }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Whole numbers as people write them, as far as a double holds them exactly.
        if let whole = Int64(exactly: value), abs(value) <= 0x1p53 { return String(whole) }
        return "\(value)"
    }

    /// Names are `[a-zA-Z_:][a-zA-Z0-9_:]*`, those of labels without the colon.
    private static func allowed(_ name: String, colons: Bool) -> String {
        var out = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": out.unicodeScalars.append(scalar)
            case "0"..."9" where !out.isEmpty: out.unicodeScalars.append(scalar)
            case ":" where colons: out.unicodeScalars.append(scalar)
            default: out += "_"
            }
        }
        return out.isEmpty ? "_" : out
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"" where quotes: out += "\\\""
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
