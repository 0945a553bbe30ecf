public import Platform

/// What a simulated program does.
public struct SimProgram: Sendable {
    /// How long it runs by itself; nil for ever.
    public var lifetime: Milliseconds?
    /// How it then ends.
    public var exit = ProcessExit.code(0)
    /// How long it takes to end after SIGTERM; nil where it ignores it.
    public var grace: Milliseconds? = 0
    /// Written to its log at the start.
    public var output = ""

    /// A program that runs until it is told to end.
    public init(lifetime: Milliseconds? = nil) { self.lifetime = lifetime }
}

/// A machine's processes. They outlive the agent that started them; each run of the agent sees
/// them through a `SimProcessRunner` of its own.
public final class SimProcesses: @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    private static let kill: Int32 = 9
    private static let terminate: Int32 = 15
    /// proc(5) counts start times in hundredths of a second.
    private static let millisecondsPerTick: Int64 = 10

    private struct Process {
        let tag: String
        let program: SimProgram
        var exit: ProcessExit?
    }

    /// How many processes were started.
    public private(set) var started = 0

    private let world: SimWorld
    private let fileSystem: SimFileSystem
    private let program: (ProcessCommand) -> SimProgram?
    private var processes: [ProcessIdentity: Process] = [:]
    private var lastPID: Int32 = 100

    /// - Parameters:
    ///   - fileSystem: Takes what programs write.
    ///   - program: What a command does; nil where there is no such program.
    public init(
        world: SimWorld, fileSystem: SimFileSystem,
        program: @escaping (ProcessCommand) -> SimProgram?
    ) {
        self.world = world
        self.fileSystem = fileSystem
        self.program = program
    }

    /// The processes as one run of the agent sees them.
    ///
    /// - Parameter fuse: The life of the agent's process.
    public func runner(fuse: SimFuse = SimFuse()) -> SimProcessRunner {
        SimProcessRunner(processes: self, fuse: fuse)
    }

    /// The machine stops, and with it every process.
    public func losePower() { processes = [:] }

    func start(
        _ command: ProcessCommand, tag: String
    ) throws(ProcessError) -> ProcessIdentity {
        guard let name = command.arguments.first else {
            throw ProcessError("the command is empty; give at least a program")
        }
        guard let program = program(command) else {
            throw ProcessError("cannot run \(name): No such file or directory")
        }
        lastPID += 1
        started += 1
        let identity = ProcessIdentity(
            pid: lastPID, startTicks: UInt64(world.now.milliseconds / Self.millisecondsPerTick))
        processes[identity] = Process(tag: tag, program: program)
        world.note("started " + tag)
        if !program.output.isEmpty {
            fileSystem.append(command.logPath, Array(program.output.utf8))
        }
        if let lifetime = program.lifetime { end(identity, program.exit, after: lifetime) }
        return identity
    }

    func running() -> [String: ProcessIdentity] {
        let alive = processes.filter { $0.value.exit == nil }
            .sorted { $0.key.pid < $1.key.pid }
            .map { ($0.value.tag, $0.key) }
        return Dictionary(alive, uniquingKeysWith: { _, last in last })
    }

    func ended() -> [EndedProcess] {
        processes.sorted { $0.key.pid < $1.key.pid }.compactMap { identity, process in
            process.exit.map { EndedProcess(tag: process.tag, identity: identity, exit: $0) }
        }
    }

    func poll(_ identity: ProcessIdentity) -> ProcessExit? {
        guard let process = processes[identity] else { return .unknown }
        return process.exit
    }

    func forget(_ identity: ProcessIdentity) {
        if processes[identity]?.exit != nil { processes[identity] = nil }
    }

    func signal(_ identity: ProcessIdentity, _ signal: Int32) {
        guard let process = processes[identity], process.exit == nil else { return }
        switch signal {
        case Self.kill: end(identity, .signal(signal), after: 0)
        case Self.terminate:
            if let grace = process.program.grace { end(identity, .signal(signal), after: grace) }
        default: break
        }
    }

    private func end(_ identity: ProcessIdentity, _ exit: ProcessExit, after span: Milliseconds) {
        world.after(span) { [self] in
            guard processes[identity]?.exit == nil else { return }
            processes[identity]?.exit = exit
        }
    }
}
