public import Platform

/// One run's connection to a `SimBroker`.
public final class SimBus: MessageBus, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    public let events: AsyncStream<BusEvent>
    private let continuation: AsyncStream<BusEvent>.Continuation
    private let broker: SimBroker
    private let fuse: SimFuse
    /// How many messages were handed over, over all connections of this run.
    var delivered: UInt64 = 0
    /// How many messages were published, over all connections of this run.
    var published: UInt64 = 0

    init(broker: SimBroker, fuse: SimFuse) {
        // The window bounds what waits here.
        (events, continuation) = AsyncStream.makeStream()
        self.broker = broker
        self.fuse = fuse
    }

    public func acknowledge(through count: UInt64) {
        guard fuse.passes() else { return }
        broker.acknowledge(self, through: count)
    }

    public func subscribe(_ filters: [String]) {
        guard fuse.passes() else { return }
        broker.subscribe(self, filters)
    }

    public func publish(topic: String, payload: [UInt8], isRetained: Bool) -> UInt64? {
        guard fuse.passes() else { return nil }
        return broker.publish(self, topic: topic, payload: payload, isRetained: isRetained)
    }

    public func close() { broker.close(self) }

    func deliver(_ event: BusEvent) { continuation.yield(event) }

    func finish() { continuation.finish() }
}
