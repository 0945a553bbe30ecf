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
    private let sessions = OverheardSessions()

    init(_ endpoint: SimHubEndpoint, seed: UInt64) {
        self.endpoint = endpoint
        let iterator = Iterator(endpoint.events)
        let chance = Chance(seed: seed)
        let sessions = sessions
        events = AsyncStream {
            guard case .frames(let frames, let through) = await iterator.next() else {
                return iterator.last
            }
            let kept = frames.filter { frame in
                guard let answer = sessions.acknowledgement(of: frame.bytes),
                    chance.happens(percent: 10)
                else { return true }
                _ = endpoint.send(answer, to: frame.device)
                return false
            }
            return .frames(kept, through: through)
        }
    }

    func send(_ frame: [UInt8], to device: String) -> LinkSendResult {
        sessions.hear(frame)
        return endpoint.send(frame, to: device)
    }
    func acknowledge(through count: UInt64) { endpoint.acknowledge(through: count) }
    func close() { endpoint.close() }
}

/// The sessions between a hub and its boards, known from the greetings and their answers.
private final class OverheardSessions: @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.
    private let codec = FrameCodec()
    /// The epochs of those who greeted, by request.
    private var greeted: [UInt64: Epoch] = [:]
    private var sessions: [UInt32: WireSession] = [:]

    /// What a hub would answer to log rows; nil for other frames, which are noted.
    func acknowledgement(of frame: [UInt8]) -> [UInt8]? {
        var wire = WireSession(device: Epoch(nonce: 0), hub: Epoch(nonce: 0))
        guard let header = try? codec.header(frame) else { return nil }
        if let tag = header.session {
            guard var session = sessions[tag] else { return nil }
            var read = session
            guard
                case .log(let batch)? = try? codec.decode(
                    frame, header, from: .device, session: &read)
            else { return nil }
            let answer = Frame.logAcknowledged(sequence: batch.sequence, upto: batch.last)
            return codec.encode(answer, from: .hub, session: &session)
        }
        if case .hello(let hello)? = try? codec.decode(
            frame, header, from: .device, session: &wire)
        {
            greeted[hello.request] = hello.epoch
        }
        return nil
    }

    func hear(_ frame: [UInt8]) {
        var wire = WireSession(device: Epoch(nonce: 0), hub: Epoch(nonce: 0))
        guard let header = try? codec.header(frame), header.session == nil,
            case .state(let state)? = try? codec.decode(
                frame, header, from: .hub, session: &wire),
            let epoch = greeted[state.request]
        else { return }
        let session = WireSession(
            device: epoch, hub: state.reference.epoch, request: state.request, base: state.time,
            commit: state.reference.commit)
        sessions[session.tag] = session
    }
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
