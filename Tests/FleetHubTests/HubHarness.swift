import Foundation
import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub
@testable import SQLiteStore

/// A hub on real SQLite in a temporary folder, with devices that are what a test says.
final class HubHarness: Sendable {
    let clock = ManualClock()
    let timer = ManualTimer()
    let endpoint = FakeEndpoint()
    let hub: FleetHub
    /// The session that devices hold with this hub.
    let epoch: Epoch

    init(_ folder: TemporaryFolder, epoch: Epoch, _ settings: FleetHub.Settings) throws {
        self.epoch = epoch
        let store = try HubStore(path: folder.path + "/hub.db", epoch: epoch)
        hub = try FleetHub(
            store: store, endpoint: endpoint, timekeeper: clock, executor: QueueExecutor(),
            settings: settings)
    }

    static func run(
        _ folder: TemporaryFolder, epoch: UInt64 = 0xAB01,
        settings: FleetHub.Settings = FleetHub.Settings(),
        body: @escaping @Sendable (HubHarness) async throws -> Void
    ) async throws {
        let harness = try HubHarness(folder, epoch: Epoch(nonce: epoch), settings)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await harness.hub.run(timer: harness.timer) }
            do {
                try await body(harness)
            } catch {
                harness.endpoint.close()
                throw error
            }
            harness.endpoint.close()
            try await group.waitForAll()
        }
    }

    /// Lets the hub have something and returns once it has dealt with it.
    func deliver(_ event: HubEndpointEvent) async throws {
        endpoint.yield(event)
        try await deliver([UInt8](), from: nil)
    }

    /// Frames of one batch, which the hub commits together.
    func deliver(_ frames: [Frame], from device: String = "board-1") async throws {
        let list = frames.map { DeviceFrame(device: device, bytes: FrameCodec.encode($0)) }
        try await deliver(list)
    }

    func deliver(_ bytes: [UInt8], from device: String?) async throws {
        try await deliver(device.map { [DeviceFrame(device: $0, bytes: bytes)] } ?? [])
    }

    private func deliver(_ frames: [DeviceFrame]) async throws {
        let through = endpoint.state.with { state in
            state.delivered += 1
            return state.delivered
        }
        endpoint.yield(.frames(frames, through: through))
        try await eventually("the hub's turn") {
            endpoint.state.with { $0.acknowledged >= through }
        }
    }

    /// What the hub sends to a device because of `frames`.
    func ask(_ frames: Frame..., from device: String = "board-1") async throws -> [Frame] {
        let before = sent(to: device).count
        try await deliver(frames, from: device)
        return Array(sent(to: device).dropFirst(before))
    }

    func sent(to device: String = "board-1") -> [Frame] {
        endpoint.state.with { $0.sent.filter { $0.device == device }.map(\.frame) }
    }

    /// Wakes the hub as its timer would.
    func tick() async throws {
        clock.advance(1000)
        let before = timer.settings.with { $0 }
        timer.wake()
        try await eventually("a tick") { timer.settings.with { $0 } > before }
        // The tick is one job of the actor, so it is over when the next one is.
        _ = await hub.hub()
    }

    /// The events of the hub from here on, as they are published.
    func watch() async -> EventReader {
        EventReader(await hub.events(after: nil))
    }
}

/// Reads events that are there already; nothing here waits for what may not come.
final class EventReader: Sendable {
    private let seen = Guarded<[HubEvent]>([])
    /// Told apart from the marks of other readers by it.
    private let mark = Value.string("mark \(UUID().uuidString)")
    private let stream: AsyncStream<HubEvent>

    init(_ stream: AsyncStream<HubEvent>) { self.stream = stream }

    /// All events up to the one that `isLast` names.
    func read(upTo isLast: @Sendable (HubEvent) -> Bool) async -> [HubEvent] {
        for await event in stream {
            seen.with { $0.append(event) }
            if isLast(event) { break }
        }
        return seen.with { events in
            defer { events = [] }
            return events
        }
    }

    /// The events so far, with a mark of its own behind them.
    func read(_ board: HubHarness) async throws -> [HubEvent] {
        try await board.deliver(.disconnected(reason: mark.stringValue ?? ""))
        return await read { $0.data["reason"] == mark }.dropLast()
    }
}

/// A board that a test speaks for.
struct FakeBoard: Sendable {
    let hub: HubHarness
    var id = "board-1"
    var epoch = Epoch(nonce: 0x10)

    func hello(
        request: UInt64 = 1, reference: HubReference? = nil,
        context: CausalContext = CausalContext()
    ) async throws -> [Frame] {
        try await hub.ask(
            .hello(request: request, epoch: epoch, reference: reference, context: context),
            from: id)
    }

