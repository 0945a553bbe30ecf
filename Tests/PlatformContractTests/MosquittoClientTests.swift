import LinuxPlatform
import Platform
import Testing

/// What the bus on libmosquitto does where the broker does the unusual.
@Suite struct MosquittoClientTests {
    private static let window = 20

    private static func bus(_ broker: ScriptedBroker) -> MosquittoBus {
        var settings = MosquittoClient.Settings(
            host: "127.0.0.1", port: broker.port, clientID: "bus")
        settings.reconnectFirst = 10
        settings.reconnectMaximum = 50
        settings.startsClean = false
        settings.receiveMaximum = window
        settings.holdsAcknowledgements = true
        // A broker whose test waits for a core must not be given up meanwhile.
        settings.keepAliveSeconds = 3600
        return MosquittoBus(settings: settings, entropy: LinuxEntropy())
    }

    private static func connect(
        _ broker: ScriptedBroker, _ events: Collected<BusEvent>, times: Int = 1
    ) async throws {
        try await broker.accept()
        try await wait(events, "connected") { $0.count { $0 == .connected } == times }
    }

    private static func wait(
        _ events: Collected<BusEvent>, _ what: Comment, _ condition: ([BusEvent]) -> Bool
    ) async throws {
        try #require(try await Stage.linux.eventually { condition(events.elements) }, what)
    }

    /// MQTT 5 §3.4.2.1: below 0x80 the broker has it, even where nobody listens.
    @Test(
        arguments: [
            (0x00, .confirmed), (0x10, .confirmed), (0x80, .refused(reason: "Unspecified error")),
            (0x87, .refused(reason: "Not authorized")), (0x97, .refused(reason: "Quota exceeded")),
        ] as [(UInt8, PublishOutcome)])
    func theReasonOfAnAnswerDecides(reason: UInt8, outcome: PublishOutcome) async throws {
        let broker = try ScriptedBroker()
        let bus = Self.bus(broker)
        let events = Stage.linux.collect(bus.events)
        try await Self.connect(broker, events)
        let number = try #require(bus.publish(topic: "x", payload: [1]))
        broker.answer(try await broker.published(), reason: reason)
        try await Self.wait(events, "an answer") { $0.contains(.published(number, outcome)) }
        bus.close()
    }

    /// Identifiers begin anew with each connection; numbers do not.
    @Test func whatAConnectionLeavesUnansweredIsLostBeforeItsEndIsTold() async throws {
        let broker = try ScriptedBroker()
        let bus = Self.bus(broker)
        let events = Stage.linux.collect(bus.events)
        try await Self.connect(broker, events)
        let first = try #require(bus.publish(topic: "x", payload: [1]))
        let second = try #require(bus.publish(topic: "x", payload: [2]))
        broker.answer(try await broker.published(), reason: 0)
        try await Self.wait(events, "an answer") { $0.contains(.published(first, .confirmed)) }
        broker.breakConnection()
        try await Self.connect(broker, events, times: 2)
        let third = try #require(bus.publish(topic: "x", payload: [3]))
        // Nothing of the first connection is sent again by itself.
        broker.answer(try await broker.published(), reason: 0)
        try await Self.wait(events, "an answer") { $0.contains(.published(third, .confirmed)) }
        let told = events.elements.filter { event in
            if case .disconnected = event { false } else { true }
        }
        #expect(
            told == [
                .connected, .published(first, .confirmed), .published(second, .lost), .connected,
                .published(third, .confirmed),
            ])
        let lost = try #require(events.elements.firstIndex(of: .published(second, .lost)))
        guard case .disconnected = events.elements[lost + 1] else {
            Issue.record("the connection's end is not told next")
            return
        }
        bus.close()
    }

    /// They cannot be sent again, so what is read and not yet durable must stay little.
    @Test func messagesOfQoS0AskForACommitAndAreHeldBackUntilItComes() async throws {
        let broker = try ScriptedBroker()
        let bus = Self.bus(broker)
        let events = Stage.linux.collect(bus.events)
        try await Self.connect(broker, events)
        // 64 is where reading stops for this window, and three quarters of it where it asks.
        for payload in 0..<48 as Range<UInt8> { broker.say(payload) }
        try await Self.wait(events, "a request") { $0.contains(.commitRequested) }
        #expect(events.messages.allSatisfy { !$0.isKept })
        for payload in 48..<200 as Range<UInt8> { broker.say(payload) }
        var acknowledged: UInt64 = 0
        var most: UInt64 = 0
        try await Self.wait(events, "all messages") { _ in
            let through = events.through
            most = max(most, through - acknowledged)
            acknowledged = through
            bus.acknowledge(through: through)
            return through == 200
        }
        #expect(most <= UInt64(MessageBusContracts.windowOfLinux))
        #expect(events.messages.map { $0.payload } == (0..<200).map { [$0] })
        bus.close()
    }

    @Test func aRequestThatABrokenConnectionLeftOpenDoesNotSilenceTheNext() async throws {
        let broker = try ScriptedBroker()
        let bus = Self.bus(broker)
        let events = Stage.linux.collect(bus.events)
        for times in 1...3 {
            try await Self.connect(broker, events, times: times)
            for number in 1...UInt16(Self.window) { broker.say(7, identifier: number) }
            try await Self.wait(events, "request \(times)") {
                $0.count { $0 == .commitRequested } == times
            }
            // Nothing is committed: the request stays open.
            broker.breakConnection()
            try await Self.wait(events, "the end of connection \(times)") {
                if case .disconnected = $0.last { true } else { false }
            }
        }
        bus.close()
    }

    @Test func whoStopsAcknowledgesFirstWhatWasDelivered() async throws {
        let broker = try ScriptedBroker()
        let bus = Self.bus(broker)
        let events = Stage.linux.collect(bus.events)
        try await Self.connect(broker, events)
        broker.say(7, identifier: 300)
        // What waited for the connection asks first.
        try await Self.wait(events, "a request") { $0.contains(.commitRequested) }
        bus.close()
        try await Self.wait(events, "the request of the stop") {
            $0.count { $0 == .commitRequested } == 2
        }
        #expect(!events.hasEnded)
        bus.acknowledge(through: 1)
        let packet = try await broker.next()
        #expect(packet.kind == ScriptedBroker.acknowledgement && packet.identifier == 300)
        #expect(try await Stage.linux.eventually { events.hasEnded })
    }
}

extension Collected<BusEvent> {
    fileprivate var messages: [BusMessage] {
        elements.flatMap { event -> [BusMessage] in
            if case .messages(let messages, _) = event { messages } else { [] }
        }
    }

    fileprivate var through: UInt64 { UInt64(messages.count) }
}
