import Platform
import SQLiteStore
import Simulator
import SyncProtocol

/// What must hold at a site after a quiet while. Each finding is one line, whose first word names
/// the rule.
struct Checkers {
    let site: Site

    func findings() throws -> [String] {
        var findings = site.hub.complaints + site.boards.flatMap(\.complaints)
        findings += try site.hub.inspect { hub in
            var findings: [String] = []
            for device in site.devices {
                findings += try delivery(device, hub)
                findings += try accounts(device, hub)
                findings += try twins(device, hub)
                findings += try items(device, hub)
                findings += try bounds(device, hub)
            }
            return findings
        }
        findings += events()
        findings += rest()
        return findings
    }

    /// Every message that a broker was allowed to forget is at the hub, where its board's and its
    /// device's name says.
    func delivery(_ device: String, _ hub: HubStore) throws -> [String] {
        var seen: Set<Int64> = []
        for entry in try Self.entries(device, hub) {
            guard case .row(let row) = entry.item, let number = row.value["n"]?.intValue else {
                continue
            }
            if site.ledger.published[number] != "\(device) \(row.key)" {
                return ["delivery: message \(number) turned up as \(device) \(row.key)"]
            }
            seen.insert(number)
        }
        return site.stations(of: device).flatMap(\.broker.acknowledged).compactMap { message in
            guard let value = try? JSONReader.read(message.payload),
                let number = value["n"]?.intValue, !seen.contains(number),
                !site.ledger.excusedMessages.contains(number)
            else { return nil }
            return "delivery: \(device): message \(number) was acknowledged and is not at the hub"
        }
    }

    /// Each number of each sequence is at the hub once, as a row or in a gap record, up to what
    /// the board wrote and no further.
    func accounts(_ device: String, _ hub: HubStore) throws -> [String] {
        var findings: [String] = []
        var next: [LogSequence: UInt64] = [:]
        for entry in try Self.entries(device, hub) {
            let expected = (next[entry.sequence] ?? 0) + 1
            if entry.first != expected {
                findings.append(
                    "log: \(name(device, entry.sequence)): \(entry.first) follows \(expected - 1)")
            }
            switch entry.item {
            case .row: next[entry.sequence] = entry.first
            case .gap(let gap):
                next[entry.sequence] = gap.last
                if site.ledger.hubLosses > 0, gap.reason == .lostByHub { continue }
                findings.append(
                    "log: \(name(device, entry.sequence)): rows \(gap.first) to \(gap.last) are "
                        + "\(gap.reason.text)")
            }
        }
        let written = site.ledger.sequences[device] ?? [:]
        let cursors = try hub.log.cursors(device)
        for cursor in cursors {
            if cursor.upto != next[cursor.sequence] ?? 0
                || cursor.rows + cursor.gapRows != cursor.upto
            {
                findings.append("log: \(name(device, cursor.sequence)): a wrong cursor: \(cursor)")
            }
            if cursor.upto > written[cursor.sequence] ?? 0 {
                findings.append("log: \(name(device, cursor.sequence)): more than was written")
            }
        }
        let kept = try site.stations(of: device).reduce(into: Set<LogSequence>()) { kept, board in
            kept.formUnion(try board.inspect { Set($0.outbox.streams.keys) })
        }
        for (sequence, last) in written.sorted(by: { $0.key < $1.key }) {
            // A hub that lost data does not hear again of sequences that it once had in full.
            guard site.ledger.hubLosses == 0 || kept.contains(sequence) else { continue }
            let owed = min(last, site.ledger.limits[sequence] ?? .max)
            let upto = cursors.first { $0.sequence == sequence }?.upto ?? 0
            if upto < owed { findings.append("log: \(name(device, sequence)): \(upto) of \(last)") }
        }
        return findings
    }

    static func entries(_ device: String, _ hub: HubStore) throws -> [LogEntry] {
        try hub.log.page(device, stream: nil, after: 0, limit: 1_000_000)
    }

    func name(_ device: String, _ sequence: LogSequence) -> String {
        "\(device) \(sequence.stream) \(sequence.epoch.text)"
    }
}
