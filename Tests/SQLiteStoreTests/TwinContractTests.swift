import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import SQLiteStore

/// SQL and memory are two ways to keep a twin: the same operations in the same order give the
/// same answers from both.
@Suite struct TwinContractTests {
    @Test func sqlAndMemoryAnswerTheSame() throws {
        var generator = SeededGenerator.announced(for: "sqlAndMemoryAnswerTheSame")
        for _ in 0..<6 {
            var site = try Site(HubStore(StoreFolder()))
            for _ in 0..<250 {
                let step = try site.step(&generator)
                // A transaction that fails leaves nothing, neither rows nor what memory has of
                // them: another step may give the numbers of its epochs anew.
                if generator.once(in: 6) { try site.fail(step) }
                if generator.once(in: 20) { site.store.twin.forget() }
                try site.perform(step)
                try site.compare(step.replica, &generator)
            }
            for replica in site.replicas.indices { try site.compare(replica, &generator) }
            #expect(site.joined > 20 && site.refused > 0)
            try site.settle()
        }
    }
}

/// One operation on one replica.
private struct Step {
    enum Action {
        case write(TwinWrite)
        case join([IntervalDelta])
        case adopt([Cell], [Dot], CausalContext)
    }

    let replica: Int
    let action: Action
}

/// What an operation said, in an order of its own: storages list slots each in theirs.
private enum Answer: Equatable {
    case done(changed: [Cell], removed: [Cell], dropped: [Dot])
    case refused(TwinWriteFault?)

    init(_ outcome: JoinOutcome?) {
        guard let outcome else {
            self = .refused(nil)
            return
        }
        self = .done(
            changed: outcome.changed.sorted { $0.dot < $1.dot },
            removed: outcome.removed.sorted { $0.dot < $1.dot }, dropped: outcome.dropped.sorted())
    }
}

/// What a storage says when it is asked; equal questions, equal answers.
private struct Look: Equatable {
    var cells: [[Cell]] = []
    var removals: [[Removal]] = []
    var seen: [UInt64] = []
    var root: UInt64 = 0
    var sums: [RangeSums] = []
}

/// Two boards and a hub, each replica once in memory and once in SQL.
private struct Site {
    struct Replica {
        let epoch: Epoch
        let memory = MemoryTwin()
        let document: TwinDocument
        var writer: TwinWriter
    }

    let store: HubStore
    var replicas: [Replica]
    private var clock = HybridLogicalClock()
    /// Deltas on their way: they come in any order, twice, or never.
    private var frames: [[IntervalDelta]] = []
    private(set) var joined = 0
    private(set) var refused = 0

    private static let paths = [
        "reported/a", "desired/a", "desired/b", "notes/a", "notes/b", "sets/a", "counters/a",
    ]

    init(_ store: HubStore) {
        self.store = store
        replicas = [epoch(1), epoch(2), hubEpoch(3)].enumerated().map { number, epoch in
            Replica(
                epoch: epoch, document: store.twin.document("replica-\(number)"),
                writer: TwinWriter(epoch: epoch))
        }
    }

    private var hub: Replica { replicas[2] }

