import Platform
import SQLiteStore
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

/// A full state in parts, of which one did not arrive.
@Suite struct HubWholeTests {
    private static let key = "board-1"
    private static let device = Epoch(nonce: 0x20)
    private static let wall = WallTime(milliseconds: 1_767_225_600_000)

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func cell(_ value: String, _ counter: UInt64) throws -> Cell {
        Cell(
            path: try TwinPath("sets/a"), dot: Dot(epoch: device, counter: counter), stamp: 0,
            value: .string(value))
    }

    private static func up(
        _ since: UInt64, _ cells: [Cell], joined: CausalContext = CausalContext()
    ) -> Frame {
        let delta = IntervalDelta(
            epoch: device, since: since, upto: since + UInt64(cells.count), cells: cells)
        return .up(Frame.Up(question: 1, deltas: [delta], joined: joined))
    }

    /// A hub as frames reach it, and the device's words.
    private struct Hub {
        let store: HubStore
        var replica: HubReplica
        let codec = FrameCodec()
        var wire = WireSession(device: device, hub: Epoch(nonce: 0))

        init(_ folder: TemporaryFolder, frameBytes: Int) throws {
            store = try HubStore(path: folder.path + "/hub.db", epoch: Epoch(nonce: 0x11))
            var settings = HubReplica.Settings()
            settings.removalsMaximum = 2
            settings.frameBytes = frameBytes
            replica = HubReplica(settings: settings)
        }

        var twin: TwinDocument { store.twin.document(key) }

        mutating func send(_ frame: Frame) throws -> [Frame] {
            let incoming = try replica.decode(
                codec.encode(frame, from: .device, session: &wire), from: key)
            let outcome = try store.write { () throws(SQLiteError) in
                try replica.receive(incoming, from: key, store, now: wall)
            }
            var frames: [Frame] = []
            for reply in outcome.replies {
                let header = try codec.header(reply)
                frames.append(try codec.decode(reply, header, from: .hub, session: &wire))
            }
            return frames
        }

        /// The intervals of the device's own epoch that a greeting brings back.
        mutating func greet(
            _ request: UInt64, _ reference: HubReference?, recent: CausalContext
        ) throws -> [IntervalDelta] {
            wire = WireSession(device: device, hub: Epoch(nonce: 0))
            let hello = Frame.Hello(
                request: request, epoch: device, reference: reference, recent: recent)
            return try send(.hello(hello)).flatMap { frame -> [IntervalDelta] in
                guard case .state(let state) = frame else { return [] }
                return state.deltas.filter { $0.epoch == device }
            }
        }
    }

    /// The device wrote two elements and went away. One was removed, and the record collected.
    private func hub(frameBytes: Int = 64 << 10) throws -> (hub: Hub, before: HubReference) {
        var hub = try Hub(folder, frameBytes: frameBytes)
        _ = try hub.greet(1, nil, recent: CausalContext())
        _ = try hub.send(Self.up(0, [try Self.cell("one", 1), try Self.cell("two", 2)]))
        let before = hub.store.reference
        let path = try TwinPath("sets/a")
        try hub.store.write { () throws(SQLiteError) in
            _ = try hub.store.apply(
                .remove(path, .string("one")), to: Self.key, now: Self.wall)
            for number in 0..<4 {
                let value = Value.int(Int64(number))
                _ = try hub.store.apply(.add(path, value), to: Self.key, now: Self.wall)
                _ = try hub.store.apply(.remove(path, value), to: Self.key, now: Self.wall)
            }
            try hub.twin.collectRemovals(maximum: 2)
        }
        return (hub, before)
    }

    private static func holdsOne(_ delta: IntervalDelta) -> Bool {
        delta.cells.contains { $0.value == .string("one") }
    }

    /// The part with the device's own epoch is lost, the last one arrives, and the device goes on
    /// writing. That it wrote the interval must not count as having read it: it would keep the
    /// element for ever.
    @Test func whatADeviceWroteItHasNotRead() throws {
        var (hub, before) = try hub()
        let whole = try hub.greet(2, before, recent: CausalContext([Self.device: 2]))
        #expect(whole.map(\.since) == [0])
        let read = CausalContext([hub.store.epoch: try hub.twin.seen(hub.store.epoch)])
        let answers = try hub.send(Self.up(2, [try Self.cell("three", 3)], joined: read))
        let again = answers.flatMap { frame -> [IntervalDelta] in
            guard case .down(let down) = frame else { return [] }
            return down.deltas.filter { $0.epoch == Self.device }
        }
        #expect(again.map(\.since) == [0])
        #expect(again.map(\.upto) == [3])
        #expect(!again.contains(where: Self.holdsOne))
    }

    /// The device joined one part and then lost the session. What it has seen says nothing of what
    /// was removed: it gets all of it again, until it has read it to the end.
    @Test func aFullStateIsSentUntilItIsRead() throws {
        var (hub, before) = try hub()
        _ = try hub.greet(2, before, recent: CausalContext([Self.device: 2]))
        let seen = CausalContext([
            Self.device: 2, hub.store.epoch: try hub.twin.seen(hub.store.epoch),
        ])
        for request: UInt64 in 3...5 {
            let whole = try hub.greet(request, hub.store.reference, recent: seen)
            #expect(whole.map(\.since) == [0])
            #expect(!whole.contains(where: Self.holdsOne))
        }
        _ = try hub.send(.up(Frame.Up(question: 1, deltas: [], joined: seen)))
        #expect(try hub.greet(6, hub.store.reference, recent: seen).isEmpty)
    }

    /// However small the frames: a part of an interval would say nothing of what is missing in it.
    @Test func aFullStateIsNotCutWhereRecordsWereCollected() throws {
        var (hub, before) = try hub(frameBytes: 1)
        _ = try hub.greet(2, before, recent: CausalContext([Self.device: 2]))
        let more = try (3...9).map { try Self.cell("more \($0)", $0) }
        _ = try hub.send(Self.up(2, more))
        let whole = try hub.greet(3, before, recent: CausalContext([Self.device: 9]))
        #expect(whole.map(\.since) == [0])
        #expect(whole.map(\.upto) == [9])
        #expect(whole.allSatisfy { !$0.isPart })
        #expect(whole.flatMap(\.cells).count == 8)
    }
}
