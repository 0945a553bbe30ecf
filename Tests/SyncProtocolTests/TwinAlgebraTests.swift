import Platform
import SyncProtocol
import TestSupport
import Testing

/// The laws by which replicas that have seen the same show the same, whatever came when and how
/// often. Random histories of up to four replicas, each kind by itself.
@Suite struct TwinAlgebraTests {
    /// Some replicas that have written and read each other for a while.
    private static func replicas(
        _ kind: CellKind, _ generator: inout SeededGenerator
    ) throws -> [TwinReplica] {
        let replicas = (0..<generator.number(2...4)).map { TwinReplica(UInt64(2 + 2 * $0)) }
        var epochs: UInt64 = 10
        for _ in 0..<generator.number(4...40) {
            let index = generator.number(0...replicas.count - 1)
            switch generator.number(0...9) {
            case 0...5: try replicas[index].write(generator.write(to: kind))
            case 6...8:
                replicas[index].pull(from: replicas[generator.number(0...replicas.count - 1)])
            default:
                epochs += 2
                replicas[index].reopen(as: epochs)
            }
            replicas[index].now += Int64(generator.number(-5000...5000))
        }
        return replicas
    }

    private static func run(
        _ name: String, _ kind: CellKind, rounds: Int = 150,
        _ body: (inout SeededGenerator, [TwinReplica]) throws -> Void
    ) throws {
        var generator = SeededGenerator.announced(for: "\(name)(\(kind))")
        for _ in 0..<rounds {
            let replicas = try replicas(kind, &generator)
            try body(&generator, replicas)
        }
    }

    /// Joins all in the order given, and again what was too early, until all is in.
    private static func joinAll(_ deltas: [IntervalDelta], onto replica: TwinReplica) {
        var waiting = deltas
        while !waiting.isEmpty {
            let count = waiting.count
            waiting = waiting.filter { !replica.join([$0]) }
            guard waiting.count < count else {
                Issue.record("\(waiting.count) deltas never join")
                return
            }
        }
    }

