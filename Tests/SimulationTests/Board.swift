import EdgeAgent
import Platform
import SQLiteStore
import Simulator
import SyncProtocol

/// A simulated board: its machine, which stays, and the real agent on it, which comes and goes.
final class Board: @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    let name: String
    let timekeeper: SimTimekeeper
    let broker: SimBroker
    let files: SimFileSystem
    let processes: SimProcesses
    /// The highest number that each sequence was seen to have, at the end of each life.
    private(set) var written: [LogSequence: UInt64] = [:]
    /// Errors that the agent told of, which no simulated fault excuses.
    private(set) var complaints: [String] = []
    private(set) var crashes = 0

    private unowned let site: Site
    private let entropy: SimEntropy
    private let frameBytes: Int
    private var disk = 0
    private var fuse: SimFuse?
    private var control = SimControl()
    /// Close the streams of the agent that runs.
    private var closers: [() -> Void] = []
    /// The code of the agent before, dead or told to end, has come to its end.
    private var hasEnded = true

    init(_ name: String, in site: Site, frameBytes: Int) {
        self.name = name
        self.site = site
        self.frameBytes = frameBytes
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
    }

    var isRunning: Bool { fuse.map { !$0.isBurnt } ?? false }
    private var folder: String { site.scratch.path + "/\(name)-\(disk)" }

    /// Starts the agent, unless it runs.
    func start() throws {
        guard !isRunning, hasEnded else { return }
        _ = try site.scratch.folder("\(name)-\(disk)")
        let world = site.world
        let fuse = SimFuse()
        fuse.onBurn { [unowned self] in died() }
        let control = SimControl()
        let timer = SimWakeTimer(world: world, timekeeper: timekeeper, fuse: fuse)
        var configuration = AgentConfiguration.defaults(hostName: name)
        configuration.state.directory = folder
        configuration.uplink.frameBytesMax = frameBytes
        let bus = broker.connect(subscriptions: Agent.subscriptions(configuration), fuse: fuse)
        let link = site.network.link(for: name, fuse: fuse)
        fuse.onBurn {
            control.close()
            timer.close()
        }
        closers = [
            { control.close() }, { timer.close() }, { bus.close() }, { link.close() },
        ]
        self.fuse = fuse
        self.control = control
        hasEnded = false
        let outside = AgentWorld(
            timekeeper: timekeeper, entropy: entropy, fileSystem: BoardFiles(files),
            processes: processes.runner(fuse: fuse), timer: timer, control: control,
            bus: site.mutant == .hastyBus ? HastyBus(bus) : bus, link: link,
            executor: world.executor,
            report: { [unowned self] line in
                guard !fuse.isBurnt else { return }
                world.note("\(name) \(line)")
                if line.hasPrefix("error") { complaints.append("\(name): \(line)") }
            })
        let agent = try Agent(
            world: outside, configuration: configuration, version: Release.version,
            floor: Release.date)
        Task(executorPreference: world.executor) { [self] in
            await agent.run()
            ended(fuse)
        }
    }

    /// The agent's process is killed now.
    func crash() { fuse?.burn() }

    /// The agent's process is killed at one of its next calls to the outside.
    func crash(afterCalls calls: Int) { fuse?.arm(calls: calls) }

    /// Nothing more happens to the process that runs.
    func spare() { fuse?.disarm() }

    /// The agent is told to end, commits, and does.
    func stop() {
        guard isRunning else { return }
        for close in closers { close() }
    }

    /// The machine loses its power: processes, unsynced files and the time of day are gone.
    func losePower() {
        crash()
        processes.losePower()
        files.losePower()
        timekeeper.reboot(wall: Site.forgotten)
    }

    /// A tool on the board sets a value.
    func set(_ path: String, _ value: Value) {
        let request = Value.object([
            ("op", .string("set")), ("path", .string(path)), ("value", value),
        ])
        control.ask(request) { _ in }
    }

    /// What the store holds now, from a copy: looking must not change what is looked at.
    func inspect<Result>(_ body: (AgentStore) throws -> Result) throws -> Result {
        let copy = try site.scratch.folder("look") + "/\(name).db"
        try Database.copy(folder + "/agent.db", to: copy)
        return try body(
            try AgentStore(path: copy, device: name, epoch: Epoch(random: 0, role: .device)))
    }

    /// The messages whose rows are in the store, acknowledged by a hub or not.
    func held() throws -> Set<Int64> {
        try inspect { store in
            var numbers: Set<Int64> = []
            for stream in store.outbox.streams.values where stream.trimmed < stream.last {
                var next = stream.trimmed + 1
                while let batch = try store.outbox.batch(
                    stream.sequence, from: next, bytes: 1 << 30)
                {
                    for case .row(let row) in batch.items {
                        if let number = row.value["n"]?.intValue { numbers.insert(number) }
                    }
                    next = batch.last + 1
                }
            }
            return numbers
        }
    }

    /// Takes note of how far each sequence has come.
    func noteWritten() throws {
        let streams = try inspect { $0.outbox.streams }
        for (sequence, stream) in streams {
            written[sequence] = max(written[sequence] ?? 0, stream.last)
        }
    }

    private func ended(_ fuse: SimFuse) {
        hasEnded = true
        guard !fuse.isBurnt else { return }
        self.fuse = nil
        do { try noteWritten() } catch { complaints.append("\(name): \(error)") }
    }

    /// The disk as it is at this instant is what the next life finds.
    private func died() {
        crashes += 1
        site.world.note("\(name) died")
        let before = folder
        do {
            try noteWritten()
            disk += 1
            let next = try site.scratch.folder("\(name)-\(disk)")
            try Database.copy(before + "/agent.db", to: next + "/agent.db")
        } catch {
            complaints.append("\(name): \(error)")
        }
    }
}
