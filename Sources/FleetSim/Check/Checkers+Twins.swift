import Platform
import SQLiteStore
import Simulator
import SyncProtocol

extension Checkers {
    /// All replicas hold the same cells, every wish is answered, and the last wish of each side,
    /// which saw all others, is the one that holds.
    func twins(_ device: String, _ hub: HubStore) throws -> [String] {
        let document = hub.twin.document(device)
        let theirs = try document.cells()
        let known = try document.causalContext()
        var findings: [String] = []
        for board in site.stations(of: device) {
            let (ours, context) = try board.inspect {
                (try $0.document.cells(), try $0.document.causalContext())
            }
            findings += differences(board.station, context, known)
            findings += differences(board.station, ours, theirs)
            findings += answers(board.station, ours)
            let wishes: [(String, Value)] = [
                ("config/last", .string("last")), ("desired/last", .string("last")),
                ("config/duel-0", .int(1)), ("config/duel-1", .int(1)),
            ]
            for (path, wish) in wishes {
                let last = ours.first { $0.path.text == path }?.value
                if last != wish {
                    findings.append("wish: \(board.station): \(path) is \(last?.json ?? "lost")")
                }
            }
        }
        return findings
    }

    private func differences(
        _ station: String, _ context: CausalContext, _ known: CausalContext
    ) -> [String] {
        Set(context.counters.keys).union(known.counters.keys).sorted().compactMap { epoch in
            guard context[epoch] != known[epoch] else { return nil }
            return "converge: \(station) has seen \(context[epoch]) of \(epoch.text), the hub "
                + "\(known[epoch])"
        }
    }

    private func differences(_ station: String, _ ours: [Cell], _ theirs: [Cell]) -> [String] {
        let our = Dictionary(grouping: ours, by: \.path)
        let their = Dictionary(grouping: theirs, by: \.path)
        return Set(our.keys).union(their.keys).sorted().compactMap { path in
            let one = (our[path] ?? []).sorted { $0.dot < $1.dot }
            let other = (their[path] ?? []).sorted { $0.dot < $1.dot }
            guard one != other else { return nil }
            return "converge: \(station) \(path.text): board \(text(one)), hub \(text(other))"
        }
    }

    private func answers(_ station: String, _ cells: [Cell]) -> [String] {
        let values = Dictionary(cells.map { ($0.path, $0.value) }, uniquingKeysWith: { $1 })
        return cells.filter { $0.kind == .lastWriterWins }.compactMap { cell in
            guard let answer = cell.path.answer else { return nil }
            let said = values[answer]
            guard
                said?["epoch"]?.stringValue != cell.dot.epoch.text
                    || said?["counter"]?.intValue != Int64(cell.dot.counter)
            else { return nil }
            return "answer: \(station) \(cell.path.text): not answered: \(text([cell]))"
        }
    }

    /// What was acknowledged is there, what was removed is not, and counters count right.
    func items(_ device: String, _ hub: HubStore) throws -> [String] {
        let cells = try hub.twin.document(device).cells()
        var findings: [String] = []
        for (number, item) in site.ledger.items.sorted(by: { $0.key < $1.key })
        where item.device == device {
            let isThere = cells.contains { $0.path == item.path && $0.value == item.value }
            let name = "\(device) \(item.path.text) \(item.value.json.prefix(20)) (item \(number))"
            if !isThere, !item.isRemoved, !item.isExcused, !isTakenBack(number) {
                findings.append("lost: \(name) was acknowledged")
            }
            if isThere, item.isRemoved, !item.mayReturn { findings.append("returned: \(name)") }
        }
        for (key, counter) in site.ledger.counters where key.device == device {
            guard key.path.text != "counters/r" else { continue }
            let shown = TwinView.value(cells.filter { $0.path == key.path })?.intValue ?? 0
            let least = counter.told - counter.excused
            if shown < least || shown > counter.tried {
                findings.append(
                    "count: \(device) \(key.path.text) is \(shown), not in \(least)…\(counter.tried)"
                )
            }
        }
        return findings.sorted()
    }

    /// Whether a step tried to remove it: it may have, without living to tell.
    private func isTakenBack(_ number: Int) -> Bool { site.removals.contains(number) }

    private func text(_ cells: [Cell]) -> String {
        guard !cells.isEmpty else { return "nothing" }
        return cells.map { cell in
            "\(cell.dot.epoch.text):\(cell.dot.counter) @\(cell.stamp) \(cell.value.json)"
        }.joined(separator: ", ")
    }
}
