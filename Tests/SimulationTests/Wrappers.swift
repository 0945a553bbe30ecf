import Platform
import Simulator
import SyncProtocol

/// Mutant: tells the broker to forget messages as soon as they arrive.
struct HastyBus: MessageBus {
    let events: AsyncStream<BusEvent>
    private let bus: SimBus

    init(_ bus: SimBus) {
        self.bus = bus
        let iterator = Iterator(bus.events)
        events = AsyncStream {
            let event = await iterator.next()
            if case .messages(_, let through) = event { bus.acknowledge(through: through) }
            return event
        }
    }

    func acknowledge(through count: UInt64) {}
    func subscribe(_ filters: [String]) { bus.subscribe(filters) }
    func publish(topic: String, payload: [UInt8]) -> UInt64? {
        bus.publish(topic: topic, payload: payload)
    }
    func close() { bus.close() }
}

/// Mutant: acknowledges some log frames in the hub's name and keeps them from it.
final class ForgetfulEndpoint: HubEndpoint {
    let events: AsyncStream<HubEndpointEvent>
    private let endpoint: SimHubEndpoint

    init(_ endpoint: SimHubEndpoint, seed: UInt64) {
        self.endpoint = endpoint
        let iterator = Iterator(endpoint.events)
        let chance = Chance(seed: seed)
        events = AsyncStream {
            guard case .frames(let frames, let through) = await iterator.next() else {
                return iterator.last
            }
            let kept = frames.filter { frame in
                guard case .log(let session, let batch)? = try? FrameCodec.decode(frame.bytes),
                    chance.happens(percent: 10)
                else { return true }
                let answer = Frame.logAcknowledged(
                    session: session, sequence: batch.sequence, upto: batch.last)
                _ = endpoint.send(FrameCodec.encode(answer), to: frame.device)
                return false
            }
            return .frames(kept, through: through)
        }
    }

    func send(_ frame: [UInt8], to device: String) -> LinkSendResult {
        endpoint.send(frame, to: device)
    }
    func acknowledge(through count: UInt64) { endpoint.acknowledge(through: count) }
    func close() { endpoint.close() }
}

/// A stream's only reader, where a `@Sendable` closure reads.
private final class Iterator<Element: Sendable>: @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.
    private let stream: AsyncStream<Element>
    private var iterator: AsyncStream<Element>.Iterator
    private(set) var last: Element?

    init(_ stream: AsyncStream<Element>) {
        self.stream = stream
        iterator = stream.makeAsyncIterator()
    }

    func next() async -> Element? {
        last = await iterator.next()
        return last
    }
}

private final class Chance: @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.
    private var random: SimRandom

    init(seed: UInt64) { random = SimRandom(seed: seed) }

    func happens(percent: Int) -> Bool { random.chance(percent: percent) }
}
