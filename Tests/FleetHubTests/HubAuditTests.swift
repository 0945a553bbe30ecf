import Platform
import SQLiteStore
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

/// What a board may do with a comparison, and what it may not.
@Suite struct HubAuditTests {
    private static let key = "board-1"
    private static let device = Epoch(nonce: 0x20)
    private static let wall = WallTime(milliseconds: 1_767_225_600_000)

    /// A hub with a session, as frames reach it.
    private struct Hub {
        let store: HubStore
        var replica = HubReplica()
        var wire: WireSession
        let codec = FrameCodec()

        init(_ folder: TemporaryFolder) throws {
            store = try HubStore(path: folder.path + "/hub.db", epoch: Epoch(nonce: 0x11))
            wire = WireSession(device: device, hub: Epoch(nonce: 0))
            let hello = Frame.Hello(
                request: 7, epoch: device, reference: nil, recent: CausalContext())
            _ = try send(.hello(hello))
            _ = try ask()
        }

        /// Comparisons are read after a root.
        mutating func ask() throws -> UInt64? {
            let joined = CausalContext([store.epoch: try twin.seen(store.epoch)])
            let up = Frame.Up(
                question: 1, deltas: [], joined: joined, asksRoot: true)
            guard case .down(let down) = try send(.up(up)).frames.first else { return nil }
            return down.root
        }

        var twin: TwinDocument { store.twin.document(key) }

        mutating func send(_ frame: Frame) throws -> (frames: [Frame], events: [SyncEvent]) {
            let bytes = codec.encode(frame, from: .device, session: &wire)
            let incoming = try replica.decode(bytes, from: key)
            let outcome = try store.write { () throws(SQLiteError) in
                try replica.receive(incoming, from: key, store, now: wall)
            }
            var frames: [Frame] = []
            for reply in outcome.replies {
                let header = try codec.header(reply)
                frames.append(try codec.decode(reply, header, from: .hub, session: &wire))
            }
            return (frames, outcome.events)
        }

        /// A device that has seen the same and holds these.
        func comparison(
            _ number: UInt64, _ cells: [Cell], sends: [Cell] = [], of ranges: [CellRange] = [.whole]
        ) throws -> Frame {
            let copy = MemoryTwin()
            for cell in cells { copy.put(cell) }
            return .compare(
                Frame.Compare(
                    number: number, context: try twin.causalContext().digest, root: copy.root(),
                    ranges: copy.sums(of: ranges), cells: sends))
        }

        func write(_ writes: TwinWrite...) throws {
            try store.write { () throws(SQLiteError) in
                for write in writes { _ = try store.apply(write, to: key, now: wall) }
            }
        }
    }

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func forged(_ epoch: Epoch, _ counter: UInt64, _ path: String) throws -> Cell {
        Cell(
            path: try TwinPath(path), dot: Dot(epoch: epoch, counter: counter),
            stamp: UInt64(wall.milliseconds) << 16, value: .string("forged"))
    }

    @Test func nothingIsTakenThatWasNotAskedFor() throws {
        var hub = try Hub(folder)
        try hub.write(.set(TwinPath("config/a"), .int(1)), .set(TwinPath("config/a"), .int(2)))
        let held = try hub.twin.cells()
        let old = try Self.forged(hub.store.epoch, 1, "config/b")
        let (answer, events) = try hub.send(hub.comparison(1, held + [old], sends: [old]))
        #expect(try hub.twin.cells() == held)
        #expect(events == [.divergenceDetected(document: "")])
        guard case .differ(let differ) = answer.first else {
            Issue.record("\(answer)")
            return
        }
        #expect(differ.difference.leaves.count == 1)
        // Asked for, it comes; a board's report in the hub's name, or a write not seen, does not.
        let alien = try Self.forged(hub.store.epoch, 2, "reported/x")
        let unseen = try Self.forged(hub.store.epoch, 9, "config/b")
        let second = try hub.send(hub.comparison(2, held, sends: [alien, unseen]))
        #expect(second.events.isEmpty)
        #expect(try hub.twin.cells() == held)
        _ = try hub.send(hub.comparison(3, held + [old]))
        _ = try hub.send(hub.comparison(4, held + [old], sends: [old]))
        #expect(try hub.twin.cells() == held + [old])
    }

    @Test func aComparisonIsReadOnceAndOnlyOfTheSameHistory() throws {
        var hub = try Hub(folder)
        try hub.write(.set(TwinPath("config/a"), .int(1)))
        let frame = try hub.comparison(5, [])
        try hub.write(.set(TwinPath("config/a"), .int(2)))
        #expect(try hub.send(frame).frames.isEmpty)
        let next = try hub.comparison(6, [])
        #expect(try hub.send(next).frames.count == 1)
        #expect(try hub.send(next).frames.isEmpty)
        #expect(try hub.send(hub.comparison(4, [])).frames.isEmpty)
        // Equal now, and then not again: that is another divergence.
        #expect(try hub.send(hub.comparison(7, hub.twin.cells())).events.isEmpty)
        #expect(try hub.send(hub.comparison(8, [])).events.count == 1)
    }

    /// A board cannot make the hub read its documents over and over.
    @Test func aRootIsFollowedByABoundedNumberOfComparisons() throws {
        var hub = try Hub(folder)
        try hub.write(.set(TwinPath("config/a"), .int(1)))
        let most = UInt64(AuditBounds.rounds)
        for number in 1...most {
            #expect(try hub.send(hub.comparison(number, [])).frames.count == 1)
        }
        #expect(try hub.send(hub.comparison(most + 1, [])).frames.isEmpty)
        _ = try hub.ask()
        #expect(try hub.send(hub.comparison(most + 2, [])).frames.count == 1)
    }

    /// A board that knows of no roots is answered as ever: it could not read another answer.
    @Test func whoAsksForNoRootGetsNone() throws {
        var hub = try Hub(folder)
        for question: UInt8 in 0...128 {
            let up = Frame.Up(question: question, deltas: [], joined: CausalContext())
            guard case .down(let down)? = try hub.send(.up(up)).frames.first else {
                Issue.record("no answer")
                return
            }
            #expect(down.root == nil)
        }
        #expect(try hub.ask() == hub.twin.root())
    }

    /// A stamp from the future is as little welcome here as anywhere.
    @Test func futureStampsAreLowered() throws {
        var hub = try Hub(folder)
        try hub.write(.set(TwinPath("config/b"), .int(1)), .set(TwinPath("config/c"), .int(1)))
        let held = try hub.twin.cells()
        let ahead = Cell(
            path: try TwinPath("config/a"), dot: Dot(epoch: hub.store.epoch, counter: 1),
            stamp: .max, value: .int(3))
        let rest = held.filter { $0.dot.counter != 1 }
        try hub.store.write { () throws(SQLiteError) in
            for cell in held where cell.dot.counter == 1 { try hub.twin.remove(cell) }
        }
        _ = try hub.send(hub.comparison(1, rest + [ahead]))
        let (_, events) = try hub.send(hub.comparison(2, rest + [ahead], sends: [ahead]))
        #expect(events.map(\.name) == ["clock_ahead"])
        let taken = try #require(try hub.twin.register(ahead.path))
        #expect(taken.stamp < ahead.stamp)
        #expect(taken.value == .int(3))
    }
}