    @Test(arguments: CellKind.all)
    func aCopyIsTheWhole(kind: CellKind) throws {
        try Self.run("aCopyIsTheWhole", kind) { _, replicas in
            for replica in replicas { #expect(replica.copy().content == replica.content) }
        }
    }

    @Test(arguments: CellKind.all)
    func joinIsIdempotent(kind: CellKind) throws {
        try Self.run("joinIsIdempotent", kind) { generator, replicas in
            for replica in replicas {
                let copy = replica.copy()
                for other in [replica, replicas[generator.number(0...replicas.count - 1)]] {
                    copy.pull(from: other)
                    let before = copy.content
                    #expect(copy.twin.join(other.missing(), keepsRemovals: true) == JoinOutcome())
                    #expect(copy.join(other.decomposed()))
                    #expect(copy.content == before)
                }
            }
        }
    }

    @Test(arguments: CellKind.all)
    func joinIsCommutative(kind: CellKind) throws {
        try Self.run("joinIsCommutative", kind) { _, replicas in
            let (ab, ba) = (replicas[0].copy(), replicas[1].copy())
            #expect(ab.join(replicas[1].missing()) && ba.join(replicas[0].missing()))
            #expect(ab.content == ba.content)
            // The whole and what is missing are the same to a join.
            let pulled = replicas[0].copy()
            pulled.pull(from: replicas[1])
            #expect(pulled.content == ab.content)
        }
    }

    @Test(arguments: CellKind.all)
    func joinIsAssociative(kind: CellKind) throws {
        try Self.run("joinIsAssociative", kind) { _, replicas in
            guard replicas.count > 2 else { return }
            let left = replicas[0].copy()
            left.join(replicas[1].missing())
            left.join(replicas[2].missing())
            let pair = replicas[1].copy()
            pair.join(replicas[2].missing())
            let right = replicas[0].copy()
            right.join(pair.missing())
            #expect(left.content == right.content)
        }
    }

    /// A delta cut at any counters, and its parts cut again, joins as the whole does.
    @Test(arguments: CellKind.all)
    func partsOfADeltaJoinAsTheWhole(kind: CellKind) throws {
        try Self.run("partsOfADeltaJoinAsTheWhole", kind) { generator, replicas in
            let (sender, receiver) = (replicas[0], replicas[1])
            let whole = receiver.copy()
            whole.join(sender.missing(at: receiver.context))
            for isCutByBytes in [false, true] {
                let parts = receiver.copy()
                for delta in sender.missing(at: generator.once(in: 3) ? .init() : parts.context) {
                    var since = delta.since
                    while since < delta.upto {
                        let length = UInt64(generator.number(1...5))
                        let part =
                            isCutByBytes
                            ? sender.twin.delta(
                                delta.epoch, since: since, upto: delta.upto,
                                bytes: generator.number(0...90))
                            : sender.twin.delta(
                                delta.epoch, since: since, upto: min(since + length, delta.upto),
                                bytes: .max)
                        #expect(part.since == since && part.upto > since)
                        since = part.upto
                        // A record may name writes of an epoch whose turn is later.
                        if !parts.join([part]) {
                            parts.pull(from: sender)
                            since = delta.upto
                        }
                    }
                }
                #expect(parts.content == whole.content)
            }
        }
    }

    /// The deltas of single counters, in any order that their bases allow.
    @Test(arguments: CellKind.all)
    func decompositionsJoinAsTheWholeInAnyOrder(kind: CellKind) throws {
        try Self.run("decompositionsJoinAsTheWholeInAnyOrder", kind) { generator, replicas in
            let (sender, receiver) = (replicas[0], replicas[1])
            let whole = receiver.copy()
            whole.join(sender.missing(at: receiver.context))
            let base = generator.once(in: 3) ? CausalContext() : receiver.context
            for _ in 0..<3 {
                let parts = receiver.copy()
                Self.joinAll(
                    sender.decomposed(at: base).shuffled(using: &generator), onto: parts)
                #expect(parts.content == whole.content)
            }
        }
    }

    /// What replicas sent each other all along, to one who gets it in any order and some of it
    /// more than once.
    @Test(arguments: CellKind.all)
    func duplicatesAndReorderingChangeNothing(kind: CellKind) throws {
        var generator = SeededGenerator.announced(
            for: "duplicatesAndReorderingChangeNothing(\(kind))")
        for _ in 0..<100 {
            let replicas = (0..<3).map { TwinReplica(UInt64(2 + 2 * $0)) }
            var sent: [IntervalDelta] = []
            for _ in 0..<generator.number(5...40) {
                let index = generator.number(0...2)
                if generator.once(in: 3) {
                    let other = replicas[generator.number(0...2)]
                    let base =
                        generator.once(in: 4) ? CausalContext() : replicas[index].context
                    let deltas = other.missing(at: base)
                    #expect(replicas[index].join(deltas))
                    sent += deltas
                } else {
                    try replicas[index].write(generator.write(to: kind))
                }
            }
            // All that anybody knows is among it at last.
            for replica in replicas { sent += replica.missing() }
            let expected = replicas[0].copy()
            for replica in replicas { expected.pull(from: replica) }
            let observer = TwinReplica(100)
            let twice = sent.filter { _ in generator.once(in: 2) }
            Self.joinAll((sent + twice).shuffled(using: &generator), onto: observer)
            #expect(observer.content == expected.content)
        }
    }

    /// An answer in one frame may say of several epochs what builds on each other, in any order.
    @Test(arguments: CellKind.all)
    func theOrderOfEpochsInAFrameDoesNotMatter(kind: CellKind) throws {
        try Self.run("theOrderOfEpochsInAFrameDoesNotMatter", kind) { generator, replicas in
            let (sender, receiver) = (replicas[0], replicas[1])
            let whole = receiver.copy()
            whole.pull(from: sender)
            let shuffled = receiver.copy()
            let deltas = sender.missing(at: receiver.context).shuffled(using: &generator)
            #expect(shuffled.join(deltas))
            #expect(shuffled.content == whole.content)
        }
    }

    /// What does not follow on is left alone as a whole: nothing of it is joined.
    @Test(arguments: CellKind.all)
    func aMissingBaseChangesNothing(kind: CellKind) throws {
        try Self.run("aMissingBaseChangesNothing", kind) { _, replicas in
            let sender = replicas[0]
            for entry in sender.context.sorted where entry.counter > 1 {
                let receiver = replicas[1].copy()
                guard receiver.context[entry.epoch] + 1 < entry.counter else { continue }
                let before = receiver.content
                var deltas = sender.missing(at: receiver.context)
                deltas.removeAll { $0.epoch == entry.epoch }
                deltas.append(
                    sender.twin.delta(
                        entry.epoch, since: entry.counter - 1, upto: entry.counter, bytes: .max))
                #expect(!receiver.join(deltas))
                #expect(receiver.content == before)
            }
        }
    }
}
