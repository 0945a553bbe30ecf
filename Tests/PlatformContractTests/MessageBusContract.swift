import LinuxPlatform
import Platform
import Simulator
import Testing

/// The topic filter that a bus of this contract subscribes to.
private let filter = "t/#"

/// Nothing is published while disconnected, and the bus says so; each publish gets one answer, the
/// broker's or that the connection was lost; messages come in order, no more
/// than the window before an acknowledgement; what was not acknowledged when a connection ended
/// comes again, and what was does not; `close` ends the stream.
func messageBusContract(
    _ bus: any MessageBus, window: Int, _ broker: Broker, _ stage: Stage
) async throws -> [String] {
    var verdict = Verdict()
    verdict.require(bus.publish(topic: "x", payload: []) == nil, "publishes without a broker")
    let reader = BusReader(bus, stage)
    try await broker.start()
    verdict.require(
        try await stage.eventually { reader.isConnected }, "never connects")
    // The subscription stands once a retained message has come.
    try await broker.say("t/first", [1], true)
    verdict.require(
        try await stage.eventually { reader.payloads == [[1]] }, "no retained message")
    bus.acknowledge(through: reader.through)
    for number in 0..<200 as Range<UInt8> { try await broker.say("t/\(number)", [number], false) }
    var acknowledged = reader.through
    var isOverrun = false
    verdict.require(
        try await stage.eventually {
            let through = reader.through
            if through > acknowledged + UInt64(window) { isOverrun = true }
            acknowledged = through
            bus.acknowledge(through: through)
            return reader.payloads.count >= 201
        }, "not all messages come")
    verdict.require(!isOverrun, "more than the window comes")
    verdict.require(
        reader.payloads.dropFirst() == (0..<200).map { [$0] }[...], "messages out of order")
    // Its own message comes back once the acknowledgements before it have reached the broker.
    let confirmed = try await echo([210], bus, reader, stage, &verdict)
    try await require(&verdict, "a publish is not confirmed", stage) {
        reader.outcomes(confirmed) == [.confirmed]
    }
    let refused = bus.publish(topic: "denied/x", payload: [])
    try await require(&verdict, "what the broker refuses is not refused", stage) {
        guard case .refused(let reason)? = reader.outcomes(refused).first else { return false }
        return reason == "Not authorized"
    }
    for number in 200..<205 as Range<UInt8> { try await broker.say("t/r", [number], false) }
    verdict.require(
        try await stage.eventually { reader.payloads.count == 207 }, "no more messages come")
    // Time in which a bus that acknowledges by itself gets it to the broker.
    for _ in 0..<20 { try await stage.goOn() }
    // It does not get past the acknowledgements that are held back, or not in no time.
    let lost = bus.publish(topic: "x", payload: [])
    let isTaken = try await reconnect(reader, broker, stage) {
        verdict.require(
            reader.outcomes(lost) == [.lost], "what a connection took with it is not called lost")
        return bus.publish(topic: "x", payload: []) != nil
    }
    verdict.require(isTaken == false, "does not come back, or publishes while disconnected")
    verdict.require(
        try await stage.eventually {
            // Others may come with them: their acknowledgement may have been on its way.
            let again = reader.payloads.dropFirst(207)
            return again.filter { (200..<205).contains($0[0]) } == (200..<205).map { [$0] }
        }, "what was not acknowledged does not come again")
    bus.acknowledge(through: reader.through)
    // Once something more has come and gone, the acknowledgement has arrived too.
    try await broker.say("t/s", [220], false)
    verdict.require(
        try await stage.eventually { reader.payloads.last == [220] }, "nothing comes any more")
    bus.acknowledge(through: reader.through)
    let last = try await echo([221], bus, reader, stage, &verdict)
    let before = reader.payloads.count
    let isBack = try await reconnect(reader, broker, stage) { true }
    verdict.require(isBack == true, "does not come back")
    try await broker.say("t/s", [222], false)
    verdict.require(
        try await stage.eventually { reader.payloads.last == [222] }, "nothing comes any more")
    let again = reader.payloads.dropFirst(before)
    verdict.require(
        Set([confirmed, refused, lost, last]).count == 4
            && [confirmed, refused, lost, last].allSatisfy { reader.outcomes($0).count == 1 },
        "a publish has no number of its own, or not one answer")
    verdict.require(reader.areAllKept, "messages of QoS 1 are not called kept")
    verdict.require(
        !again.contains([220]), "what was acknowledged comes again")
    bus.close()
    verdict.require(try await stage.eventually { reader.hasEnded }, "close does not end the stream")
    return verdict.faults
}

