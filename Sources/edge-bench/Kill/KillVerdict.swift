import Platform

/// Counts and verdict of a run of kill rounds; pure, so that its judgement is tested without
/// processes.
struct KillVerdict {
    /// What a run left behind.
    struct Evidence {
        var kills = 0
        /// Messages in flight between the local broker and the agent at most.
        var window = 20
        /// Numbered messages given to the publisher: 1…published.
        var published = 0
        /// Numbers that the local broker's log shows as acknowledged by the agent.
        var acknowledged: Set<Int> = []
        /// What made the log of the broker unreadable; empty in a sound run.
        var logFaults: [String] = []
        /// All rows at the hub.
        var rows: [HubEntry] = []
        /// The hub's cursors.
        var cursors: [HubCursor] = []
        /// Rows that the agent's store has ever committed.
        var written = 0
    }

    let evidence: Evidence
    /// Acknowledged numbers that no row at the hub holds: lost data.
    private(set) var missing: [Int] = []
    /// Rows at the hub beyond the first with one (stream, epoch, seq).
    private(set) var repeatedDots = 0
    /// Numbers that more than one row holds: the broker delivered them again after a kill.
    private(set) var redelivered = 0
    /// Numbers of which at least one row is at the hub.
    private(set) var arrived = 0
    /// Rows and gaps at the hub.
    private(set) var atHub = 0
    /// Sentences; empty when all holds.
    private(set) var failures: [String] = []

    init(_ evidence: Evidence) {
        self.evidence = evidence
        countRows()
        judge()
    }

    private mutating func countRows() {
        var dots: Set<Dot> = []
        var holders: [Int: Int] = [:]
        for entry in evidence.rows {
            guard case .row(let row) = entry.content else { continue }
            if !dots.insert(Dot(stream: entry.stream, epoch: entry.epoch, seq: row.seq)).inserted {
                repeatedDots += 1
                continue
            }
            if let number = row.value["n"]?.intValue { holders[Int(number), default: 0] += 1 }
        }
        arrived = holders.count
        redelivered = holders.values.filter { $0 > 1 }.count
        missing = evidence.acknowledged.filter { holders[$0] == nil }.sorted()
        atHub = evidence.cursors.reduce(0) { $0 + $1.total }
    }

    private mutating func judge() {
        if !evidence.logFaults.isEmpty {
            failures.append(
                "the local broker's log cannot be counted: "
                    + evidence.logFaults.joined(separator: "; "))
        }
        if let first = missing.first {
            failures.append(
                "\(missing.count) messages that the agent acknowledged to its broker are not at "
                    + "the hub, the first is number \(first)")
        }
        if repeatedDots > 0 {
            failures.append("\(repeatedDots) rows are at the hub more than once")
        }
        if atHub > evidence.written {
            failures.append(
                "the hub holds \(atHub) rows but the agent's store committed only "
                    + "\(evidence.written): rows left the agent before they were durable")
        } else if atHub < evidence.written {
            failures.append(
                "the agent committed \(evidence.written) rows but only \(atHub) are accounted for "
                    + "at the hub: rows were released that the hub does not have")
        }
        failures += unevenCursors()
        if redelivered > evidence.kills * evidence.window {
            failures.append(
                "\(redelivered) messages were taken more than once; \(evidence.kills) kills with "
                    + "\(evidence.window) in flight explain at most "
                    + "\(evidence.kills * evidence.window)")
        }
        if arrived * 100 < evidence.published * 95 {
            failures.append(
                "only \(arrived) of \(evidence.published) published messages are at the hub")
        }
    }

    /// Sequences of which the hub has not every number from 1 on.
    private func unevenCursors() -> [String] {
        evidence.cursors.filter { $0.total != $0.upto }.prefix(3).map {
            "stream \($0.stream) epoch \($0.epoch) ends at \($0.upto) but has \($0.total) rows "
                + "and gaps"
        }
    }

    private struct Dot: Hashable {
        let stream: String
        let epoch: String
        let seq: Int
    }
}
