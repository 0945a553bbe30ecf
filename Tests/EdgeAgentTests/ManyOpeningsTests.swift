import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent
@testable import SQLiteStore

/// Each start of a board is an epoch more, for ever. What that costs is a row at rest, and nothing
/// on the wire.
@Suite struct ManyOpeningsTests {
    private let folder: TemporaryFolder
    private let entropy = SharedEntropy(seed: 5)
    private let now = MonotonicTime(milliseconds: 1000)

    init() throws { folder = try TemporaryFolder() }

    private struct Opening {
        var greeting = 0
        var question = 0
        var bytes: Int64 = 0
    }

    /// What a hub says to one board, of which it has seen all.
    private struct Hub {
        let epoch: Epoch
        // Numbers of one length from the first to the last, so that what grows shows.
        var commit: UInt64 = 100_000
        var counter: UInt64 = 1000
        var wire: WireSession

        init(epoch: Epoch) {
            self.epoch = epoch
            wire = WireSession(device: Epoch(nonce: 0), hub: epoch)
        }

        mutating func read(_ bytes: [UInt8]) throws -> Frame {
            let codec = FrameCodec()
            return try codec.decode(
                bytes, codec.header(bytes), from: .device, session: &wire)
        }

        mutating func state(for hello: Frame.Hello, _ time: WallTime) throws -> [UInt8] {
            commit += 1
            counter += 1
            wire = WireSession(
                device: hello.epoch, hub: epoch, request: hello.request, base: time,
                commit: commit)
            let wish = Cell(
                path: try TwinPath("desired/mode"), dot: Dot(epoch: epoch, counter: counter),
                stamp: HybridTimestamp(wall: time).rawValue, value: .int(1))
            let delta = IntervalDelta(
                epoch: epoch, since: hello.recent[epoch], upto: counter, cells: [wish])
            var context = CausalContext([epoch: counter])
            for delta in hello.deltas { context.advance(delta.epoch, to: delta.upto) }
            let state = Frame.State(
                request: hello.request, reference: HubReference(epoch: epoch, commit: commit),
                time: time, context: context, deltas: [delta], isLast: true)
            return FrameCodec().encode(.state(state), from: .hub, session: &wire)
        }

        mutating func answer(_ up: Frame.Up) -> [UInt8] {
            var acknowledged = CausalContext()
            for delta in up.deltas { acknowledged.advance(delta.epoch, to: delta.upto) }
            let down = Frame.Down(
                question: up.question, commit: commit, acknowledged: acknowledged, deltas: [])
            return FrameCodec().encode(.down(down), from: .hub, session: &wire)
        }
    }

    private func store() throws -> AgentStore {
        let store = try AgentStore(
            path: folder.path + "/agent.db", device: "board-1",
            epoch: Epoch(random: entropy.next(), role: .device))
        // Nothing loses its power here, and thousands of syncs take their time.
        try store.connection.execute("PRAGMA synchronous=OFF")
        return store
    }

    private func replica(_ store: AgentStore) throws -> DeviceReplica {
        DeviceReplica(
            session: DeviceSession(
                entropy: entropy, confirmed: try store.confirmed(),
                reference: try store.hubReference()),
            codec: FrameCodec(), epoch: store.epoch, frameBytes: 32 << 10)
    }

    private func sent(_ effects: [DeviceReplica.Effect]) throws -> [UInt8] {
        let frames = effects.compactMap { effect in
            if case .send(let bytes) = effect { bytes } else { nil }
        }
        #expect(frames.count == 1)
        return try #require(frames.last)
    }

