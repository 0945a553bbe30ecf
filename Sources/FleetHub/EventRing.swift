import Platform

/// The hub's latest events and who watches them.
///
/// A watcher gets events without a hole: one that falls behind is ended and comes back with the
/// last id it saw, and one whose last id is not remembered any more is told so before it goes on.
struct EventRing {
    /// Events remembered for watchers that return. Any of them gets all that it lacks.
    static let capacity = 512
    /// Events that wait for one watcher at most, besides those that were there when it came.
    static let watcherCapacity = 512
    /// Watchers at a time. The web face answers 503 long before (`APILimits.eventClientsMax`); this
    /// bound holds for everybody else, whose stream is over at once.
    static let watchersMaximum = 128

    /// Watchers that left on their own, to be handed to `leave`. A stream and not a lock: the end
    /// of a watcher is noticed on any thread, and the ring belongs to one actor.
    let departures: AsyncStream<UInt64>

    /// An event with the labels that its device had then; nil for one about no device.
    private struct Entry {
        let event: HubEvent
        let labels: [String: String]?

        /// What is about no device says nothing about any of them.
        func isFor(_ caller: Caller) -> Bool { labels.map(caller.sees) ?? true }
    }

    private struct Watcher {
        let caller: Caller
        let source: AsyncStream<HubEvent>.Continuation
    }

    /// The event with id `n` is at `(n - firstID) % capacity`.
    private var events: [Entry] = []
    private let firstID: UInt64
    private var nextID: UInt64
    private var watchers: [UInt64: Watcher] = [:]
    private var nextWatcher: UInt64 = 0
    private let departed: AsyncStream<UInt64>.Continuation
    private var isFinished = false

    /// Ids start beyond those of earlier runs: they begin at the wall clock's milliseconds.
    init(start: WallTime) {
        firstID = UInt64(max(start.milliseconds, 1)) * 1000
        nextID = firstID
        // Each watcher leaves once, so there is room for all of them.
        (departures, departed) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(Self.watchersMaximum))
    }

    var watcherCount: Int { watchers.count }

    mutating func publish(_ kind: String, _ data: Value, labels: [String: String]? = nil) {
        let event = HubEvent(id: nextID, kind: kind, data: data)
        let entry = Entry(event: event, labels: labels)
        if events.count < Self.capacity {
            events.append(entry)
        } else {
            events[slot(nextID)] = entry
        }
        nextID += 1
        for (number, watcher) in watchers where entry.isFor(watcher.caller) {
            if case .enqueued = watcher.source.yield(event) { continue }
            watcher.source.finish()
            watchers[number] = nil
        }
    }

    /// Events from now on; for an `id`, all after it, and first of all a `missed` event where some
    /// of them are not remembered. The id 0 stands for the start of this run. What a caller may not
    /// see is left out of both.
    mutating func watch(
        after id: UInt64?, at now: WallTime, as caller: Caller = .hub
    ) -> AsyncStream<HubEvent> {
        let past = id.map { replay(after: $0, at: now, as: caller) } ?? []
        let (stream, continuation) = AsyncStream.makeStream(
            of: HubEvent.self, bufferingPolicy: .bufferingOldest(past.count + Self.watcherCapacity))
        guard !isFinished, watchers.count < Self.watchersMaximum else {
            continuation.finish()
            return stream
        }
        for event in past { continuation.yield(event) }
        let number = nextWatcher
        nextWatcher += 1
        continuation.onTermination = { [departed] reason in
            // What the ring ends itself, it has forgotten already.
            if case .cancelled = reason { departed.yield(number) }
        }
        watchers[number] = Watcher(caller: caller, source: continuation)
        return stream
    }

    /// Forgets a watcher of `departures`, and with it what waited for it.
    mutating func leave(_ watcher: UInt64) { watchers[watcher] = nil }

    /// Ends the watchers whose caller may watch no longer.
    mutating func end(where hasEnded: (Caller) -> Bool) {
        for (number, watcher) in watchers where hasEnded(watcher.caller) {
            watcher.source.finish()
            watchers[number] = nil
        }
    }

    /// Ends all watchers, and `departures`. Who comes later finds the stream over.
    mutating func finish() {
        isFinished = true
        for watcher in watchers.values { watcher.source.finish() }
        watchers = [:]
        departed.finish()
    }

    private func replay(
        after id: UInt64, at now: WallTime, as caller: Caller
    ) -> [HubEvent] {
        let oldest = nextID - UInt64(events.count)
        let seen = id == 0 ? firstID - 1 : id
        // An id that was never given is of another run, before the clock was set back: as little
        // is known of what came after it as for one that is too old.
        let isKnown = oldest - 1 <= seen && seen < nextID
        let after = isKnown ? seen : oldest - 1
        let known = (after + 1..<nextID).map { events[slot($0)] }.filter { $0.isFor(caller) }
            .map(\.event)
        return isKnown ? known : [.missed(before: oldest, at: now)] + known
    }

    private func slot(_ id: UInt64) -> Int { Int((id - firstID) % UInt64(Self.capacity)) }
}
