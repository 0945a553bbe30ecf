public import Platform

/// A board's own MQTT broker, with the agent's session: it keeps what devices say until the agent
/// has acknowledged it, over any number of connections.
public final class SimBroker: @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    /// How the broker behaves.
    public struct Settings: Sendable {
        /// Messages sent to the agent and not acknowledged.
        public var window = 20
        /// Messages kept for the agent; more are dropped and counted.
        public var queueMaximum = 10_000
        /// The longest way of a message or an acknowledgement between broker and agent.
        public var delayMaximum: Milliseconds = 5
        /// The longest break before a lost connection comes back.
        public var reconnectMaximum: Milliseconds = 2000
        /// Topic filters that the agent may not publish to.
        public var forbidden: [String] = []

        /// The defaults of mosquitto, where it has any.
        public init() {}
    }

    /// Every message that the agent acknowledged, in that order. The broker has forgotten them.
    public private(set) var acknowledged: [BusMessage] = []
    /// What the agent published.
    public private(set) var published: [BusMessage] = []
    /// Messages for which there was no room.
    public private(set) var dropped = 0
    /// Messages that were sent and came back unacknowledged when a connection ended.
    public private(set) var returned = 0

    private let world: SimWorld
    private let settings: Settings
    private var filters: Set<String> = []
    private var retained: [String: BusMessage] = [:]
    private var queue: [BusMessage] = []
    private var inFlight: [(number: UInt64, message: BusMessage)] = []
    private var bus: SimBus?
    /// Counts connections; what belongs to an earlier one has no effect any more.
    private var connection = 0
    private var isConnected = false
    /// When the last of what the agent sent arrives.
    private var lastArrival = MonotonicTime(milliseconds: 0)
    /// What the agent published on this connection and has no answer to, oldest first.
    private var unanswered: [UInt64] = []
    /// When the last answer to those arrives.
    private var lastAnswer = MonotonicTime(milliseconds: 0)
    private var isRunning = true

    /// A broker without a session.
    public init(world: SimWorld, settings: Settings = Settings()) {
        self.world = world
        self.settings = settings
    }

    /// Messages that the agent has not acknowledged.
    public var waiting: Int { queue.count + inFlight.count }

    /// A device says something. A broker that does not run hears nothing.
    public func publish(topic: String, payload: [UInt8], isRetained: Bool = false) {
        guard isRunning else { return }
        if isRetained {
            retained[topic] =
                payload.isEmpty ? nil : BusMessage(topic: topic, payload: payload, isRetained: true)
        }
        let message = BusMessage(topic: topic, payload: payload, isRetained: false)
        if filters.contains(where: { SimTopic.matches(topic, filter: $0) }) { enqueue(message) }
    }

    /// The agent's connection of one run. A connection of an earlier run ends (MQTT 5 §3.1.4:
    /// the client's name is taken over).
    ///
    /// - Parameters:
    ///   - subscriptions: Topic filters of every connection.
    ///   - fuse: The life of the agent's process.
    public func connect(subscriptions: [String], fuse: SimFuse = SimFuse()) -> SimBus {
        end("taken over", isFinal: true)
        let bus = SimBus(broker: self, fuse: fuse)
        self.bus = bus
        for filter in subscriptions { add(filter) }
        fuse.onBurn { [weak self, weak bus] in
            guard let self, let bus, bus === self.bus else { return }
            end("the process died", isFinal: true)
        }
        reconnect(within: settings.delayMaximum)
        return bus
    }

    /// Breaks the connection; the agent's client comes back by itself.
    public func breakConnection() { end("connection reset", isFinal: false) }

    /// Stops the broker. Its session is kept.
    public func stop() {
        isRunning = false
        end("connection refused", isFinal: false)
    }

    /// Starts it again.
    public func start() {
        isRunning = true
        reconnect(within: settings.reconnectMaximum)
    }

    private func enqueue(_ message: BusMessage) {
        guard queue.count < settings.queueMaximum else {
            dropped += 1
            return
        }
        queue.append(message)
        schedulePump()
    }

    private func add(_ filter: String) {
        filters.insert(filter)
        // MQTT 5 §3.8.4: a subscription brings the retained messages, also a repeated one.
        for (topic, message) in retained.sorted(by: { $0.key < $1.key })
        where SimTopic.matches(topic, filter: filter) {
            enqueue(message)
        }
    }

    private func reconnect(within span: Milliseconds) {
        let attempt = connection
        world.after(world.random.span(0, span)) { [self] in
            guard attempt == connection, !isConnected, isRunning, let bus else { return }
            isConnected = true
            world.note("bus connected")
            bus.deliver(.connected)
            schedulePump()
        }
    }

    private func end(_ reason: String, isFinal: Bool) {
        connection += 1
        returned += inFlight.count
        queue.insert(contentsOf: inFlight.map(\.message), at: 0)
        inFlight = []
        for number in unanswered { bus?.deliver(.published(number, .lost)) }
        unanswered = []
        let wasConnected = isConnected
        isConnected = false
        guard let bus else { return }
        if isFinal {
            self.bus = nil
            bus.finish()
        } else if wasConnected {
            bus.deliver(.disconnected(reason: reason))
            reconnect(within: settings.reconnectMaximum)
        }
    }

    private func schedulePump() {
        guard isConnected else { return }
        let connection = connection
        world.after(world.random.span(0, settings.delayMaximum)) { [self] in
            guard connection == self.connection else { return }
            pump()
        }
    }

    /// Sends as much as the window takes, in one piece.
    private func pump() {
        let room = max(0, settings.window - inFlight.count)
        let batch = Array(queue.prefix(room))
        guard let bus, !batch.isEmpty else { return }
        queue.removeFirst(batch.count)
        for message in batch {
            bus.delivered += 1
            inFlight.append((bus.delivered, message))
        }
        bus.deliver(.messages(batch, through: bus.delivered))
        if inFlight.count * 4 >= settings.window * 3 { bus.deliver(.commitRequested) }
    }
}

