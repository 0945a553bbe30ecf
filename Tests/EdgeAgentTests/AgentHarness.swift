import Foundation
import LinuxPlatform
import Platform
import Simulator
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent
@testable import SQLiteStore

/// The board around an agent: real SQLite and files in a temporary folder, everything else fake.
final class AgentHarness: Sendable {
    let clock = ManualClock()
    let timer = ManualTimer()
    let control = FakeControl()
    let bus = FakeBus()
    let link = FakeLink()
    let processes = FakeProcesses()
    let devices = FakeDeviceAccess()
    let gpio: SimGPIO
    let lines: Locked<[String]>
    let agent: Agent
    let session = Epoch(nonce: 0xAB01)

    init(
        _ folder: TemporaryFolder, seed: UInt64, pins: SimPins? = nil,
        containers: FakeContainers? = nil,
        _ configure: (inout AgentConfiguration, ManualClock, FakeProcesses) -> Void
    ) throws {
        var configuration = AgentConfiguration.defaults(hostName: "board-1")
        configuration.state.directory = folder.path
        configure(&configuration, clock, processes)
        let lines = Locked<[String]>([])
        self.lines = lines
        gpio = SimGPIO(pins ?? SimPins([], nanoseconds: { 0 }))
        let world = AgentWorld(
            timekeeper: clock, entropy: SharedEntropy(seed: seed),
            fileSystem: LinuxFileSystem(), processes: processes, timer: timer, control: control,
            bus: bus, link: link, executor: QueueExecutor(),
            report: { line in lines.with { $0.append(line) } }, devices: devices,
            gpio: gpio, kernel: LinuxKernelFiles(root: folder.path), containers: containers)
        agent = try Agent(
            world: world, configuration: configuration, version: "test", floor: Release.date)
    }

    /// Runs an agent on `folder` for as long as `body` takes, then stops it in good order.
    static func run(
        _ folder: TemporaryFolder, seed: UInt64 = 1, pins: SimPins? = nil,
        containers: FakeContainers? = nil,
        configure: (inout AgentConfiguration, ManualClock, FakeProcesses) -> Void = { _, _, _ in },
        body: @escaping @Sendable (AgentHarness) async throws -> Void
    ) async throws {
        let harness = try AgentHarness(
            folder, seed: seed, pins: pins, containers: containers, configure)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await harness.agent.run() }
            do {
                // Once as it begins, once for the first look at the clock.
                try await eventually("the agent's start") { harness.settings >= 2 }
                try await body(harness)
            } catch {
                harness.close()
                throw error
            }
            harness.close()
            try await group.waitForAll()
        }
    }

    private func close() {
        // First, while the agent rests: the simulated pins know one thread at a time.
        gpio.close()
        control.close()
        bus.close()
        devices.close()
        link.close()
        timer.close()
    }

    private var settings: Int { timer.state.with { $0.settings } }

    /// Lets the agent have something and returns once it has dealt with it.
    private func settled(_ what: String, _ event: () -> Void) async throws {
        let before = settings
        event()
        try await eventually(what) { settings > before }
    }

    func deliver(_ event: BusEvent) async throws {
        try await settled("an event of the bus") { bus.yield(event) }
    }

    func deliver(_ event: LinkEvent) async throws {
        try await settled("an event of the link") { link.yield(event) }
    }

    /// A frame of the hub, in the words of the session that it opened last.
    func deliver(_ frame: Frame) async throws {
        let bytes = link.state.with { state in
            FrameCodec().encode(frame, from: .hub, session: &state.wire)
        }
        try await deliver(LinkEvent.frame(bytes))
    }

    /// A frame of a session that the board has no part in.
    func deliverElsewhere(_ frame: Frame) async throws {
        var wire = WireSession(device: Epoch(nonce: 2), hub: session, request: 7)
        try await deliver(
            LinkEvent.frame(FrameCodec().encode(frame, from: .hub, session: &wire)))
    }

    /// The hub's answer to the greeting sent last.
    func deliver(
        state deltas: [IntervalDelta], context: CausalContext = CausalContext(), of hub: Epoch,
        commit: UInt64
    ) async throws {
        let hello = try #require(greetings.last)
        let time = clock.now().wall
        link.state.with {
            $0.wire = WireSession(
                device: hello.epoch, hub: hub, request: hello.request, base: time, commit: commit)
        }
        try await deliver(
            .state(
                Frame.State(
                    request: hello.request, reference: HubReference(epoch: hub, commit: commit),
                    time: time, context: context, deltas: deltas, isLast: true)))
    }

    /// Messages of local devices, in one delivery.
    func publish(
        _ messages: [(topic: String, payload: String)], isRetained: Bool = false,
        isKept: Bool = true
    ) async throws {
        let through = bus.state.with { state in
            state.delivered += UInt64(messages.count)
            return state.delivered
        }
        let list = messages.map {
            BusMessage(
                topic: $0.topic, payload: Array($0.payload.utf8), isRetained: isRetained,
                isKept: isKept)
        }
        try await deliver(.messages(list, through: through))
    }

    func publish(_ topic: String, _ payload: String, isRetained: Bool = false) async throws {
        try await publish([(topic, payload)], isRetained: isRetained)
    }

    /// Moves the clock and wakes the agent once, as a timer would.
    func advance(_ span: Milliseconds) async throws {
        clock.advance(span)
        try await settled("a wake") { timer.wake() }
    }

    /// An answer of the control socket, after which the agent has settled.
    func ask(_ fields: (String, Value)...) async throws -> Value {
        let before = settings
        let answer = await control.ask(.object(fields))
        try await eventually("an answer") { settings > before }
        return answer
    }

    func status() async throws -> Value {
        try #require(try await ask(("op", .string("status")))["status"])
    }

    /// What the board holds at a path; nil where there is nothing.
    func value(_ path: String) async throws -> Value? {
        let answer = try await ask(("op", .string("get")), ("path", .string(path)))
        let cells = answer["cells"]?.arrayValue ?? []
        return cells.first { $0["path"]?.stringValue == path }?["value"]
    }

    var acknowledged: UInt64 { bus.state.with { $0.acknowledged.last ?? 0 } }
    var sent: [Frame] { link.state.with { $0.sent } }

    /// Rows sent so far, by stream, in order.
    func sentRows(_ stream: String) -> [LogRow] {
        sentBatches(stream).flatMap(\.items).compactMap { item in
            if case .row(let row) = item { row } else { nil }
        }
    }

    func sentBatches(_ stream: String) -> [LogBatch] {
        sent.compactMap { frame in
            guard case .log(let batch) = frame, batch.sequence.stream == stream else {
                return nil
            }
            return batch
        }
    }

    var greetings: [Frame.Hello] {
        sent.compactMap { frame in
            if case .hello(let hello) = frame { hello } else { nil }
        }
    }

    var questions: [Frame.Up] {
        sent.compactMap { frame in
            if case .up(let up) = frame { up } else { nil }
        }
    }

    /// All that greetings and questions have told so far, in order.
    var sentDeltas: [IntervalDelta] {
        sent.flatMap { frame -> [IntervalDelta] in
            switch frame {
            case .hello(let hello): hello.deltas
            case .up(let up): up.deltas
            default: []
            }
        }
    }

    /// Everything written in twin frames so far, by path.
    func sentCells() -> [String: Value] {
        var cells: [String: Value] = [:]
        for cell in sentDeltas.flatMap(\.cells) { cells[cell.path.text] = cell.value }
        return cells
    }

    /// What the board has told so far of its own epochs.
    private var told: CausalContext {
        var told = CausalContext()
        for delta in sentDeltas { told.advance(delta.epoch, to: delta.upto) }
        return told
    }

    /// Connects and answers the greeting as a hub without history of this board would.
    func synchronize(
        deltas: [IntervalDelta] = [], reference: UInt64 = 1
    ) async throws {
        try await deliver(LinkEvent.connected)
        var context = CausalContext()
        for delta in deltas { context.advance(delta.epoch, to: delta.upto) }
        for delta in greetings.last?.deltas ?? [] {
            context.advance(delta.epoch, to: delta.upto)
        }
        try await deliver(state: deltas, context: context, of: session, commit: reference)
    }

    /// Answers the open question, with writes of the hub where there are some.
    ///
    /// - Parameter acknowledged: What the hub says it has; nil for what was sent.
    func answerUp(
        _ deltas: [IntervalDelta] = [], acknowledged: CausalContext? = nil
    ) async throws {
        try await deliver(
            .down(
                Frame.Down(
                    question: try #require(questions.last).question, commit: 2,
                    acknowledged: acknowledged ?? told, deltas: deltas)))
    }

    /// A wish of the hub: the `counter`th write of its epoch.
    func wish(_ path: String, _ value: Value, counter: UInt64 = 1) throws -> IntervalDelta {
        let stamp = HybridTimestamp(wall: clock.now().wall).rawValue + counter
        let cell = Cell(
            path: try TwinPath(path), dot: Dot(epoch: session, counter: counter), stamp: stamp,
            value: value)
        return IntervalDelta(
            epoch: session, since: counter - 1, upto: counter, cells: [cell])
    }
}

