import SQLiteStore
import SyncModel
import SyncProtocol

/// What really happened, which no part of the engine can see: the model's history and oracle,
/// kept of the engine's own writes. Frames of the engine carry more or less than the model's, so
/// its writers have seen other writes, and the model's final view need not be the engine's.
struct EngineHistory {
    private struct Write {
        let verb: Verb
        let path: Int
        let dot: Dot
        /// What its writer had seen.
        let past: CausalContext
        /// `counters`: the generation that it counts in, or that it ends.
        let generation: UInt64
        let number: Int
    }

    private var writes: [Write] = []
    private var surviving: Set<Int> = []
    /// The number of the next write; what registers and notes have as their value.
    private(set) var next = 1

    mutating func record(
        _ verb: Verb, _ path: Int, _ dot: Dot, past: CausalContext, held: [Cell]
    ) {
        writes.append(
            Write(
                verb: verb, path: path, dot: dot, past: past,
                generation: held.map(\.stamp).max() ?? 0, number: next))
        next += 1
    }

    /// Writes that some replica has when the faults end, or that were in flight then.
    mutating func noteSurvivors(_ contexts: [CausalContext]) {
        for write in writes where contexts.contains(where: { $0.covers(write.dot) }) {
            surviving.insert(write.number)
        }
    }

    /// What a view has that it should not, or lacks.
    func fault(in view: EngineView) -> String? {
        for path in 0..<2 {
            for (verb, value) in [(Verb.report, view.reported[path]), (.set, view.config[path])] {
                let values = maximal(verb, path).map { $0.verb == .clear ? nil : $0.number }
                guard values.isEmpty ? value != nil : !values.contains(value) else { continue }
                return "\(verb.kind) \(path) is \(Self.text(value)), could be "
                    + "\(values.map(Self.text))"
            }
            let notes = maximal(.note, path).map(\.number).sorted()
            if view.notes[path] != notes {
                return "notes \(path) are \(view.notes[path]), should be \(notes)"
            }
            let changes = survivors(.add, path)
            let isMember = changes.contains { add in
                add.verb == .add
                    && !changes.contains { $0.verb == .remove && $0.past.covers(add.dot) }
            }
            if view.sets[path] != isMember {
                return "element \(path) is \(view.sets[path]), should be \(isMember)"
            }
            let counts = survivors(.count, path)
            let generation =
                counts.map { $0.verb == .reset ? $0.generation + 1 : $0.generation }.max() ?? 0
            let sum = counts.count { $0.verb == .count && $0.generation == generation }
            if view.counters[path] != sum {
                return "counter \(path) is \(view.counters[path]), should be \(sum)"
            }
        }
        return nil
    }

    private func survivors(_ verb: Verb, _ path: Int) -> [Write] {
        writes.filter {
            surviving.contains($0.number) && $0.verb.kind == verb.kind && $0.path == path
        }
    }

    /// Writes that no other one had seen.
    private func maximal(_ verb: Verb, _ path: Int) -> [Write] {
        let writes = survivors(verb, path)
        return writes.filter { write in !writes.contains { $0.past.covers(write.dot) } }
    }

    private static func text(_ value: Int?) -> String { value.map { "\($0)" } ?? "null" }
}