extension SimBroker {
    func acknowledge(_ bus: SimBus, through count: UInt64) {
        guard bus === self.bus, isConnected else { return }
        carry { [self] in
            let done = inFlight.prefix { $0.number <= count }
            inFlight.removeFirst(done.count)
            for (_, message) in done {
                acknowledged.append(message)
                world.note("bus acknowledged " + message.topic, message.payload)
            }
            schedulePump()
        }
    }

    func subscribe(_ bus: SimBus, _ filters: [String]) {
        guard bus === self.bus else { return }
        for filter in filters { add(filter) }
    }

    func publish(
        _ bus: SimBus, topic: String, payload: [UInt8], isRetained: Bool
    ) -> UInt64? {
        guard bus === self.bus, isConnected else { return nil }
        bus.published += 1
        let number = bus.published
        unanswered.append(number)
        carry { [self] in
            guard !settings.forbidden.contains(where: { SimTopic.matches(topic, filter: $0) })
            else { return answer(number, .refused(reason: "Not authorized")) }
            published.append(BusMessage(topic: topic, payload: payload, isRetained: isRetained))
            world.note("bus published " + topic, payload)
            publish(topic: topic, payload: payload, isRetained: isRetained)
            answer(number, .confirmed)
        }
        return number
    }

    /// A PUBACK, on its way to the agent: in order, and lost where the connection ends meanwhile.
    private func answer(_ number: UInt64, _ outcome: PublishOutcome) {
        let connection = connection
        let arrival = world.now + world.random.span(0, settings.delayMaximum)
        lastAnswer = max(lastAnswer, arrival)
        world.at(lastAnswer) { [self] in
            guard connection == self.connection else { return }
            unanswered.removeAll { $0 == number }
            bus?.deliver(.published(number, outcome))
        }
    }

    /// From the agent to the broker: in order, and lost where the connection ends meanwhile.
    private func carry(_ arrive: @escaping () -> Void) {
        let connection = connection
        let arrival = world.now + world.random.span(0, settings.delayMaximum)
        lastArrival = max(lastArrival, arrival)
        world.at(lastArrival) { [self] in
            guard connection == self.connection else { return }
            arrive()
        }
    }

    func close(_ bus: SimBus) {
        guard bus === self.bus else { return bus.finish() }
        end("closed", isFinal: true)
    }
}
