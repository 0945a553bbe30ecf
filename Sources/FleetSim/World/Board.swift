import EdgeAgent
import Platform
import SQLiteStore
import Simulator
import SyncProtocol

/// A simulated board: its machine, which stays, and the real agent on it, which comes and goes.
final class Board: Replica, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    /// Whom it speaks for.
    let device: String
    /// The machine: a card's copy in a second machine speaks for the same device.
    let station: String
    let timekeeper: SimTimekeeper
    let broker: SimBroker
    /// Errors that the agent told of, which no simulated fault excuses.
    private(set) var complaints: [String] = []
    private(set) var openings = 0
    private(set) var hasEnded = true
    private var backup: Backup?

    private unowned let site: Site
    private let files: SimFileSystem
    private let processes: SimProcesses
    private let entropy: SimEntropy
    private let look: Look<AgentStore>
    private var life = 0
    private var losesPower = false
    private var isOver = false
    private var fuse: SimFuse?
    private var control = SimControl()
    /// Close the streams of the agent that runs.
    private var closers: [() -> Void] = []

    init(device: String, station: String, in site: Site) {
        self.device = device
        self.station = station
        self.site = site
        let world = site.world
        timekeeper = SimTimekeeper(world: world, wall: Site.forgotten)
        broker = SimBroker(world: world)
        files = SimFileSystem(world: world)
        processes = SimProcesses(world: world, fileSystem: files) { command in
            guard command.arguments.first == "/bin/pump" else { return nil }
            var program = SimProgram(lifetime: command.arguments.count > 1 ? 3000 : nil)
            program.exit = .code(1)
            program.output = "pump runs\n"
            return program
        }
        entropy = SimEntropy(seed: world.random.next())
        look = Look(site.disks, name: station)
    }

    /// A board with a workload looks after it each second; nothing that is checked is that quick.
    private static let slack: Milliseconds = 4000

    var isRunning: Bool { fuse.map { !$0.isBurnt } ?? false }
    var folder: String { "/\(station)/\(life)" }
    var devices: [String] { [device] }
    var clockAhead: Milliseconds {
        Milliseconds(timekeeper.now().wall.milliseconds - site.trueTime.milliseconds)
    }

    // MARK: Life

    /// Starts the agent, unless it runs; later, where the one before has not come to its end.
    func start() {
        guard !isRunning, !isOver else { return }
        guard hasEnded else {
            return site.world.after(500) { [weak self] in self?.start() }
        }
        do {
            try launch()
        } catch {
            // Its service manager tries again; a disk that is full stays so for a while.
            for close in closers { close() }
            (fuse, hasEnded) = (nil, true)
            if !site.disks.isFull(folder) { complaints.append("start: \(station): \(error)") }
            site.world.after(10_000) { [weak self] in self?.start() }
        }
    }

    private func launch() throws {
        let world = site.world
        let fuse = SimFuse()
        fuse.onBurn { [unowned self] in died() }
        let control = SimControl()
        let timer = SimWakeTimer(
            world: world, timekeeper: timekeeper, fuse: fuse, slack: Self.slack)
        let configuration = configuration
        let bus = broker.connect(subscriptions: Agent.subscriptions(configuration), fuse: fuse)
        let link = site.network.link(for: device, station: station, fuse: fuse)
        fuse.onBurn {
            control.close()
            timer.close()
        }
        closers = [
            { control.close() }, { timer.close() }, { bus.close() }, { link.close() },
        ]
        site.disks.onWrite(folder) { fuse.passes() }
        self.fuse = fuse
        self.control = control
        openings += 1
        hasEnded = false
        var outside = AgentWorld(
            timekeeper: timekeeper, entropy: entropy,
            fileSystem: BoardFiles(files, site.disks, folder: folder),
            processes: processes.runner(fuse: fuse),
            timer: timer, control: control, bus: bus, link: link, executor: world.executor,
            report: { [unowned self] line in
                guard !fuse.isBurnt else { return }
                world.note("\(station) \(line)")
                note(line)
            })
        outside.vfs = site.disks.vfs
        let agent = try Agent(
            world: outside, configuration: configuration, version: Release.version,
            floor: Release.date)
        world.spawn { [self] in
            #if EDGE_MUTANTS
                if let mutant = site.plan.agentMutant { await agent.mutate(mutant) }
            #endif
            await agent.run()
            ended(fuse)
        }
    }

    private var configuration: AgentConfiguration {
        var configuration = AgentConfiguration.defaults(hostName: device)
        configuration.state.directory = folder
        configuration.uplink.frameBytesMax = site.plan.isNarrow ? 1024 : 32 << 10
        configuration.board.sampleInterval = 600_000
        return configuration
    }

    private func note(_ line: String) {
        if let trace = site.plan.trace {
            trace("\(site.world.now.milliseconds) \(station) \(line)")
        }
        guard line.hasPrefix("error"), !site.disks.isFull(folder), !line.contains("disk is full")
        else { return }
        complaints.append("complaint: \(station): \(line)")
    }

    /// The agent's process is killed at one of its next calls to the outside or to its disk.
    func crash(afterCalls calls: Int, losesPower: Bool) {
        self.losesPower = losesPower
        if calls == 0 { fuse?.burn() } else { fuse?.arm(calls: calls) }
    }

    /// Nothing more happens to the process that runs.
    func spare() { fuse?.disarm() }

    /// The agent is told to end, commits, and does; its service manager starts it again.
    func restart() {
        guard isRunning else { return }
        for close in closers { close() }
        site.world.after(3000) { [weak self] in self?.start() }
    }

    func end() {
        isOver = true
        fuse?.burn()
        look.close()
    }

    private func ended(_ fuse: SimFuse) {
        hasEnded = true
        guard !fuse.isBurnt else { return }
        self.fuse = nil
        succeed()
    }

    /// The disk as it is at this instant is what the next life finds.
    private func died() {
        site.world.note("\(station) died")
        succeed()
        guard !isOver else { return }
        site.world.after(site.world.random.span(500, 20_000)) { [weak self] in self?.start() }
    }

    private func succeed() {
        let before = folder
        life += 1
        var chance = losesPower ? SimRandom(seed: site.world.random.next()) : nil
        site.disks.copy(before, to: folder, losing: &chance)
        site.disks.remove(before)
        if losesPower {
            processes.losePower()
            files.losePower()
            timekeeper.reboot(wall: Site.forgotten)
        }
        losesPower = false
        guard !isOver else { return }
        do { try noteWritten() } catch { complaints.append("\(station): \(error)") }
    }

    // MARK: Faults

    func setFull(_ isFull: Bool) { site.disks.setFull(folder, isFull) }

    func takeBackup() {
        let folder = "/backup/\(station)"
        site.disks.copy(self.folder, to: folder)
        backup = Backup([device], folder: folder) { [unowned self] _, folder in
            try read(folder)
        }
    }

    /// The card is replaced by a copy that was taken earlier.
    func restore() throws {
        guard let backup else { return }
        crash(afterCalls: 0, losesPower: false)
        try noteWritten()
        try site.noteLoss(of: self, leaving: backup)
        let known = try site.hub.holding(device).context
        let isBehind = try backup.holding(device).context.sorted.contains {
            $0.epoch.role == .device && $0.counter < known[$0.epoch]
        }
        site.ledger.boardsRestored.insert(device)
        site.ledger.forget("hub_reset_detected", of: device)
        if isBehind {
            let event = "restore_detected"
            site.ledger.expect(event, of: device, after: site.count(event, of: device))
        }
        site.disks.copy(backup.folder, to: folder)
    }

    /// Cells vanish from the database.
    func lose(_ cells: [Cell]) throws {
        crash(afterCalls: 0, losesPower: false)
        setFull(false)
        var options = AgentStore.Options()
        options.connection.vfs = site.disks.vfs
        let store = try AgentStore(
            path: folder + "/agent.db", device: device,
            epoch: Epoch(random: site.world.random.next(), role: .device), options: options)
        for cell in cells { try store.document.remove(cell) }
    }

    // MARK: Words

    /// A tool on the board asks; `then` hears the answer where the agent lives to give it.
    func ask(_ operation: String, _ path: String, _ value: Value?, then: @escaping (Value) -> Void)
    {
        guard let fuse, isRunning else { return }
        var fields: [(String, Value)] = [("op", .string(operation)), ("path", .string(path))]
        if let value { fields.append(("value", value)) }
        let answer = Answer(then)
        control.ask(.object(fields)) { reply in
            guard !fuse.isBurnt else { return }
            answer.then(reply)
        }
    }

    private struct Answer: @unchecked Sendable {
        // @unchecked: called by the thread that runs the world.
        let then: (Value) -> Void

        init(_ then: @escaping (Value) -> Void) { self.then = then }
    }

    // MARK: A look at the disk

    /// What the store holds now, from a copy: looking must not change what is looked at.
    func inspect<Result>(
        _ folder: String? = nil, _ body: (AgentStore) throws -> Result
    ) throws -> Result {
        var options = AgentStore.Options()
        options.connection.vfs = site.disks.vfs
        return try body(
            look.store(in: folder ?? self.folder) { folder in
                try AgentStore(
                    path: folder + "/agent.db", device: device,
                    epoch: Epoch(random: 0, role: .device), options: options)
            })
    }

    func holding(_ device: String) throws -> Holding { try read(folder) }

    func shows(_ device: String, _ path: TwinPath, _ value: Value) throws -> Bool {
        try inspect { try $0.document.cells(at: path) }.contains { $0.value == value }
    }

    private func read(_ folder: String) throws -> Holding {
        try inspect(folder) { store in
            var holding = Holding(
                cells: try store.document.cells(), context: try store.document.causalContext())
            for stream in store.outbox.streams.values {
                holding.sequences[stream.sequence] = stream.last
                var next = stream.trimmed + 1
                while next <= stream.last,
                    let batch = try store.outbox.batch(stream.sequence, from: next, bytes: 1 << 30)
                {
                    for case .row(let row) in batch.items {
                        if let number = row.value["n"]?.intValue {
                            holding.messages.insert(number)
                        }
                    }
                    next = batch.last + 1
                }
            }
            return holding
        }
    }

    /// Takes note of how far each sequence has come.
    func noteWritten() throws {
        let streams = try inspect { $0.outbox.streams }
        for (sequence, stream) in streams {
            site.ledger.written(device, sequence, stream.last)
        }
    }
}
