/// Chooses devices by labels: `site=barn,rack=2` means all of these.
public struct LabelSelector: Sendable, Hashable {
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public let term: String

        public var description: String {
            "\"\(term)\" is no selector term here; write KEY=VALUE, each key once, with commas between"
        }
    }

    public let terms: [String: String]

    /// The empty text selects everything.
    public init(_ text: String) throws(Fault) {
        var terms: [String: String] = [:]
        for term in text.split(separator: ",", omittingEmptySubsequences: true) {
            let parts = term.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else { throw Fault(term: String(term)) }
            let (key, value) = (String(parts[0]), String(parts[1]))
            // No device has two values of one label: somebody meant another key.
            guard terms[key] == nil || terms[key] == value else { throw Fault(term: String(term)) }
            terms[key] = value
        }
        self.terms = terms
    }

    public func matches(_ labels: [String: String]) -> Bool {
        terms.allSatisfy { labels[$0.key] == $0.value }
    }
}
