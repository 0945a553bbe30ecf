import Dispatch
import LinuxPlatform
import Platform
import SyncProtocol

/// The test's own serial queue. Dispatch runs one job at a time, which is all that an actor asks.
final class QueueExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "agent")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}

/// Clocks that stand still until a test moves them.
final class ManualClock: Timekeeper {
    struct State: Sendable {
        var monotonic: Int64 = 100_000
        /// Wall minus monotonic time, in milliseconds.
        var offset: Int64 = Release.date.milliseconds + 86_400_000
        var isDisciplined = true
    }

    let bootID = BootID(rawValue: 0xB001)
    let state = Locked(State())

    func now() -> ClockReading {
        state.with { state in
            ClockReading(
                monotonic: MonotonicTime(milliseconds: state.monotonic),
                wall: WallTime(milliseconds: state.monotonic + state.offset),
                isDisciplined: state.isDisciplined)
        }
    }

    func advance(_ span: Milliseconds) { state.with { $0.monotonic += span.count } }
}

/// Numbers that repeat from run to run.
final class SharedEntropy: Entropy {
    private let state: Locked<SplitMix64>

    init(seed: UInt64) { state = Locked(SplitMix64(seed: seed)) }

    func next() -> UInt64 { state.with { $0.next() } }
}

/// Counts how often a deadline was set: the agent sets one after each event it has handled, so the
/// count tells a test when it is done.
final class ManualTimer: WakeTimer {
    struct State: Sendable {
        var deadline: MonotonicTime?
        var settings = 0
    }

    let wakes: AsyncStream<Void>
    let state = Locked(State())
    private let continuation: AsyncStream<Void>.Continuation

    init() { (wakes, continuation) = AsyncStream.makeStream() }

    func set(_ deadline: MonotonicTime?) {
        state.with {
            $0.deadline = deadline
            $0.settings += 1
        }
    }

    func wake() { continuation.yield() }
    func close() { continuation.finish() }
}

final class FakeControl: ControlListener {
    let calls: AsyncStream<ControlCall>
    private let continuation: AsyncStream<ControlCall>.Continuation

    init() { (calls, continuation) = AsyncStream.makeStream() }

    func ask(_ request: Value) async -> Value {
        await withCheckedContinuation { waiting in
            continuation.yield(ControlCall(request: request) { waiting.resume(returning: $0) })
        }
    }

    func close() { continuation.finish() }
}

final class FakeBus: MessageBus {
    struct State: Sendable {
        var acknowledged: [UInt64] = []
        var delivered: UInt64 = 0
        var filters: [String] = []
        var published: [BusMessage] = []
        var isConnected = true
    }

    let events: AsyncStream<BusEvent>
    let state = Locked(State())
    private let continuation: AsyncStream<BusEvent>.Continuation

    init() { (events, continuation) = AsyncStream.makeStream() }

    func yield(_ event: BusEvent) { continuation.yield(event) }

    func acknowledge(through count: UInt64) { state.with { $0.acknowledged.append(count) } }
    func subscribe(_ filters: [String]) { state.with { $0.filters += filters } }

    /// Numbers count from 1; a test says what becomes of each.
    func publish(topic: String, payload: [UInt8], isRetained: Bool) -> UInt64? {
        state.with { state in
            guard state.isConnected else { return nil }
            state.published.append(
                BusMessage(topic: topic, payload: payload, isRetained: isRetained))
            return UInt64(state.published.count)
        }
    }

    func close() { continuation.finish() }
}

/// The hub's end of the link: it reads what the board sends and keeps the words of the session.
final class FakeLink: Link {
    struct State: Sendable {
        var sent: [Frame] = []
        /// The length of each of them.
        var sizes: [Int] = []
        var result = LinkSendResult.sent
        /// The session that the hub opened last.
        var wire = WireSession(device: Epoch(nonce: 0), hub: Epoch(nonce: 0))
    }

    let events: AsyncStream<LinkEvent>
    let state = Locked(State())
    private let continuation: AsyncStream<LinkEvent>.Continuation

    init() { (events, continuation) = AsyncStream.makeStream() }

    func yield(_ event: LinkEvent) { continuation.yield(event) }

    func send(_ frame: [UInt8]) -> LinkSendResult {
        state.with { state in
            guard state.result == .sent else { return state.result }
            if let read = Self.read(frame, &state.wire) {
                state.sent.append(read)
                state.sizes.append(frame.count)
            }
            return .sent
        }
    }

    /// Nil for what belongs to another session.
    private static func read(_ bytes: [UInt8], _ wire: inout WireSession) -> Frame? {
        let codec = FrameCodec()
        guard let header = try? codec.header(bytes) else { return nil }
        if let tag = header.session {
            guard tag == wire.tag else { return nil }
            return try? codec.decode(bytes, header, from: .device, session: &wire)
        }
        var blank = WireSession(device: Epoch(nonce: 0), hub: Epoch(nonce: 0))
        return try? codec.decode(bytes, header, from: .device, session: &blank)
    }

    func close() { continuation.finish() }
}

/// Processes that exist on paper; exits are what a test says.
final class FakeProcesses: ProcessRunner {
    struct State: Sendable {
        var running: [String: ProcessIdentity] = [:]
        var exits: [ProcessIdentity: ProcessExit] = [:]
        var started: [ProcessCommand] = []
        var ended: [EndedProcess] = []
        var forgotten: [ProcessIdentity] = []
        var signals: [String] = []
        var nextPid: Int32 = 40
    }

    let state = Locked(State())

    func start(_ command: ProcessCommand, tag: String) throws(ProcessError) -> ProcessIdentity {
        guard command.arguments.first != "/missing" else { throw ProcessError("no such file") }
        return state.with { state in
            let identity = ProcessIdentity(pid: state.nextPid, startTicks: 1)
            state.nextPid += 1
            state.started.append(command)
            state.running[tag] = identity
            return identity
        }
    }

    func running() -> [String: ProcessIdentity] { state.with { $0.running } }
    func ended() -> [EndedProcess] { state.with { $0.ended } }
    func forget(_ identity: ProcessIdentity) { state.with { $0.forgotten.append(identity) } }
    func poll(_ identity: ProcessIdentity) -> ProcessExit? { state.with { $0.exits[identity] } }

    func signal(_ identity: ProcessIdentity, _ signal: Int32) {
        state.with { $0.signals.append("\(identity.pid):\(signal)") }
    }
}
