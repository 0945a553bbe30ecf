import Platform
import SyncProtocol
import TestSupport

/// One replica of a twin in a test: what it holds, the hand it writes with, and a clock of its own.
final class TwinReplica {
    let twin = MemoryTwin()
    private(set) var writer: TwinWriter
    var clock = HybridLogicalClock()
    /// What this replica's wall clock says.
    var now: Int64 = 1_767_225_600_000

    init(_ epoch: UInt64) { writer = TwinWriter(epoch: Epoch(nonce: epoch)) }

    var epoch: Epoch { writer.epoch }
    var context: CausalContext { twin.context }

    /// Writes on under another epoch, as each opening of a store does.
    func reopen(as epoch: UInt64) { writer = TwinWriter(epoch: Epoch(nonce: epoch)) }

    @discardableResult
    func write(_ write: TwinWrite) throws -> JoinOutcome {
        let stamp = clock.stamp(WallTime(milliseconds: now))
        let outcome = try twin.write(write, by: &writer, stamp: stamp).get()
        twin.advance(epoch, to: writer.counter)
        return outcome
    }

    /// False where a base is missing.
    @discardableResult
    func join(_ deltas: [IntervalDelta], keepsRemovals: Bool = true) -> Bool {
        guard let outcome = twin.join(deltas, keepsRemovals: keepsRemovals) else { return false }
        for cell in outcome.changed where cell.kind == .lastWriterWins {
            clock.observe(HybridTimestamp(rawValue: cell.stamp))
        }
        return true
    }

    /// As a hub does: others may have seen what was dropped, so it is removed in this one's name.
    func joinAndPassOn(_ deltas: [IntervalDelta]) -> Bool {
        guard let outcome = twin.join(deltas, keepsRemovals: true) else { return false }
        if let removal = writer.removal(of: outcome.dropped) {
            twin.keep(removal)
            twin.advance(epoch, to: writer.counter)
        }
        for cell in outcome.changed where cell.kind == .lastWriterWins {
            clock.observe(HybridTimestamp(rawValue: cell.stamp))
        }
        return true
    }

    /// All that this replica knows and one that has seen `context` does not, of each epoch.
    func missing(at context: CausalContext = CausalContext()) -> [IntervalDelta] {
        twin.context.sorted.filter { $0.counter > context[$0.epoch] }.map {
            twin.delta($0.epoch, since: context[$0.epoch], upto: $0.counter, bytes: .max)
        }
    }

    /// The same in one delta for each counter.
    func decomposed(at context: CausalContext = CausalContext()) -> [IntervalDelta] {
        missing(at: context).flatMap { whole in
            (whole.since..<whole.upto).map {
                twin.delta(whole.epoch, since: $0, upto: $0 + 1, bytes: .max)
            }
        }
    }

    /// Another replica with the same content, which writes under an epoch of its own.
    func copy(as epoch: UInt64 = 0xFFFF_FFFE) -> TwinReplica {
        let copy = TwinReplica(epoch)
        copy.join(missing())
        return copy
    }

    func pull(from other: TwinReplica) { join(other.missing(at: context)) }

    func value(_ path: TwinPath) -> Value? { TwinView.value(twin.cells(at: path)) }
    func value(_ path: String) throws -> Value? { value(try TwinPath(path)) }

    /// All that can be told apart of two replicas: what was seen, and every cell of every path.
    var content: TwinContent {
        TwinContent(
            context: context,
            cells: twin.all.flatMap { $0.cells.sorted { $0.dot < $1.dot } })
    }
}

struct TwinContent: Equatable {
    let context: CausalContext
    let cells: [Cell]
}

/// What was written when, and by whom knowing what: enough to say what any replica must show.
struct TwinHistory {
    struct Entry {
        let write: TwinWrite
        let dot: Dot
        /// What the writer had seen before.
        let seen: CausalContext
        /// The register cell that it made; nil for other kinds.
        let cell: Cell?
    }

    private(set) var entries: [Entry] = []

    /// Writes, and takes note where the write was one.
    mutating func write(_ write: TwinWrite, at replica: TwinReplica) throws {
        let seen = replica.context
        let outcome = try replica.write(write)
        guard replica.context != seen else { return }
        let dot = Dot(epoch: replica.epoch, counter: replica.context[replica.epoch])
        let cell = outcome.changed.first
        entries.append(
            Entry(
                write: write, dot: dot, seen: seen,
                cell: cell?.kind.isRegister == true ? cell : nil))
    }

