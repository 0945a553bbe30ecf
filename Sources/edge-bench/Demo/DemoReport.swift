import Platform

/// The figures that close the demonstration, and what they say.
struct DemoReport {
    /// What one board left behind.
    struct Board {
        let id: String
        /// Numbered messages given to its publisher, and messages without a number.
        let numbered: Int
        let unnumbered: Int
        /// Rows that its store has committed.
        let written: Int
        let entries: [HubEntry]
        let cursors: [HubCursor]
        let kills: Int
        let bytesUp: Int
        let pssKiB: Int
    }

    let boards: [Board]
    /// From the last listener up until everything agreed, in milliseconds; nil if it never did.
    let reconvergeMilliseconds: Int?
    /// What did not hold, as sentences, besides the figures.
    let complaints: [String]

    private static let window = 20

    private var verdicts: [KillVerdict] {
        boards.map { board in
            var evidence = KillVerdict.Evidence()
            evidence.kills = board.kills
            evidence.window = Self.window
            evidence.published = board.numbered
            // Every message was acknowledged at last, so every number must have arrived.
            evidence.acknowledged = Set(1...max(1, board.numbered))
            evidence.rows = board.entries
            evidence.cursors = board.cursors
            evidence.written = board.written
            return KillVerdict(evidence)
        }
    }

    private var published: Int { boards.reduce(0) { $0 + $1.numbered + $1.unnumbered } }
    private var written: Int { boards.reduce(0) { $0 + $1.written } }
    private var acked: Int { verdicts.reduce(0) { $0 + $1.atHub } }

    /// Rows that the hub lacks, and numbered messages that no row holds.
    private var lost: Int { max(0, written - acked) + verdicts.reduce(0) { $0 + $1.missing.count } }

    /// Rows with one (device, stream, epoch, seq), and numbers beyond the redeliveries that the
    /// kills explain.
    private var duplicates: Int {
        verdicts.reduce(0) { sum, verdict in
            let allowed = verdict.evidence.kills * Self.window
            return sum + verdict.repeatedDots + max(0, verdict.redelivered - allowed)
        }
    }

    var failures: [String] {
        var all = complaints
        for (board, verdict) in zip(boards, verdicts) {
            all += verdict.failures.map { "\(board.id): \($0)" }
        }
        if reconvergeMilliseconds == nil { all.append("the replicas did not converge") }
        return all
    }

    var line: ResultLine {
        var line = ResultLine()
        line.add("demo", failures.isEmpty ? "ok" : "failed")
        line.add("devices", boards.count)
        line.add("published", published)
        line.add("log_written", written)
        line.add("log_acked", acked)
        line.add("log_lost", lost)
        line.add("duplicates", duplicates)
        line.add("converged", reconvergeMilliseconds != nil)
        line.add("reconverge_ms", reconvergeMilliseconds.map { .int(Int64($0)) } ?? .null)
        line.add("bytes_up", boards.reduce(0) { $0 + $1.bytesUp })
        line.add("agent_pss_kib", boards.map(\.pssKiB).max() ?? 0)
        return line
    }
}