    /// One write, one greeting, one question, and what the hub has confirmed is kept.
    private func open(_ number: Int64, _ hub: inout Hub) throws -> Opening {
        let store = try store()
        var batch = AgentStore.Batch(now: WallTime(milliseconds: 1_790_000_000_000 + number))
        batch.writes = [
            AgentStore.Write(.set(try TwinPath("desired/starts"), .int(1_000_000 + number)))
        ]
        _ = try store.commit(batch)
        var opening = Opening()
        var replica = try replica(store)
        let greeting = try sent(replica.onConnected(store, now))
        opening.greeting = greeting.count
        guard case .hello(let hello) = try hub.read(greeting) else {
            Issue.record("no greeting")
            return opening
        }
        #expect(hello.deltas.map(\.epoch) == [store.epoch])
        let question = try sent(
            replica.receive(try hub.state(for: hello, batch.now), store, now))
        opening.question = question.count
        guard case .up(let up) = try hub.read(question) else {
            Issue.record("no question")
            return opening
        }
        let effects = replica.receive(hub.answer(up), store, now)
        #expect(effects.contains(.confirmed) || up.deltas.isEmpty)
        var last = AgentStore.Batch(now: batch.now)
        last.confirmed[AgentStore.own] = replica.confirmation
        _ = try store.commit(last)
        opening.bytes = try store.bytesUsed()
        try store.close()
        return opening
    }

    @Test func aThousandOpeningsCostARowEachAndNothingOnTheWire() throws {
        var hub = Hub(epoch: Epoch(random: entropy.next(), role: .hub))
        let openings = try (1...1000 as ClosedRange<Int64>).map { try open($0, &hub) }
        let (early, late) = (openings[20..<60], openings[940...])
        let sizes = (early: early.map(\.greeting).max(), late: late.map(\.greeting).max())
        #expect(try #require(sizes.late) <= #require(sizes.early))
        #expect(try #require(late.map(\.question).max()) <= #require(early.map(\.question).max()))
        let perOpening = Double(openings[999].bytes - openings[99].bytes) / 900
        print(
            "aThousandOpenings: greeting \(sizes.late ?? 0) B, question "
                + "\(late.map(\.question).max() ?? 0) B, at rest \(perOpening) B an opening")
        #expect(perOpening < 128)

        // All of it is still there, and told in parts where a hub asks.
        let store = try store()
        #expect(try store.document.causalContext().counters.count == 1001)
        #expect(try store.confirmed().counters.count == 1000)
        #expect(try store.recent().counters.count == 16)
        #expect(try store.unconfirmed(store.confirmed(), bytes: 1 << 20).deltas.isEmpty)
    }

    /// Without a hub the greeting is cut at its bytes, and the questions bring the rest.
    @Test func openingsThatNoHubHeardOfAreToldInParts() throws {
        for number in 1...120 as ClosedRange<Int64> {
            let store = try store()
            var batch = AgentStore.Batch(now: WallTime(milliseconds: number))
            batch.writes = [
                AgentStore.Write(.set(try TwinPath("reported/starts"), .int(number))),
                AgentStore.Write(.increment(try TwinPath("counters/starts"), by: 1)),
            ]
            _ = try store.commit(batch)
        }
        let store = try store()
        var hub = Hub(epoch: Epoch(random: entropy.next(), role: .hub))
        var replica = DeviceReplica(
            session: DeviceSession(entropy: entropy), codec: FrameCodec(), epoch: store.epoch,
            frameBytes: 1024)
        let greeting = try sent(replica.onConnected(store, now))
        guard case .hello(let hello) = try hub.read(greeting) else { return }
        #expect(hello.recent.counters.count == 16 && greeting.count < 2048)
        var told = hello.deltas
        var bytes = try sent(
            replica.receive(
                try hub.state(for: hello, WallTime(milliseconds: 1)), store, now))
        var questions = 0
        while questions < 50 {
            #expect(bytes.count < 2048)
            guard case .up(let up) = try hub.read(bytes) else { return }
            questions += 1
            told += up.deltas
            let effects = replica.receive(hub.answer(up), store, now)
            guard effects.contains(where: { if case .send = $0 { true } else { false } }) else {
                break
            }
            bytes = try sent(effects)
        }
        #expect(questions > 2 && questions < 50)
        #expect(Set(told.map(\.epoch)).count == 120)
        #expect(told.flatMap(\.cells).count { $0.kind == .counter } == 120)
    }
}