    mutating func step(_ generator: inout SeededGenerator) throws -> Step {
        let replica = Int.random(in: replicas.indices, using: &generator)
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<5: return Step(replica: replica, action: .write(try write(&generator)))
        case 5 where replica != 2: return adopt(replica, &generator)
        default:
            let source = Int.random(in: replicas.indices, using: &generator)
            frames.append(pack(from: source, for: replica, &generator))
            if frames.count > 12 { frames.removeFirst() }
            let frame = frames.randomElement(using: &generator) ?? []
            return Step(replica: replica, action: .join(frame))
        }
    }

    private func write(_ generator: inout SeededGenerator) throws -> TwinWrite {
        let text = Self.paths.randomElement(using: &generator) ?? "sets/a"
        let path = try TwinPath(text)
        let values: [Value] = [.null, .int(1), .int(2), .string("é"), .array([.int(1)])]
        let value = values.randomElement(using: &generator) ?? .null
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: return .delete(path)
        case 1: return .remove(path, value)
        case 2, 3: return .add(path, value)
        case 4: return .increment(path, by: generator.once(in: 9) ? .max : 3)
        default:
            switch path.kind {
            case .addWinsSet: return .add(path, value)
            case .counter: return .increment(path, by: -1)
            default: return .set(path, value)
            }
        }
    }

    /// Some of what one replica has of each epoch: mostly what another lacks, else any interval,
    /// also one without its base.
    private func pack(
        from source: Int, for target: Int, _ generator: inout SeededGenerator
    ) -> [IntervalDelta] {
        let memory = replicas[source].memory
        let isPlain = !generator.once(in: 4)
        let intervals = memory.context.sorted.map { entry in
            let known = replicas[target].memory.seen(entry.epoch)
            let since =
                isPlain
                ? min(known, entry.counter)
                : UInt64.random(in: 0...entry.counter, using: &generator)
            let upto =
                isPlain
                ? entry.counter : UInt64.random(in: since...entry.counter, using: &generator)
            return (epoch: entry.epoch, since: since, upto: upto)
        }
        let bytes = [40, 200, 1 << 20].randomElement(using: &generator) ?? 40
        return memory.deltas(intervals, bytes: bytes).deltas
    }

    /// As an answer of the hub: its registers, and what it holds no more.
    private func adopt(_ replica: Int, _ generator: inout SeededGenerator) -> Step {
        let held = replicas[replica].memory.all.flatMap(\.cells)
        let winners = hub.memory.all.flatMap(\.cells).filter { _ in generator.once(in: 2) }
        let dead = held.filter { hub.memory.context.covers($0.dot) }.map(\.dot)
            .filter { hub.memory.cell($0) == nil }
        return Step(
            replica: replica, action: .adopt(winners, dead, hub.memory.context))
    }

    private static func perform<Storage: TwinStorage>(
        _ step: Step, on twin: Storage, _ writer: inout TwinWriter, _ stamp: HybridTimestamp
    ) throws(Storage.Failure) -> Answer {
        switch step.action {
        case .write(let write):
            let result = try twin.write(write, by: &writer, stamp: stamp)
            try twin.advance(writer.epoch, to: writer.counter)
            switch result {
            case .success(let outcome): return Answer(outcome)
            case .failure(let fault): return .refused(fault)
            }
        case .join(let deltas):
            let keeps = writer.epoch.role == .hub
            guard let outcome = try twin.join(deltas, keepsRemovals: keeps) else {
                return Answer(nil)
            }
            if keeps, let removal = writer.removal(of: outcome.dropped) {
                try twin.keep(removal)
                try twin.advance(writer.epoch, to: writer.counter)
            }
            return Answer(outcome)
        case .adopt(let winners, let dead, let seen):
            return Answer(try twin.adopt(winners: winners, dead: dead, seen: seen))
        }
    }

    mutating func fail(_ step: Step) throws {
        var writer = replicas[step.replica].writer
        let document = replicas[step.replica].document
        let stamp = HybridTimestamp(rawValue: .max)
        #expect(throws: stop) {
            try store.write { () throws(SQLiteError) in
                // Numbers that the step that comes next may give to other epochs.
                try document.advance(epoch(77), to: 5)
                _ = try Self.perform(step, on: document, &writer, stamp)
                throw stop
            }
        }
    }

    mutating func perform(_ step: Step) throws {
        var replica = replicas[step.replica]
        let stamp = clock.stamp(now)
        var writer = replica.writer
        let expected = Self.perform(step, on: replica.memory, &replica.writer, stamp)
        let answer = try store.write { () throws(SQLiteError) in
            try Self.perform(step, on: replica.document, &writer, stamp)
        }
        // One difference leads to many.
        try #require(answer == expected, "\(step)")
        try #require(writer == replica.writer)
        replicas[step.replica] = replica
        guard case .join = step.action else { return }
        if case .done = answer { joined += 1 } else { refused += 1 }
    }

    func compare(_ number: Int, _ generator: inout SeededGenerator) throws {
        let replica = replicas[number]
        let ours = try replica.document.cells().sorted { $0.dot < $1.dot }
        let theirs = replica.memory.all.flatMap(\.cells).sorted { $0.dot < $1.dot }
        try #require(ours == theirs)
        let seen = try replica.document.causalContext()
        try #require(seen == replica.memory.context)
        #expect(try replica.document.count() == Int64(replica.memory.count))
        var later = generator
        let look = try Self.look(replica.document, theirs, &generator)
        let expected = try Self.look(replica.memory, theirs, &later)
        try #require(look == expected)
    }

    private static func look<Storage: TwinStorage>(
        _ twin: Storage, _ held: [Cell], _ generator: inout SeededGenerator
    ) throws -> Look {
        var look = Look()
        look.root = try twin.root()
        look.sums = try twin.sums(of: [.whole])
        #expect(look.sums.flatMap(\.sums).reduce(0, &+) == look.root)
        for epoch in [epoch(1), epoch(2), hubEpoch(3), epoch(77)] {
            let since = UInt64.random(in: 0...40, using: &generator)
            let upto = since + UInt64.random(in: 0...40, using: &generator)
            let limit = Int.random(in: 1...9, using: &generator)
            look.cells.append(
                try twin.cells(of: epoch, since: since, upto: upto, limit: limit))
            look.removals.append(try twin.removals(epoch, since: 0, upto: .max >> 1))
            look.removals.append(try twin.removals(epoch, since: since, upto: upto))
            look.seen.append(try twin.seen(epoch))
            look.cells.append(
                [try twin.cell(Dot(epoch: epoch, counter: since + 1))].compactMap(\.self))
        }
        for text in paths {
            let path = try TwinPath(text)
            look.cells.append(try twin.cells(at: path).sorted { $0.dot < $1.dot })
            if path.kind.isRegister {
                look.cells.append([try twin.register(path)].compactMap(\.self))
            }
        }
        for cell in held {
            #expect(try twin.cell(cell.dot) == cell)
            #expect(try twin.cell(slot: cell.slot, at: cell.path) == cell)
        }
        return look
    }

    /// All that any has goes to all, as whole epochs: they end alike.
    mutating func settle() throws {
        for _ in 0..<3 {
            for source in replicas.indices {
                for target in replicas.indices where target != source {
                    let memory = replicas[source].memory
                    let all = memory.context.sorted.map {
                        (epoch: $0.epoch, since: UInt64(0), upto: $0.counter)
                    }
                    let (deltas, _) = memory.deltas(all, bytes: 1 << 20)
                    try perform(Step(replica: target, action: .join(deltas)))
                }
            }
        }
        let contexts = Set(replicas.map(\.memory.context))
        #expect(contexts.count == 1)
    }
}