/// Publishes, and acknowledges everything until that has come back: a bus may hold back what it
/// sends while messages wait for their acknowledgement. The publish's number.
private func echo(
    _ payload: [UInt8], _ bus: any MessageBus, _ reader: BusReader, _ stage: Stage,
    _ verdict: inout Verdict
) async throws -> UInt64? {
    var number: UInt64?
    try await require(&verdict, "cannot publish", stage) {
        number = bus.publish(topic: "t/own", payload: payload)
        return number != nil
    }
    verdict.require(
        try await stage.eventually {
            bus.acknowledge(through: reader.through)
            return reader.payloads.last == payload
        }, "its own publish is lost")
    bus.acknowledge(through: reader.through)
    return number
}

private func require(
    _ verdict: inout Verdict, _ fault: String, _ stage: Stage, _ condition: () -> Bool
) async throws {
    verdict.require(try await stage.eventually(condition), fault)
}

/// Breaks the connection and waits for it; what `between` said meanwhile, or nil where the bus
/// does not notice or does not come back.
private func reconnect(
    _ reader: BusReader, _ broker: Broker, _ stage: Stage, between: () -> Bool
) async throws -> Bool? {
    try await broker.stop()
    let isAway = try await stage.eventually { !reader.isConnected }
    let said = between()
    try await broker.start()
    let isBack = try await stage.eventually { reader.isConnected }
    return isAway && isBack ? said : nil
}

/// What a bus brought.
private struct BusReader {
    private let events: Collected<BusEvent>

    init(_ bus: any MessageBus, _ stage: Stage) { events = stage.collect(bus.events) }

    var hasEnded: Bool { events.hasEnded }

    var isConnected: Bool {
        events.elements.last { event in
            switch event {
            case .connected, .disconnected: true
            case .messages, .commitRequested, .published: false
            }
        } == .connected
    }

    /// Payloads of all messages, retained copies after the first left out: brokers send those at
    /// each subscription.
    var payloads: [[UInt8]] {
        var isFirst = true
        return messages.filter { message in
            defer { if message.topic == "t/first" { isFirst = false } }
            return isFirst || message.topic != "t/first"
        }.map(\.payload)
    }

    var through: UInt64 {
        events.elements.reversed().lazy.compactMap { event in
            if case .messages(_, let through) = event { through } else { nil }
        }.first ?? 0
    }

    /// What became of a publish; empty for none.
    func outcomes(_ number: UInt64?) -> [PublishOutcome] {
        events.elements.compactMap { event in
            if case .published(number, let outcome) = event { outcome } else { nil }
        }
    }

    var areAllKept: Bool { messages.allSatisfy(\.isKept) }

    private var messages: [BusMessage] {
        events.elements.flatMap { event -> [BusMessage] in
            if case .messages(let messages, _) = event { messages } else { [] }
        }
    }
}

@Suite struct MessageBusContracts {
    static let window = 20
    /// mosquitto 2.0 (seen with 2.0.11) sends a whole window at each acknowledgement of a full
    /// one, so what bounds the real bus is its own limit on reading: 64, and once more that.
    static let windowOfLinux = 127

