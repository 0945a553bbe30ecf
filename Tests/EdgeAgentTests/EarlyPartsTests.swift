import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent
@testable import SQLiteStore

/// Answers in parts, over links that keep no order.
@Suite struct EarlyPartsTests {
    private let folder: TemporaryFolder
    private let entropy = SharedEntropy(seed: 11)
    private let wall = WallTime(milliseconds: 1_790_000_000_000)
    static let hub = Epoch(nonce: 0xfeed_0000_0000_0001)

    init() throws { folder = try TemporaryFolder() }

    /// A board that greets, and the hub's words to it.
    private struct Pair {
        let store: AgentStore
        var replica: DeviceReplica
        var now = MonotonicTime(milliseconds: 0)
        var wire = WireSession(device: Epoch(nonce: 0), hub: EarlyPartsTests.hub)
        var hellos: [Frame.Hello] = []
        var questions: [UInt8] = []

        mutating func perform(_ effects: [DeviceReplica.Effect]) throws {
            for case .send(let bytes) in effects {
                let codec = FrameCodec()
                let frame = try codec.decode(
                    bytes, codec.header(bytes), from: .device, session: &wire)
                switch frame {
                case .hello(let hello): hellos.append(hello)
                case .up(let up): questions.append(up.question)
                default: break
                }
            }
        }

        mutating func receive(_ bytes: [UInt8]) throws {
            now = now + 1
            try perform(replica.receive(bytes, store, now))
        }

        var seen: UInt64 {
            get throws {
                try store.twin.document(AgentStore.own).causalContext()[EarlyPartsTests.hub]
            }
        }
    }

    private func pair(_ name: String) throws -> Pair {
        let store = try AgentStore(
            path: folder.path + "/\(name).db", device: "board-1",
            epoch: Epoch(random: entropy.next(), role: .device))
        let replica = DeviceReplica(
            session: DeviceSession(entropy: entropy), codec: FrameCodec(), epoch: store.epoch,
            frameBytes: 32 << 10)
        var pair = Pair(store: store, replica: replica)
        try pair.perform(pair.replica.onConnected(store, pair.now))
        return pair
    }

    private func delta(_ number: Int) throws -> IntervalDelta {
        let wish = Cell(
            path: try TwinPath("desired/p\(number)"),
            dot: Dot(epoch: Self.hub, counter: UInt64(number) + 1),
            stamp: HybridTimestamp(wall: wall).rawValue, value: .int(Int64(number)))
        return IntervalDelta(
            epoch: Self.hub, since: UInt64(number), upto: UInt64(number) + 1, cells: [wish])
    }

    private func state(_ pair: inout Pair, parts: Int) throws -> [[UInt8]] {
        let hello = try #require(pair.hellos.last)
        pair.wire = WireSession(
            device: hello.epoch, hub: Self.hub, request: hello.request, base: wall, commit: 9)
        return try (0..<parts).map { number in
            let state = Frame.State(
                request: hello.request, reference: HubReference(epoch: Self.hub, commit: 9),
                time: wall, context: CausalContext([Self.hub: UInt64(parts)]),
                deltas: [try delta(number)], isLast: number == parts - 1)
            return FrameCodec().encode(.state(state), from: .hub, session: &pair.wire)
        }
    }

    private func down(_ pair: inout Pair, from first: Int, parts: Int) throws -> [[UInt8]] {
        let question = try #require(pair.questions.last)
        return try (first..<first + parts).map { number in
            let isLast = number == first + parts - 1
            let down = Frame.Down(
                question: question, commit: 10, acknowledged: CausalContext(),
                deltas: [try delta(number)],
                complete: isLast
                    ? CausalContext([Self.hub: UInt64(first + parts)]) : CausalContext(),
                isLast: isLast)
            return FrameCodec().encode(.down(down), from: .hub, session: &pair.wire)
        }
    }

    @Test func anAnswerIsWholeInAnyOrderAndTwice() throws {
        var generator = SeededGenerator.announced(for: "anAnswerIsWholeInAnyOrderAndTwice")
        for round in 0..<40 {
            var pair = try pair("any\(round)")
            let count = Int.random(in: 1...12, using: &generator)
            for part in try (state(&pair, parts: count) + state(&pair, parts: count)).shuffled(
                using: &generator)
            {
                try pair.receive(part)
            }
            #expect(pair.replica.isOpen && pair.hellos.count == 1)
            #expect(try pair.seen == UInt64(count))
            let more = Int.random(in: 2...12, using: &generator)
            let parts = try down(&pair, from: count, parts: more)
            for part in parts.shuffled(using: &generator) { try pair.receive(part) }
            #expect(pair.replica.isOpen && pair.hellos.count == 1 && pair.questions.count == 2)
            #expect(try pair.seen == UInt64(count + more))
            #expect(pair.replica.early.isEmpty)
        }
    }

    @Test func whatIsLostIsAskedForAtTheDeadline() throws {
        var pair = try pair("lost")
        for part in try state(&pair, parts: 4) where part != (try state(&pair, parts: 4))[1] {
            try pair.receive(part)
        }
        #expect(!pair.replica.isOpen && pair.hellos.count == 1 && pair.replica.early.count == 2)
        pair.now = try #require(pair.replica.session.deadline)
        try pair.perform(pair.replica.onTick(pair.store, pair.now))
        #expect(pair.hellos.count == 2 && pair.replica.early.isEmpty)
        // What came is kept: the next answer goes on from it.
        #expect(pair.hellos.last?.recent == CausalContext([Self.hub: 1]))
    }

    @Test func aBreakOfTheLinkForgetsThem() throws {
        var pair = try pair("break")
        let parts = try state(&pair, parts: 3)
        try pair.receive(parts[2])
        #expect(pair.replica.early.count == 1)
        _ = pair.replica.onDisconnected(pair.store, pair.now)
        #expect(pair.replica.early.isEmpty)
    }

    @Test func noMoreWaitThanTheirRoomTakes() {
        var early = EarlyParts()
        let small = (0...UInt8(EarlyParts.countMaximum)).map { [$0] }
        let answers = Array(repeating: true, count: EarlyParts.countMaximum) + [false]
        #expect(taken(small, by: &early) == answers)
        // What waits already is not kept twice.
        #expect(taken(small, by: &early) == answers)
        #expect(early.removeAll().count == EarlyParts.countMaximum && early.isEmpty)
        let half = EarlyParts.bytesMaximum / 2
        let large = (1...3 as ClosedRange<UInt8>).map { [UInt8](repeating: $0, count: half) }
        #expect(taken(large, by: &early) == [true, true, false])
    }

    private func taken(_ frames: [[UInt8]], by early: inout EarlyParts) -> [Bool] {
        frames.map { early.add($0) }
    }

    /// Beyond the room a part counts as lost at once.
    @Test func tooManyEarlyPartsEndTheSession() throws {
        var pair = try pair("many")
        for part in try state(&pair, parts: 70).reversed().prefix(66) where pair.hellos.count == 1 {
            try pair.receive(part)
        }
        #expect(pair.hellos.count == 2)
    }
}
