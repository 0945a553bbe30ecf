public import Platform

/// Where a workload goes, with the account of it.
public struct PlacementDecision: Sendable {
    /// A board that could have it; terms are in milliseconds' worth, less is better.
    public struct Candidate: Sendable, Hashable {
        public let board: String
        public let latency: Double
        public let energy: Double
        public let temperature: Double
        public let battery: Double
        public let movement: Double
        public let spread: Double

        public var total: Double {
            latency + energy + temperature + battery + movement + spread
        }

        var terms: [(name: String, worth: Double)] {
            [
                ("latency", latency), ("energy", energy), ("temperature", temperature),
                ("battery", battery), ("movement", movement), ("spread", spread),
            ]
        }
    }

    public let workload: String
    /// The best, and the next three at most.
    public let candidates: [Candidate]
    /// How many boards each rule kept out.
    public let refused: [PlacementRefusal: Int]

    public var chosen: String? { candidates.first?.board }

    /// Why this board and not the next, a line each.
    public var text: String {
        guard let best = candidates.first else {
            return "\(workload): no board can have it" + refusals
        }
        var lines = ["\(workload): \(best.board), \(Self.rounded(best.total)) ms worth" + refusals]
        lines.append(
            "  "
                + best.terms.map { "\($0.name) \(Self.rounded($0.worth))" }
                .joined(separator: ", "))
        for other in candidates.dropFirst() {
            // The term that decided comes first.
            let against = zip(other.terms, best.terms)
                .map { (name: $0.0.name, worth: $0.0.worth - $0.1.worth) }
                .filter { abs($0.worth) >= 0.05 }
                .sorted { $0.worth > $1.worth }
                .map { "\($0.name) \($0.worth > 0 ? "+" : "")\(Self.rounded($0.worth))" }
            lines.append(
                "  not \(other.board): "
                    + (against.isEmpty
                        ? "equal, its name is later" : against.joined(separator: ", ")))
        }
        return lines.joined(separator: "\n")
    }

    private var refusals: String {
        let counts = PlacementRefusal.allCases.compactMap { rule in
            refused[rule].map { "\($0) \(rule.text)" }
        }
        return counts.isEmpty ? "" : " (" + counts.joined(separator: "; ") + ")"
    }

    /// The same as a value.
    public var value: Value {
        .object([
            ("workload", .string(workload)),
            ("board", chosen.map { .string($0) } ?? .null),
            (
                "candidates",
                .array(
                    candidates.map { candidate in
                        .object(
                            candidate.terms.map { ($0.name, Value.number($0.worth)) } + [
                                ("board", .string(candidate.board)),
                                ("total", .number(candidate.total)),
                            ])
                    })
            ),
            (
                "refused",
                .object(refused.map { ($0.key.rawValue, .int(Int64($0.value))) })
            ),
        ])
    }

    private static func rounded(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }
}
