import Platform

/// The hub's latest events and who watches them. A watcher that falls behind is ended: it comes
/// back with the last id it saw.
struct EventRing {
    /// Events remembered for watchers that return.
    static let capacity = 1024
    /// Events that wait for one watcher at most.
    static let watcherCapacity = 512

    private var events: [HubEvent] = []
    private var watchers: [UInt64: AsyncStream<HubEvent>.Continuation] = [:]
    private var nextWatcher: UInt64 = 0
    private var nextID: UInt64

    /// Ids start beyond those of earlier runs: they begin at the wall clock's milliseconds.
    init(start: WallTime) { nextID = UInt64(max(start.milliseconds, 1)) * 1000 }

    var watcherCount: Int { watchers.count }

    mutating func publish(_ kind: String, _ data: Value) {
        let event = HubEvent(id: nextID, kind: kind, data: data)
        nextID += 1
        if events.count == Self.capacity { events.removeFirst(Self.capacity / 8) }
        events.append(event)
        for (id, watcher) in watchers {
            if case .enqueued = watcher.yield(event) { continue }
            watcher.finish()
            watchers[id] = nil
        }
    }

    mutating func watch(after id: UInt64?) -> AsyncStream<HubEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: HubEvent.self, bufferingPolicy: .bufferingOldest(Self.watcherCapacity))
        if let id {
            for event in events.suffix(Self.watcherCapacity - 1) where event.id > id {
                continuation.yield(event)
            }
        }
        watchers[nextWatcher] = continuation
        nextWatcher += 1
        return stream
    }

    mutating func finish() {
        for watcher in watchers.values { watcher.finish() }
        watchers = [:]
    }
}
