/// What to run: an absolute program path or a name on PATH, its arguments and environment.
public struct ProcessCommand: Sendable, Hashable {
    public let arguments: [String]
    public let environment: [String: String]
    public let workingDirectory: String?
    /// Standard output and error are appended here.
    public let logPath: String
    /// The control group that it joins before it runs; nil for the agent's own.
    public let group: String?

    public init(
        arguments: [String], environment: [String: String], workingDirectory: String?,
        logPath: String, group: String? = nil
    ) {
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.logPath = logPath
        self.group = group
    }
}

/// A process, by its id and its start time: ids are used again, the pair is not.
public struct ProcessIdentity: Sendable, Hashable {
    public let pid: Int32
    /// Clock ticks after boot (proc(5), field 22 of /proc/PID/stat).
    public let startTicks: UInt64

    public init(pid: Int32, startTicks: UInt64) {
        self.pid = pid
        self.startTicks = startTicks
    }
}

public enum ProcessExit: Sendable, Hashable {
    case code(Int32)
    case signal(Int32)
    /// Nobody is left who saw it, as whoever waited for it was killed as well.
    case unknown
}

public struct ProcessError: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}

/// A process of ours that ended, and how.
public struct EndedProcess: Sendable, Hashable {
    public let tag: String
    public let identity: ProcessIdentity
    public let exit: ProcessExit

    public init(tag: String, identity: ProcessIdentity, exit: ProcessExit) {
        self.tag = tag
        self.identity = identity
        self.exit = exit
    }
}

/// The seam to processes. A process outlives the agent that started it and is found again by its
/// tag, so that an agent restart restarts nothing; how it ended is kept until it is forgotten, so
/// that no crash of the agent loses it.
public protocol ProcessRunner: Sendable {
    /// Starts a process that carries `tag`.
    func start(_ command: ProcessCommand, tag: String) throws(ProcessError) -> ProcessIdentity
    /// Processes of ours that run, by tag.
    func running() -> [String: ProcessIdentity]
    /// Processes of ours that ended since this start of the machine and were not forgotten, the
    /// oldest first.
    func ended() -> [EndedProcess]
    /// The exit of a process, nil while it runs; told again until it is forgotten.
    func poll(_ identity: ProcessIdentity) -> ProcessExit?
    /// What is known of a process that ended was taken for good.
    func forget(_ identity: ProcessIdentity)
    /// Signals the process and what it started.
    func signal(_ identity: ProcessIdentity, _ signal: Int32)
}
