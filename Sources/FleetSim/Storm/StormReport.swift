package import Platform

/// What a storm led to.
package struct StormReport: Sendable {
    package let seed: UInt64
    package internal(set) var boards = 0
    package internal(set) var flapping = 0
    package internal(set) var workloads = 0
    package internal(set) var hours = 0
    /// Silences of boards that the hub did not hear for a minute or longer.
    package internal(set) var silences = 0
    package internal(set) var deaths = 0
    /// Replicas that were placed after the first placement.
    package internal(set) var moves = 0
    /// Moves for boards that were dead.
    package internal(set) var movesForDeaths = 0
    /// Single-instance workloads that stopped as their lease had ended, which they must.
    package internal(set) var leaseEnds = 0
    package internal(set) var needlessRestarts = 0
    package internal(set) var leaseViolations = 0
    /// Seconds from a death until a replica or a single one runs elsewhere.
    package internal(set) var replicaSeconds: [Int] = []
    package internal(set) var singleSeconds: [Int] = []
    /// Broken promises; the first hundred.
    package private(set) var findings: [String] = []

    init(seed: UInt64) { self.seed = seed }

    mutating func find(_ second: Int, _ text: String) {
        guard findings.count < 100 else { return }
        let clock = "\(second / 3600) h \(second / 60 % 60) min \(second % 60) s"
        findings.append("\(clock): \(text)")
    }

    package var value: Value {
        func number(_ name: String, _ value: Int) -> (String, Value) { (name, .int(Int64(value))) }
        func times(_ seconds: [Int]) -> Value {
            let sorted = seconds.sorted()
            guard let last = sorted.last else { return .null }
            return .object([
                number("count", sorted.count), number("median_s", sorted[sorted.count / 2]),
                number("max_s", last),
            ])
        }
        return .object([
            ("seed", .string("\(seed)")), number("boards", boards), number("flapping", flapping),
            number("workloads", workloads), number("simulated_hours", hours),
            number("silences", silences), number("deaths", deaths), number("moves", moves),
            number("moves_for_deaths", movesForDeaths), number("lease_ends", leaseEnds),
            number("needless_restarts", needlessRestarts),
            number("lease_violations", leaseViolations),
            (
                "time_to_place",
                .object([("replicas", times(replicaSeconds)), ("singles", times(singleSeconds))])
            ),
            ("findings", .array(findings.prefix(12).map { .string($0) })),
        ])
    }
}
