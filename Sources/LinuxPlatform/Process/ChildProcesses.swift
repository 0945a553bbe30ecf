import CEdgeShims
import Glibc
public import Platform

/// Children of this process, in sessions of their own, so that they outlive it.
public struct ChildProcesses: Sendable {
    public init() {}

    /// Starts a child. It gets this environment and a PATH, and of our descriptors only `handed`,
    /// which is its number 3.
    public func start(
        _ command: ProcessCommand, handing handed: Int32? = nil
    ) throws(ProcessError) -> ProcessIdentity {
        guard let program = command.arguments.first else {
            throw ProcessError("the command is empty; give at least a program")
        }
        let log = open(command.logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard log >= 0 else {
            throw ProcessError("cannot open \(command.logPath): \(Self.message(errno))")
        }
        defer { close(log) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // First, as any of the next ones may be what it is called now.
        if let handed { posix_spawn_file_actions_adddup2(&actions, handed, 3) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, log, 1)
        posix_spawn_file_actions_adddup2(&actions, log, 2)
        // Not every library marks its descriptors: a listener that a child holds keeps its port.
        edge_spawn_close_from(&actions, handed == nil ? 3 : 4)
        if let directory = command.workingDirectory {
            edge_spawn_change_directory(&actions, directory)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A new session: no terminal, no signals of ours. Default dispositions and an empty mask,
        // as the agent ignores SIGPIPE and blocks others.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        let flags = Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        posix_spawnattr_setflags(&attributes, flags | edge_spawn_new_session())
        var environment = command.environment
        environment["PATH"] = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        let pairs = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        var pid: pid_t = 0
        let code = CStrings.with(command.arguments) { arguments in
            CStrings.with(pairs) { environment in
                posix_spawnp(&pid, program, &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else {
            let place = command.workingDirectory.map { " in " + $0 } ?? ""
            throw ProcessError("cannot run \(program)\(place): \(Self.message(code))")
        }
        return ProcessIdentity(pid: pid, startTicks: ProcessTable.startTicks(pid) ?? 0)
    }

    /// The exit of a child, once, nil while it runs; `unknown` for what is none or was told.
    public func poll(_ identity: ProcessIdentity) -> ProcessExit? {
        var status: Int32 = 0
        let pid = waitpid(identity.pid, &status, WNOHANG)
        if pid == identity.pid {
            // waitpid(2): WIFSIGNALED and its kin are macros that Swift does not import.
            let signal = status & 0x7F
            return signal == 0 ? .code(status >> 8 & 0xFF) : .signal(signal)
        }
        if pid == 0 { return nil }
        // It is gone once its id is free or somebody else's.
        return ProcessTable.isAlive(identity) ? nil : .unknown
    }

    /// Signals a child's process group.
    public func signal(_ identity: ProcessIdentity, _ signal: Int32) {
        guard ProcessTable.isAlive(identity) else { return }
        kill(-identity.pid, signal)
    }

    static func message(_ code: Int32) -> String { String(cString: strerror(code)) }
}

/// A null-terminated array of C strings for the duration of a call.
enum CStrings {
    static func with<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers = strings.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else {
                preconditionFailure("the array holds at least its terminator")
            }
            return body(base)
        }
    }
}
