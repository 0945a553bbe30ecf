import Dispatch
import Foundation
import Platform

/// A value behind a lock.
final class Guarded<Value>: @unchecked Sendable {
    // @unchecked: `value` is only touched with `lock` held.
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) { self.value = value }

    func with<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}

/// The test's own serial queue. Dispatch runs one job at a time, which is all that an actor asks.
final class QueueExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "hub")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}

/// Clocks that stand still until a test moves them.
final class ManualClock: Timekeeper {
    let bootID = BootID(rawValue: 0xB001)
    private let monotonic = Guarded<Int64>(100_000)
    private let offset = Guarded(Release.date.milliseconds)

    func now() -> ClockReading {
        monotonic.with { monotonic in
            ClockReading(
                monotonic: MonotonicTime(milliseconds: monotonic),
                wall: WallTime(milliseconds: offset.with { $0 } + monotonic),
                isDisciplined: true)
        }
    }

    func advance(_ span: Milliseconds) { monotonic.with { $0 += span.count } }

    /// As if the machine had lost its time.
    func start(at wall: WallTime) { offset.with { $0 = wall.milliseconds } }
}

final class ManualTimer: WakeTimer {
    let wakes: AsyncStream<Void>
    let settings = Guarded(0)
    private let continuation: AsyncStream<Void>.Continuation

    init() { (wakes, continuation) = AsyncStream.makeStream() }

    func set(_ deadline: MonotonicTime?) { settings.with { $0 += 1 } }
    func wake() { continuation.yield() }
    func close() { continuation.finish() }
}

/// Carries frames in memory. What the hub sends is kept as it is: only the board that it is for
/// knows the words of its session.
final class FakeEndpoint: HubEndpoint {
    struct State: Sendable {
        var sent: [(device: String, frame: [UInt8])] = []
        var delivered: UInt64 = 0
        var acknowledged: UInt64 = 0
    }

    let links: [LinkKind]
    let events: AsyncStream<HubEndpointEvent>
    let state = Guarded(State())
    private let continuation: AsyncStream<HubEndpointEvent>.Continuation

    init(links: [LinkKind] = [.mqtt]) {
        self.links = links
        (events, continuation) = AsyncStream.makeStream()
    }

    func yield(_ event: HubEndpointEvent) { continuation.yield(event) }

    func send(_ frame: [UInt8], to device: String) -> LinkSendResult {
        state.with { $0.sent.append((device, frame)) }
        return .sent
    }

    func acknowledge(through count: UInt64) {
        state.with { $0.acknowledged = max($0.acknowledged, count) }
    }

    func close() { continuation.finish() }
}
