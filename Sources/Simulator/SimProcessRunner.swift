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

/// A machine's processes. They outlive the agent that started them.
public final class SimProcessRunner: ProcessRunner, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    private static let kill: Int32 = 9
    private static let terminate: Int32 = 15
    /// Ticks a second of proc(5)'s start times.
    private static let millisecondsPerTick: Int64 = 10

    private struct Process {
        let tag: String
        let program: SimProgram
        var exit: ProcessExit?
        /// A child of the agent that runs now, which alone learns how it ended.
        var isChild = true
    }

    private let world: SimWorld
    private let fileSystem: SimFileSystem
    private let program: (ProcessCommand) -> SimProgram?
    private var processes: [ProcessIdentity: Process] = [:]
    private var lastPID: Int32 = 100
    /// How many processes were started.
    public private(set) var started = 0

    /// - Parameter program: What a command does; nil where there is no such program.
    public init(
        world: SimWorld, fileSystem: SimFileSystem,
        program: @escaping (ProcessCommand) -> SimProgram?
    ) {
        self.world = world
        self.fileSystem = fileSystem
        self.program = program
    }

    /// The agent ended and another will run: processes go on, and are nobody's children.
    public func orphanAll() {
        for (identity, process) in processes {
            // An ended child goes with its parent.
            processes[identity]?.isChild = false
            if process.exit != nil { processes[identity] = nil }
        }
    }

    /// The machine stops, and with it every process.
    public func losePower() { processes = [:] }

    public func start(
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

    public func running() -> [String: ProcessIdentity] {
        let alive = processes.filter { $0.value.exit == nil }
            .sorted { $0.key.pid < $1.key.pid }
            .map { ($0.value.tag, $0.key) }
        return Dictionary(alive, uniquingKeysWith: { _, last in last })
    }

    public func poll(_ identity: ProcessIdentity) -> ProcessExit? {
        guard let process = processes[identity] else { return .unknown }
        guard let exit = process.exit else { return nil }
        processes[identity] = nil
        return process.isChild ? exit : .unknown
    }

    public func signal(_ identity: ProcessIdentity, _ signal: Int32) {
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
