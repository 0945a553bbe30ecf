import Platform

/// Counts and verdict of a run of the log bound; pure.
struct BoundVerdict {
    let status: AgentStatus
    let cursors: [HubCursor]
    let entries: [HubEntry]
    /// Numbered messages, alarms among them.
    let published: Int
    let alarmsPublished: Int
    /// True where the input was more than the bound allows, so that rows must be missing.
    let mustDrop: Bool

    private var rows: Int { entries.filter { $0.row != nil }.count }

    /// Numbers that gap records cover.
    private var gapRows: Int {
        entries.reduce(0) { sum, entry in
            guard case .gap(let first, let last, _) = entry.content else { return sum }
            return sum + last - first + 1
        }
    }

    private var alarms: Int { numbered(stream: "alarm") }
    private var telemetry: Int { numbered(stream: "telemetry") }

    private func numbered(stream: String) -> Int {
        Payload.numbers(entries.filter { $0.stream == stream }).count
    }

    var failures: [String] {
        var all: [String] = []
        if !mustDrop {
            all.append("nothing was dropped: the input does not fill the bound; take more hours")
        }
        if status.written != status.acked + status.gap {
            all.append(
                "the agent wrote \(status.written) rows but counts \(status.acked) acknowledged "
                    + "and \(status.gap) dropped")
        }
        // A row may be dropped at the board while its frame arrives: the hub keeps what it has.
        if rows < status.acked || rows + gapRows != status.written {
            all.append(
                "the hub has \(rows) rows and gap records over \(gapRows), the agent wrote "
                    + "\(status.written) and counts \(status.acked) acknowledged")
        }
        for cursor in cursors where cursor.total != cursor.upto {
            all.append(
                "stream \(cursor.stream) ends at \(cursor.upto) but accounts for \(cursor.total)")
        }
        all += holes()
        if let early = alarmsDroppedEarly() { all.append(early) }
        return all
    }

    /// Numbers of a sequence that are neither a row nor in a gap, or both.
    private func holes() -> [String] {
        var ranges: [String: [ClosedRange<Int>]] = [:]
        for entry in entries {
            switch entry.content {
            case .row(let row):
                ranges["\(entry.stream) \(entry.epoch)", default: []]
                    .append(row.seq...row.seq)
            case .gap(let first, let last, _):
                ranges["\(entry.stream) \(entry.epoch)", default: []]
                    .append(first...max(first, last))
            }
        }
        return ranges.sorted { $0.key < $1.key }.compactMap { name, ranges in
            var next = 1
            for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
                guard range.lowerBound == next else {
                    return "sequence \(name) is not contiguous at \(min(next, range.lowerBound))"
                }
                next = range.upperBound + 1
            }
            return nil
        }
    }

    /// An alarm may go only when all telemetry up to its time is gone.
    private func alarmsDroppedEarly() -> String? {
        let missing = alarmsPublished - alarms
        guard missing > 0 else { return nil }
        // The oldest go first, so all missing alarms are older than the oldest one left.
        let oldestAlarm = entries.filter { $0.stream == "alarm" }.compactMap(\.row?.time).min()
        let oldestTelemetry =
            entries.filter { $0.stream == "telemetry" }.compactMap(\.row?.time).min()
        guard let oldestTelemetry, oldestTelemetry < oldestAlarm ?? "~" else { return nil }
        return "\(missing) alarms are missing while telemetry of \(oldestTelemetry) is left"
    }

    var line: ResultLine {
        var line = ResultLine()
        line.add("bound", failures.isEmpty ? "ok" : "failed")
        line.add("published", published)
        line.add("log_written", status.written)
        line.add("log_acked", status.acked)
        line.add("log_gap", status.gap)
        line.add("hub_rows", rows)
        line.add("hub_gap_rows", gapRows)
        line.add("alarms_published", alarmsPublished)
        line.add("alarms_at_hub", alarms)
        line.add("telemetry_at_hub", telemetry)
        return line
    }
}
