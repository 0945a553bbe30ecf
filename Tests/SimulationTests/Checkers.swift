import Platform
import SQLiteStore
import Simulator
import SyncProtocol

/// What must hold at a site after a quiet while. Each finding is one line.
struct Checkers {
    let site: Site

    /// All of them.
    func findings() throws -> [String] {
        try site.hub.inspect { hub in
            var findings = site.hub.complaints
            for board in site.boards {
                findings += board.complaints
                findings += try delivery(board, hub)
                findings += try accounts(board, hub)
                findings += try twins(board, hub)
            }
            return findings
        }
    }

    /// Every message that the broker was allowed to forget is at the hub, where its board's and
    /// its device's name says.
    func delivery(_ board: Board, _ hub: HubStore) throws -> [String] {
        var seen: Set<Int64> = []
        for entry in try Self.entries(board, hub) {
            guard case .row(let row) = entry.item, let number = Self.number(entry) else {
                continue
            }
            if site.published[number] != "\(board.name) \(row.key)" {
                return ["message \(number) turned up as \(board.name) \(row.key)"]
            }
            seen.insert(number)
        }
        return board.broker.acknowledged.compactMap { message in
            guard let value = try? JSONReader.read(message.payload),
                let number = value["n"]?.intValue, !seen.contains(number),
                site.held?.contains(number) ?? true
            else { return nil }
            return "\(board.name): message \(number) was acknowledged and is not at the hub"
        }
    }

    /// Each number of each sequence is at the hub once, as a row or in a gap record, up to what
    /// the board wrote and no further.
    func accounts(_ board: Board, _ hub: HubStore) throws -> [String] {
        var findings: [String] = []
        var next: [LogSequence: UInt64] = [:]
        for entry in try Self.entries(board, hub) {
            let expected = (next[entry.sequence] ?? 0) + 1
            if entry.first != expected {
                findings.append(
                    "\(name(board, entry.sequence)): \(entry.first) follows \(expected - 1)")
            }
            switch entry.item {
            case .row: next[entry.sequence] = entry.first
            case .gap(let gap):
                next[entry.sequence] = gap.last
                if site.held != nil, gap.reason == .lostByHub { continue }
                findings.append(
                    "\(name(board, entry.sequence)): rows \(gap.first) to \(gap.last) are "
                        + "\(gap.reason.text)")
            }
        }
        let cursors = try hub.log.cursors(board.name)
        for cursor in cursors {
            if cursor.upto != next[cursor.sequence] ?? 0
                || cursor.rows + cursor.gapRows != cursor.upto
            {
                findings.append("\(name(board, cursor.sequence)): the cursor is wrong: \(cursor)")
            }
            if cursor.upto > board.written[cursor.sequence] ?? 0 {
                findings.append("\(name(board, cursor.sequence)): more than was written")
            }
        }
        let kept = try board.inspect { Set($0.outbox.streams.keys) }
        for (sequence, last) in board.written {
            // A hub that lost data does not hear again of sequences that it once had in full.
            guard site.held == nil || kept.contains(sequence) else { continue }
            let upto = cursors.first { $0.sequence == sequence }?.upto ?? 0
            if upto < last { findings.append("\(name(board, sequence)): \(upto) of \(last)") }
        }
        return findings
    }

    /// Both sides hold the same cells, every wish is answered, and the last wish of each side,
    /// which saw all others, is the one that holds.
    func twins(_ board: Board, _ hub: HubStore) throws -> [String] {
        let document = hub.twin.document(board.name)
        let theirs = try document.cells()
        let (ours, context) = try board.inspect {
            (try $0.document.cells(), try $0.document.causalContext())
        }
        var findings: [String] = []
        for (epoch, counter) in try context.merged(document.causalContext()).sorted {
            let their = try document.seen(epoch)
            guard their != counter || context[epoch] != counter else { continue }
            findings.append(
                "\(board.name) \(epoch.text): board has seen \(context[epoch]), hub \(their)")
        }
        let paths = Set((ours + theirs).map(\.path)).sorted()
        for path in paths {
            let our = ours.filter { $0.path == path }.sorted { $0.dot < $1.dot }
            let their = theirs.filter { $0.path == path }.sorted { $0.dot < $1.dot }
            if our != their {
                findings.append(
                    "\(board.name) \(path.text): board \(text(our)), hub \(text(their))")
            }
            guard let our = our.first, our.kind == .lastWriterWins, let answer = path.answer
            else { continue }
            let said = ours.first { $0.path == answer }?.value
            if said?["epoch"]?.stringValue != our.dot.epoch.text
                || said?["counter"]?.intValue != Int64(our.dot.counter)
            {
                findings.append("\(board.name) \(path.text): not answered: \(text([our]))")
            }
        }
        let last = ours.first { $0.path.text == "config/last" }?.value
        if last != .string("last-board") { findings.append("\(board.name): config/last is lost") }
        let wish = theirs.first { $0.path.text == "desired/workloads/last" }?.value
        if wish?["environment"]?["N"] != .string("last-hub") {
            findings.append("\(board.name): desired/workloads/last is lost")
        }
        return findings
    }

    /// The number of the message that an entry came from; nil for what came from none.
    static func number(_ entry: LogEntry) -> Int64? {
        guard case .row(let row) = entry.item else { return nil }
        return row.value["n"]?.intValue
    }

    static func entries(_ board: Board, _ hub: HubStore) throws -> [LogEntry] {
        try hub.log.page(board.name, stream: nil, after: 0, limit: 1_000_000)
    }

    private func name(_ board: Board, _ sequence: LogSequence) -> String {
        "\(board.name) \(sequence.stream) \(sequence.epoch.text)"
    }

    private func text(_ cells: [Cell]) -> String {
        guard !cells.isEmpty else { return "nothing" }
        return cells.map { cell in
            "\(cell.dot.epoch.text):\(cell.dot.counter) @\(cell.stamp) \(cell.value.json)"
        }.joined(separator: ", ")
    }
}

extension CausalContext {
    fileprivate func merged(_ other: CausalContext) -> CausalContext {
        var merged = self
        merged.merge(other)
        return merged
    }
}
