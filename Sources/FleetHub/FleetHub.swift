import Placement
public import Platform
public import SQLiteStore
import SyncProtocol

/// The hub: registry, twins, log ingest, and what operators ask of them.
///
/// One actor on the executor that also runs SQLite. Frames come in batches; a batch is one
/// transaction, and its answers leave after COMMIT.
public actor FleetHub {
    public struct Settings: Sendable {
        /// Log rows kept per device. The oldest telemetry goes first.
        public var logRowsMaximum = 200_000
        public var sync = HubReplica.Settings()
        /// Frames, and bytes of frames, of one transaction. More would save little of a commit's
        /// cost, and everybody in the group waits for all of it.
        public var groupFrames = 256
        public var groupBytes = 512 << 10
        /// From one commit to the next under load, where frames are fewer than a group.
        public var groupInterval: Milliseconds = 5
        /// What waits between links and writer.
        var queue = IngestQueue.Settings()
        var floods = FloodGuard.Settings()
        var greetings = GreetingGate.Settings()
        /// Hints sent in one tick, so that a hub which returns is not met by its whole fleet at
        /// once.
        public var hintsPerTick = 200
        public var version = "0"
        /// Where boards reach this hub, for enrolment tokens; nil where it listens for none.
        public var boardsPlace: (host: String, port: Int)?

        public init() {}
    }

    /// How the store does.
    enum StoreHealth: String, Sendable {
        case ok
        /// The disk is full: nothing is acknowledged, reads go on.
        case full
        case damaged
        case failing
    }

    nonisolated public var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    nonisolated let executor: any SerialExecutor
    nonisolated let settings: Settings
    nonisolated let timekeeper: any Timekeeper
    let store: HubStore
    let endpoint: any HubEndpoint
    /// Certifies boards; nil where this hub enrols none.
    let authority: CertificateAuthority?
    /// Says that `brokerAccess` may be another one now. One consumer.
    nonisolated public let accessChanges: AsyncStream<Void>
    let accessChanged: AsyncStream<Void>.Continuation
    let started: ClockReading
    var devices: [String: DeviceRecord] = [:]
    /// Labels from the boards' own configuration; an operator's win over them.
    var ownLabels: [String: [String: String]] = [:]
    /// Who is believed, of those that enrolled.
    var identities: [String: IdentityRecord] = [:]
    /// Who may ask for what, by name.
    var operators: [String: OperatorRecord] = [:]
    /// The row of the call that is being carried out, until it is written.
    var auditDraft: AuditDraft?
    var refusalBudget = RefusalBudget()
    /// When a device's request to enrol was last refused, for those that were lately.
    var enrolmentRefusals: [String: MonotonicTime] = [:]
    /// When each device's `lastSeen` was last written, so that hearing from it is not a write.
    var seenSaved: [String: WallTime] = [:]
    var online: Set<String> = []
    var replica: HubReplica
    var hints: [String] = []
    var events: EventRing
    var counters = HubCounters()
    /// Frames that wait for the writer, and who sends too many.
    var queue: IngestQueue
    var floods: FloodGuard
    var greetings: GreetingGate
    /// Wakes the writer. One wake is enough for any number of frames.
    let work: AsyncStream<Void>.Continuation
    private let works: AsyncStream<Void>
    var pace: CommitPace
    /// What the hub placed by itself, and where.
    var keeper = FleetHub.newKeeper()
    /// By name, what it runs.
    var placementSpecs: [String: Value] = [:]
    /// True where the keeper says more than the store.
    var isPlacementStale = true
    var placementTicks = 0
    var storeHealth = StoreHealth.ok
    /// Whether each link of the endpoint is up.
    var links: [LinkKind: Bool]

    /// - Parameter executor: Runs this actor and all SQL. It must be one thread.
    public init(
        store: sending HubStore, endpoint: any HubEndpoint, timekeeper: any Timekeeper,
        executor: any SerialExecutor, settings: Settings = Settings(),
        compressor: (any Compressor)? = nil, authority: CertificateAuthority? = nil
    ) throws(SQLiteError) {
        for record in try store.operators.all() { operators[record.name] = record }
        for identity in try store.identities.all() { identities[identity.device] = identity }
        for device in try store.devices.all() {
            devices[device.id] = device
            let agent = try store.twin.document(device.id).cells(prefix: "reported/agent").first
            ownLabels[device.id] = agent.flatMap { Self.labels(of: $0) }
        }
        (accessChanges, accessChanged) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.store = store
        self.endpoint = endpoint
        links = Dictionary(uniqueKeysWithValues: endpoint.links.map { ($0, false) })
        self.timekeeper = timekeeper
        self.executor = executor
        self.authority = authority
        self.settings = settings
        replica = HubReplica(
            settings: settings.sync, codec: FrameCodec(compressor: compressor))
        queue = IngestQueue(settings: settings.queue)
        floods = FloodGuard(settings: settings.floods)
        greetings = GreetingGate(settings: settings.greetings)
        pace = CommitPace(interval: settings.groupInterval)
        (works, work) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        for identity in identities.values {
            endpoint.judge(identity.device, Self.standing(of: identity))
        }
        started = timekeeper.now()
        events = EventRing(start: started.wall)
    }

    /// Serves the endpoint until it closes.
    ///
    /// - Parameter paceTimer: Lets frames gather under load; without it each commit follows the
    ///   one before at once.
    public func run(timer: any WakeTimer, paceTimer: (any WakeTimer)? = nil) async {
        // Before the first frame; where it fails the first tick tries again.
        try? recallPlacements()
        timer.set(timekeeper.now().monotonic + FleetHub.tickInterval)
        let departures = events.departures
        let works = works
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await self.takeEvents()
                timer.close()
                paceTimer?.close()
            }
            group.addTask { await self.commitGroups(works, paceTimer) }
            if let paceTimer {
                group.addTask { [work] in for await _ in paceTimer.wakes { work.yield() } }
            }
            group.addTask { for await _ in timer.wakes { await self.tick(timer) } }
            group.addTask { for await watcher in departures { await self.leave(watcher) } }
            await group.waitForAll()
        }
    }

    static let tickInterval: Milliseconds = 1000

    private func leave(_ watcher: UInt64) { events.leave(watcher) }

    /// All that is no frame, which waits in the queue.
    func handle(_ event: HubEndpointEvent) {
        switch event {
        case .connected(let link):
            links[link] = true
            publish("hub", ["state": .string("\(link.rawValue) connected")])
            // A device that is idle learns from a hint that this hub is another one than before.
            hints = devices.values.filter { $0.state == .active }.map(\.id).sorted()
        case .disconnected(let link, let reason):
            links[link] = false
            // Where another link is up, the endpoint has said who went with this one.
            if !links.values.contains(true) { online = [] }
            publish(
                "hub",
                ["state": .string("\(link.rawValue) disconnected"), "reason": .string(reason)])
        case .presence(let device, let isOnline):
            presence(device, isOnline: isOnline)
        case .refused(let device, let reason):
            counters.sessionsRefused += 1
            publish(
                device == nil ? "hub" : "device",
                [
                    "device": device.map { .string($0) }, "state": .string("link_refused"),
                    "reason": .string(reason),
                ].compactMapValues { $0 })
        case .frames, .commitRequested:
            break
        }
    }

    private func presence(_ device: String, isOnline: Bool) {
        guard devices[device]?.state == .active, online.contains(device) != isOnline else { return }
        if isOnline { online.insert(device) } else { online.remove(device) }
        touch(device)
        publish(
            "device",
            ["device": .string(device), "state": .string(isOnline ? "online" : "offline")])
    }

    private func tick(_ timer: any WakeTimer) {
        timer.set(timekeeper.now().monotonic + FleetHub.tickInterval)
        for device in hints.prefix(settings.hintsPerTick) { hint(device) }
        hints.removeFirst(min(hints.count, settings.hintsPerTick))
        endStreams()
        lookAtFloods()
        tickPlacements()
    }

    func hint(_ device: String) {
        _ = endpoint.send(replica.hint(store), to: device)
    }

    func touch(_ device: String) { devices[device]?.lastSeen = timekeeper.now().wall }

    /// - Parameter labels: Those of the device that it is about, where the hub no longer has them.
    func publish(
        _ kind: String, _ fields: [String: Value], labels: [String: String]? = nil
    ) {
        var fields = fields
        let device = fields["device"]?.stringValue
        let known = device.map { devices[$0].map(self.labels(of:)) ?? [:] }
        fields["time"] = .string(RFC3339.text(timekeeper.now().wall))
        events.publish(
            kind, .object(fields.map { ($0.key, $0.value) }), labels: labels ?? known)
    }

    /// Takes note of how the store did. A full disk is no reason to stop: space may come back,
    /// and the next write tries again.
    func note(_ error: SQLiteError?) {
        let state: StoreHealth =
            switch error?.kind {
            case nil: .ok
            case .full: .full
            case .damaged: .damaged
            case .inputOutput, .unavailable, .other: .failing
            }
        guard state != storeHealth else { return }
        storeHealth = state
        var fields: [String: Value] = ["store": .string(state.rawValue)]
        if let error { fields["reason"] = .string(error.description) }
        publish("hub", fields)
    }
}

/// What `/metrics` counts.
struct HubCounters: Sendable {
    var framesReceived: UInt64 = 0
    var framesUnreadable: UInt64 = 0
    var framesRefused: UInt64 = 0
    var framesDropped: UInt64 = 0
    var greetingsDeferred: UInt64 = 0
    /// Refusals that a link told of, which tells of one a minute for each device.
    var sessionsRefused: UInt64 = 0
    var bytesReceived: UInt64 = 0
    var bytesSent: UInt64 = 0
    var commits: UInt64 = 0
    var commitsFailed: UInt64 = 0
    var logRows: UInt64 = 0
}