    @Test(.enabled(if: Mosquitto.program != nil, "needs mosquitto (Debian: mosquitto)"))
    func linux() async throws {
        let mosquitto = try Mosquitto()
        var settings = mosquitto.client("bus")
        settings.startsClean = false
        settings.receiveMaximum = Self.window
        settings.holdsAcknowledgements = true
        settings.subscriptions = [filter]
        let bus = MosquittoBus(settings: settings, entropy: LinuxEntropy())
        let publisher = Publisher(mosquitto)
        let broker = Broker(
            start: { try await mosquitto.start() }, stop: { try await mosquitto.stop() },
            say: { try await publisher.say($0, $1, $2) })
        let faults = try await messageBusContract(
            bus, window: Self.windowOfLinux, broker, .linux)
        #expect(faults == [])
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func simulated(seed: UInt64) async throws {
        let faults = try await verdict(seed: seed) { $0 }
        #expect(faults == [])
    }

    @Test func aBusThatAcknowledgesAtOnceIsFound() async throws {
        let faults = try await verdict(seed: 1) { HastyBus($0) }
        #expect(faults.contains("what was not acknowledged does not come again"))
    }

    @Test func aBusThatTakesHandingOverForAnAnswerIsFound() async throws {
        let faults = try await verdict(seed: 1) { CredulousBus($0) }
        #expect(faults.contains("what the broker refuses is not refused"))
        #expect(faults.contains("what a connection took with it is not called lost"))
    }

    @Test func theQueueIsBounded() throws {
        let world = SimWorld(seed: 1)
        var settings = SimBroker.Settings()
        settings.queueMaximum = 10
        let broker = SimBroker(world: world, settings: settings)
        let bus = broker.connect(subscriptions: [filter])
        for _ in 0..<12 { broker.publish(topic: "t/a", payload: []) }
        #expect(broker.waiting == 10 && broker.dropped == 2)
        bus.close()
    }

    private func verdict(
        seed: UInt64, _ wrap: (SimBus) -> any MessageBus
    ) async throws -> [String] {
        let world = SimWorld(seed: seed)
        var settings = SimBroker.Settings()
        settings.window = Self.window
        settings.forbidden = ["denied/#"]
        let machine = SimBroker(world: world, settings: settings)
        machine.stop()
        let bus = machine.connect(subscriptions: [filter])
        let broker = Broker(
            start: { machine.start() }, stop: { machine.stop() },
            say: { machine.publish(topic: $0, payload: $1, isRetained: $2) })
        return try await messageBusContract(
            wrap(bus), window: Self.window, broker, .simulated(world))
    }
}

/// Mutant: lets the broker forget messages as soon as they come.
private final class HastyBus: MessageBus {
    let events: AsyncStream<BusEvent>
    private let bus: SimBus

    init(_ bus: SimBus) {
        self.bus = bus
        let iterator = Locked(bus.events.makeAsyncIterator())
        events = AsyncStream {
            var copy = iterator.with { $0 }
            let event = await copy.next()
            if case .messages(_, let through) = event { bus.acknowledge(through: through) }
            return event
        }
    }

    func acknowledge(through count: UInt64) {}
    func subscribe(_ filters: [String]) { bus.subscribe(filters) }
    func publish(topic: String, payload: [UInt8], isRetained: Bool) -> UInt64? {
        bus.publish(topic: topic, payload: payload, isRetained: isRetained)
    }
    func close() { bus.close() }
}

/// Mutant: confirms what was only handed over.
private final class CredulousBus: MessageBus {
    let events: AsyncStream<BusEvent>
    private let bus: SimBus

    init(_ bus: SimBus) {
        self.bus = bus
        let iterator = Locked(bus.events.makeAsyncIterator())
        events = AsyncStream {
            var copy = iterator.with { $0 }
            let event = await copy.next()
            guard case .published(let number, _) = event else { return event }
            return .published(number, .confirmed)
        }
    }

    func acknowledge(through count: UInt64) { bus.acknowledge(through: count) }
    func subscribe(_ filters: [String]) { bus.subscribe(filters) }
    func publish(topic: String, payload: [UInt8], isRetained: Bool) -> UInt64? {
        bus.publish(topic: topic, payload: payload, isRetained: isRetained)
    }
    func close() { bus.close() }
}