    func up(
        _ deltas: [IntervalDelta] = [], hubContext: CausalContext = CausalContext(),
        session: Epoch? = nil
    ) async throws -> [Frame] {
        try await hub.ask(
            .up(
                session: session ?? hub.epoch, epoch: epoch, deltas: deltas,
                hubContext: hubContext), from: id)
    }

    /// Rows of a stream from `first` on, one for each value.
    func log(
        _ stream: String, first: UInt64, _ values: [Value], session: Epoch? = nil
    ) async throws -> [Frame] {
        let items = values.map { LogItem.row(row($0)) }
        return try await send(
            LogBatch(
                sequence: LogSequence(stream: stream, epoch: epoch), first: first, items: items,
                clocks: []), session: session)
    }

    func send(_ batch: LogBatch, session: Epoch? = nil) async throws -> [Frame] {
        try await hub.ask(.log(session: session ?? hub.epoch, batch: batch), from: id)
    }

    func row(_ value: Value, key: String = "k") -> LogRow {
        let time = LogTime(
            boot: BootID(rawValue: 1), monotonic: MonotonicTime(milliseconds: 1000),
            offset: Milliseconds(Release.date.milliseconds), quality: .synchronized)
        return LogRow(time: time, key: key, value: value)
    }

    /// A write of this board; a report's stamp counts, a wish's is a time.
    func cell(
        _ path: String, _ value: Value, counter: UInt64, stamp: UInt64? = nil,
        epoch: Epoch? = nil
    ) throws -> Cell {
        let path = try TwinPath(path)
        let now = HybridTimestamp(wall: hub.clock.now().wall).rawValue
        return Cell(
            path: path, dot: Dot(epoch: epoch ?? self.epoch, counter: counter),
            stamp: stamp ?? (path.kind == .singleWriter ? counter : now + counter), value: value)
    }

    func delta(_ cells: Cell..., since: UInt64 = 0) -> IntervalDelta {
        IntervalDelta(
            epoch: cells.first?.dot.epoch ?? epoch, since: since,
            upto: cells.last?.dot.counter ?? since, cells: cells)
    }

    /// The answer to a wish, as an agent gives it.
    func answer(
        _ wish: Cell, _ status: String, reason: String? = nil, counter: UInt64
    ) throws -> Cell {
        var fields: [(String, Value)] = [
            ("epoch", .string(wish.dot.epoch.text)), ("counter", .int(Int64(wish.dot.counter))),
            ("status", .string(status)),
        ]
        if let reason { fields.append(("reason", .string(reason))) }
        return try cell("reported/" + wish.path.text, .object(fields), counter: counter)
    }
}

extension Frame {
    /// The type's name, for comparing sequences of answers.
    var name: String {
        switch self {
        case .hello: "hello"
        case .seed: "seed"
        case .up: "up"
        case .log: "log"
        case .state: "state"
        case .want: "want"
        case .down: "down"
        case .logAcknowledged: "ack"
        case .reset: "reset"
        case .hint: "hint"
        case .refused: "refused"
        }
    }

    /// The cells that a `state` or `down` brings.
    var cells: [Cell] {
        switch self {
        case .state(_, _, _, _, let deltas, _), .down(_, _, _, let deltas, _, _):
            deltas.flatMap(\.cells)
        default: []
        }
    }

    var winners: [Cell] {
        if case .down(_, _, _, _, let winners, _) = self { winners } else { [] }
    }
}

/// Ways in which a store stops taking writes, on the hub's own connection.
enum StoreFailure: CaseIterable, Sendable {
    /// The file may not grow: SQLITE_FULL, as on a full disk.
    case full
    /// SQLITE_READONLY, as on a file system that the kernel remounted.
    case readOnly

    var health: String { self == .full ? "full" : "failing" }
}

extension FleetHub {
    /// Makes a cell unreadable, so that whoever reads it is found out.
    func spoil(_ path: String) throws {
        try store.connection.execute("UPDATE cell SET value=x'ff' WHERE path='\(path)'")
    }

    func begin(_ failure: StoreFailure) throws {
        switch failure {
        case .full: try store.connection.execute("PRAGMA max_page_count=1")
        case .readOnly: try store.connection.execute("PRAGMA query_only=1")
        }
    }

    func end(_ failure: StoreFailure) throws {
        switch failure {
        case .full: try store.connection.execute("PRAGMA max_page_count=1000000")
        case .readOnly: try store.connection.execute("PRAGMA query_only=0")
        }
    }

    func addToken(_ token: String) throws {
        try store.addToken(
            hash: Self.hash(token: token), name: "test", at: timekeeper.now().wall)
    }
}