    /// What a replica that has seen `context` must show at a path.
    func value(_ path: TwinPath, at context: CausalContext) -> Value? {
        let entries = entries.filter { $0.write.path == path && context.covers($0.dot) }
        switch path.kind {
        case .singleWriter, .lastWriterWins:
            let last = entries.compactMap(\.cell).max { $1.wins(over: $0) }
            return last?.value == .null ? nil : last?.value
        case .multiValue: return Self.note(entries)
        case .addWinsSet: return Self.set(entries)
        case .counter: return Self.counter(entries)
        }
    }

    /// Whether what a register shows was written by one who had seen no later write to it.
    func isMaximal(_ path: TwinPath, at context: CausalContext) -> Bool {
        let entries = entries.filter { $0.write.path == path && context.covers($0.dot) }
        guard let last = entries.max(by: { ($1.cell?.wins(over: $0.cell)) ?? false }) else {
            return true
        }
        return !entries.contains { $0.seen.covers(last.dot) }
    }

    /// The values that no other write has seen.
    private static func note(_ entries: [Entry]) -> Value? {
        let values = entries.compactMap { entry -> Value? in
            guard case .set(_, let value) = entry.write else { return nil }
            return entries.contains { $0.seen.covers(entry.dot) } ? nil : value
        }
        return distinct(values)
    }

    /// What was added by an add that no removal of it has seen.
    private static func set(_ entries: [Entry]) -> Value? {
        let values = entries.compactMap { entry -> Value? in
            guard case .add(_, let element) = entry.write else { return nil }
            let isRemoved = entries.contains {
                guard $0.seen.covers(entry.dot) else { return false }
                switch $0.write {
                case .remove(_, let removed): return removed == element
                case .delete: return true
                default: return false
                }
            }
            return isRemoved ? nil : element
        }
        return distinct(values)
    }

    /// Increments whose writers had seen all resets: each reset begins a generation, and the
    /// highest counts.
    private static func counter(_ entries: [Entry]) -> Value? {
        var generations: [Dot: Int] = [:]
        // A writer has seen only what stands before it here.
        for entry in entries {
            let before = entries.filter { entry.seen.covers($0.dot) }
            let seen = before.compactMap { generations[$0.dot] }.max() ?? 0
            if case .delete = entry.write {
                generations[entry.dot] = seen + 1
            } else {
                generations[entry.dot] = seen
            }
        }
        let highest = generations.values.max() ?? 0
        let increments = entries.compactMap { entry -> Int64? in
            guard generations[entry.dot] == highest, case .increment(_, let by) = entry.write
            else { return nil }
            return by
        }
        return increments.isEmpty ? nil : .int(increments.reduce(0, +))
    }

    private static func distinct(_ values: [Value]) -> Value? {
        let distinct = Set(values).sorted {
            $0.json.utf8.lexicographicallyPrecedes($1.json.utf8)
        }
        return distinct.isEmpty ? nil : .array(distinct)
    }
}

extension Cell {
    fileprivate func wins(over other: Cell?) -> Bool { other.map { wins(over: $0) } ?? true }
}

extension SeededGenerator {
    /// A write to one of two paths of a kind, that this replica may make.
    mutating func write(to kind: CellKind) throws -> TwinWrite {
        let path = try TwinPath(Self.prefix(kind) + (once(in: 3) ? "/b" : "/a"))
        let value = Value.int(Int64(number(0...4)))
        switch kind {
        case .singleWriter, .lastWriterWins:
            return once(in: 5) ? .delete(path) : .set(path, value)
        case .multiValue: return once(in: 5) ? .delete(path) : .set(path, value)
        case .addWinsSet:
            if once(in: 9) { return .delete(path) }
            return once(in: 3) ? .remove(path, value) : .add(path, value)
        case .counter:
            return once(in: 6) ? .delete(path) : .increment(path, by: Int64(number(-3...9)))
        }
    }

    static func prefix(_ kind: CellKind) -> String {
        switch kind {
        case .singleWriter: "reported"
        case .lastWriterWins: "config"
        case .multiValue: "notes"
        case .addWinsSet: "sets"
        case .counter: "counters"
        }
    }

    static func paths(_ kind: CellKind) throws -> [TwinPath] {
        [try TwinPath(prefix(kind) + "/a"), try TwinPath(prefix(kind) + "/b")]
    }
}

extension CellKind {
    static let all: [CellKind] = [
        .singleWriter, .lastWriterWins, .multiValue, .addWinsSet, .counter,
    ]
}
