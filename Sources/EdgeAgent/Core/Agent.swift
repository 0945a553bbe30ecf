import DeviceDrivers
public import Platform
import PowerManager
public import SQLiteStore
import SyncProtocol

/// A board's agent: one actor on one thread, which owns the store and the values that decide.
///
/// Events come in from the bus, the link, the control socket and the timer. What they cause is
/// staged, committed in groups, and only then acknowledged to the local broker and sent to the
/// hub.
public actor Agent {
    nonisolated public var unownedExecutor: UnownedSerialExecutor {
        world.executor.asUnownedSerialExecutor()
    }

    nonisolated let world: AgentWorld
    nonisolated let configuration: AgentConfiguration
    nonisolated let version: String

    var store: AgentStore
    let opener: StoreOpener
    let started: ClockReading
    private let origin: StoreOpener.Origin

    var stage = Stage()
    var schedule: CommitSchedule
    var clock: ClockTracker
    var isStoreFailing = false

    var bridge: MQTTDeviceBridge
    var bus = BusState()
    var announcer: BoardAnnouncer
    var complaints = EventLimiter()
    var rules = RuleEngine()
    /// The rules that are the twin's; the others are the file's.
    var twinRules: Set<String> = []
    /// When each device was written as heard. At most as many as the bridge knows.
    var lastHeard: [String: MonotonicTime] = [:]

    /// The board's own chips and sensors.
    var poller = DevicePoller()
    var pins = PinPanel()
    var declared = DeclaredDevices()

    /// The sync of this board's own document.
    var sync: DeviceReplica
    var feeder: LogFeeder
    /// The opening of the hub's store that the staged acknowledgements came from.
    var acknowledging: Epoch?
    var budget: ByteBudget
    var uplink = UplinkState()

    var supervisor = WorkloadSupervisor()
    var outputs: [String: WorkloadOutput] = [:]
    var workloadsDue: MonotonicTime?

    var power = PowerDesk()
    var sampler: BoardSampler
    var reporter: BoardReporter
    /// Why the last renewal led to nothing, where it has been told.
    var renewalFailure: String?
    var sampleDue: MonotonicTime
    var upkeepDue: MonotonicTime
    var checkDue: MonotonicTime?
    var copyDue: MonotonicTime
    var wishesDue: MonotonicTime?
    var commands = DeviceCommands()
    /// Of workloads that may run on one board only, by name.
    var leases: [String: HeldLease] = [:]
    /// When the last frame that the hub answered was sent, in this run.
    var answered: MonotonicTime?
    var trimDue: MonotonicTime?
    /// Processes whose end is staged and not yet durable.
    var takenExits: [ProcessIdentity] = []

    #if EDGE_MUTANTS
        var mutant: Mutant?
        var mutantFrames: [(sequence: LogSequence?, upto: UInt64)] = []
    #endif

    /// Opens the store. Nothing is asked of any network.
    public init(
        world: AgentWorld, configuration: AgentConfiguration, version: String, floor: WallTime
    ) throws(SQLiteError) {
        self.world = world
        self.configuration = configuration
        self.version = version
        started = world.timekeeper.now()
        let now = started.monotonic
        var options = AgentStore.Options()
        options.bytesMaximum = Int64(configuration.state.logBytesMax)
        options.ageMaximum = configuration.state.logAgeMax
        options.connection.vfs = world.vfs
        options.connection.pageSize = 1024
        opener = StoreOpener(
            fileSystem: world.fileSystem, directory: configuration.state.directory,
            device: configuration.device.id, options: options)
        let epoch = Epoch(random: world.entropy.next(), role: .device)
        let (store, origin) = try opener.open(epoch: epoch, now: started.wall)
        self.store = store
        let known = try store.clockFloor() ?? floor
        clock = ClockTracker(boot: world.timekeeper.bootID, floor: max(floor, known))
        schedule = CommitSchedule(
            settings: CommitSchedule.Settings(
                event: configuration.state.commitEvent,
                telemetry: configuration.state.commitTelemetry))
        bridge = MQTTDeviceBridge(settings: Agent.deviceSettings(configuration))
        announcer = Agent.announcer(configuration, version: version)
        var session = DeviceSession.Settings()
        session.timeout = configuration.uplink.ackTimeout
        sync = DeviceReplica(
            session: DeviceSession(
                settings: session, entropy: world.entropy, confirmed: try store.confirmed(),
                reference: try store.hubReference()),
            codec: FrameCodec(compressor: world.compressor), epoch: epoch,
            frameBytes: configuration.uplink.frameBytesMax)
        var feed = LogFeeder.Settings()
        feed.framesInFlight = configuration.uplink.framesInFlightMax
        feed.timeout = configuration.uplink.ackTimeout
        feeder = LogFeeder(settings: feed)
        let daily = configuration.uplink.dailyBytesMax
        budget = ByteBudget(daily: daily > 0 ? Int64(daily) : nil)
        sampler = BoardSampler(
            fileSystem: world.fileSystem, stateDirectory: configuration.state.directory)
        reporter = BoardReporter(
            settings: BoardReportSettings(reportInterval: configuration.board.reportInterval))
        sampleDue = now
        upkeepDue = now + Agent.upkeepInterval
        // The check reads the whole file; being there comes first.
        checkDue = store.wasUnclean ? now + 5000 : nil
        trimDue = now + 10_000
        copyDue = now + Agent.firstCopyAfter
        self.origin = origin
    }

    /// How often bounds on the log are looked at, beside every commit of a nearly full one.
    static let upkeepInterval: Milliseconds = 60_000
    /// The last good copy of the twin: soon after a start, then daily.
    static let firstCopyAfter: Milliseconds = 600_000
    static let copyInterval: Milliseconds = 86_400_000

    /// Serves until the task is cancelled; then commits and closes the store.
    public func run() async {
        begin()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.serveTimer() }
            group.addTask { await self.serveControl() }
            if let devices = world.devices { group.addTask { await self.serve(devices) } }
            if let gpio = world.gpio { group.addTask { await self.serve(gpio) } }
            if let bus = world.bus { group.addTask { await self.serve(bus) } }
            if let link = world.link { group.addTask { await self.serve(link) } }
            await group.waitForAll()
        }
        close()
    }

    private func serveTimer() async {
        wake()
        for await _ in world.timer.wakes { wake() }
    }

    private func serveControl() async {
        for await call in world.control.calls {
            call.reply(answer(call.request))
            settle()
        }
    }

    private func serve(_ bus: any MessageBus) async {
        for await event in bus.events {
            handle(event)
            settle()
        }
    }

    private func serve(_ devices: any DeviceAccess) async {
        for await answer in devices.answers {
            perform(poller.onAnswer(answer, now))
            settle()
        }
    }

    private func serve(_ gpio: any GPIO) async {
        for await event in gpio.events {
            perform(pins.onEvent(event, at: now))
            settle()
        }
    }

    private func serve(_ link: any Link) async {
        for await event in link.events {
            handle(event)
            settle()
        }
    }

    /// The first rows of this run, and what the store remembers.
    private func begin() {
        if let change = clock.observe(started) { stage.clock = change.clock }
        noteOrigin(origin)
        event(
            "agent.started",
            [
                ("version", .string(version)), ("epoch", .string(store.epoch.text)),
                ("clean", .bool(!store.wasUnclean)), ("clock", .string(clock.qualityText)),
            ])
        introduce()
        offerRows()
        perform(
            supervisor.adopt(
                world.processes.running(), ended: world.processes.ended(), at: now))
        recallWorkloads()
        recallDevices()
        beginPower()
        reconcile()
        forgetRules()
        settle()
    }

    /// What the hub selects boards by.
    private func introduce() {
        guard let path = try? TwinPath("reported/agent") else { return }
        let labels = configuration.device.labels.map { ($0.key, Value.string($0.value)) }
        write(
            path, .object([("labels", .object(labels)), ("version", .string(version))]), .event)
    }

    private func close() {
        closePins()
        endPower()
        commit()
        try? store.close()
    }

    var now: MonotonicTime { world.timekeeper.now().monotonic }

    /// Time has passed.
    private func wake() {
        let reading = world.timekeeper.now()
        let now = reading.monotonic
        observe(reading)
        if now >= sampleDue { sampleBoard(now) }
        if let due = workloadsDue, now >= due { tendWorkloads(now) }
        if let due = poller.deadline, now >= due { perform(poller.onTick(now)) }
        if let due = pins.deadline, now >= due { perform(pins.onTick(now)) }
        carryOut(sync.onTick(store, now))
        feeder.onTick(now)
        if let due = commands.deadline, now >= due {
            expireCommands(now)
        }
        if let due = rules.deadline, now >= due { perform(rules.onTick(now)) }
        if let due = wishesDue, now >= due { reconcile() }
        if let due = leaseDue, now >= due { reconcile() }
        if let due = power.board?.policy.wish?.until, now >= due { tendPower(now) }
        if let due = checkDue, now >= due { checkStore() }
        if now >= copyDue { copyStore(now) }
        if now >= upkeepDue { keepBounds(reading) }
        if let due = trimDue, now >= due {
            trimDue = nil
            world.trimMemory()
        }
        settle()
    }

    /// After every event: commit what is due, send what may be sent, and sleep until the next
    /// deadline.
    func settle() {
        #if EDGE_MUTANTS
            mutateBeforeCommit()
        #endif
        if stage.isFull { schedule.onRequested(at: now) }
        if let due = schedule.deadline, now >= due { commit() }
        feed()
        announce()
        let deadlines = [
            schedule.deadline, sync.session.deadline, feeder.deadline, workloadsDue, checkDue,
            trimDue,
            sampleDue, upkeepDue, copyDue, wishesDue, commands.deadline, rules.deadline,
            leaseDue,
            poller.deadline, pins.deadline, power.board?.policy.wish?.until,
        ]
        world.timer.set(deadlines.compactMap { $0 }.min())
    }
}
