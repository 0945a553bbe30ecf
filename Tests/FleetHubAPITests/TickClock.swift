/// A clock whose time stands still and whose sleepers wake by hand, one at a time.
struct TickClock: Clock {
    struct Instant: InstantProtocol {
        let offset: Duration

        func advanced(by duration: Duration) -> Self { Self(offset: offset + duration) }
        func duration(to other: Self) -> Duration { other.offset - offset }
        static func < (left: Self, right: Self) -> Bool { left.offset < right.offset }
    }

    private let ticks: AsyncStream<Void>
    private let source: AsyncStream<Void>.Continuation

    init() {
        (ticks, source) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(8))
    }

    var now: Instant { Instant(offset: .zero) }
    var minimumResolution: Duration { .nanoseconds(1) }

    /// Wakes who sleeps, or who goes to sleep next.
    func tick() { source.yield() }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        for await _ in ticks { return }
        throw CancellationError()
    }
}