/// Ways in which a store stops taking writes, on the agent's own connection.
enum StoreFailure: CaseIterable, Sendable {
    /// The file may not grow: SQLITE_FULL, as on a full disk.
    case full
    /// SQLITE_READONLY, as on a file system that the kernel remounted.
    case readOnly

    var event: String {
        switch self {
        case .full: "store.full"
        case .readOnly: "store.failing"
        }
    }

    func begin(_ connection: borrowing Connection) throws {
        switch self {
        case .full: try connection.execute("PRAGMA max_page_count=1")
        case .readOnly: try connection.execute("PRAGMA query_only=1")
        }
    }

    func end(_ connection: borrowing Connection) throws {
        switch self {
        case .full: try connection.execute("PRAGMA max_page_count=1000000")
        case .readOnly: try connection.execute("PRAGMA query_only=0")
        }
    }
}

extension Agent {
    func begin(_ failure: StoreFailure) throws { try failure.begin(store.connection) }
    func end(_ failure: StoreFailure) throws { try failure.end(store.connection) }

    /// Committed rows of a stream that the store still holds, oldest epoch first.
    func rows(_ stream: String) throws -> [LogRow] {
        var rows: [LogRow] = []
        let streams = store.outbox.streams.values.filter { $0.sequence.stream == stream }
        for stream in streams.sorted(by: { $0.id < $1.id }) where stream.acknowledged < stream.last
        {
            var next = stream.acknowledged + 1
            while let batch = try store.outbox.batch(stream.sequence, from: next, bytes: .max) {
                for case .row(let row) in batch.items { rows.append(row) }
                next = batch.last + 1
            }
        }
        return rows
    }

    func eventKeys() throws -> [String] { try rows("event").map(\.key) }
    func stagedRows() -> Int { stage.rowCount }
}
