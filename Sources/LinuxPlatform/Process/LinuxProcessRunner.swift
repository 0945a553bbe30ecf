import CEdgeShims
import Glibc
public import Platform

/// Plain processes in sessions of their own, so that they outlive the agent.
public struct LinuxProcessRunner: ProcessRunner {
    /// Marks our processes: the agent finds them again by it in /proc/PID/environ.
    static let tagVariable = "EDGE_WORKLOAD"

    /// Told apart from other agents' on one machine.
    private let owner: String

    /// - Parameter owner: One per agent, such as its state directory.
    public init(owner: String) { self.owner = owner }

    public func start(
        _ command: ProcessCommand, tag: String
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
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, log, 1)
        posix_spawn_file_actions_adddup2(&actions, log, 2)
        // Not every library marks its descriptors: a listener that a child holds keeps its port.
        edge_spawn_close_from(&actions, 3)
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
        environment[Self.tagVariable] = "\(owner):\(tag)"
        let pairs = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        var pid: pid_t = 0
        let code = CStrings.with(command.arguments) { arguments in
            CStrings.with(pairs) { environment in
                posix_spawnp(&pid, program, &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else {
            throw ProcessError("cannot run \(program): \(Self.message(code))")
        }
        return ProcessIdentity(pid: pid, startTicks: Self.startTicks(pid) ?? 0)
    }

    public func running() -> [String: ProcessIdentity] {
        var found: [String: ProcessIdentity] = [:]
        for name in LinuxFileSystem().list("/proc") {
            guard let pid = Int32(name), let tag = tag(of: pid),
                let ticks = Self.startTicks(pid), Self.isSessionLeader(pid)
            else { continue }
            found[tag] = ProcessIdentity(pid: pid, startTicks: ticks)
        }
        return found
    }

    public func poll(_ identity: ProcessIdentity) -> ProcessExit? {
        var status: Int32 = 0
        let pid = waitpid(identity.pid, &status, WNOHANG)
        if pid == identity.pid {
            // waitpid(2): WIFSIGNALED and its kin are macros that Swift does not import.
            let signal = status & 0x7F
            return signal == 0 ? .code(status >> 8 & 0xFF) : .signal(signal)
        }
        if pid == 0 { return nil }
        // Not a child: adopted. It is gone once its id is free or somebody else's.
        return Self.startTicks(identity.pid) == identity.startTicks ? nil : .unknown
    }

    public func signal(_ identity: ProcessIdentity, _ signal: Int32) {
        guard Self.startTicks(identity.pid) == identity.startTicks else { return }
        kill(-identity.pid, signal)
    }

    private func tag(of pid: Int32) -> String? {
        // Environments of other users' processes cannot be read, and those are not ours.
        guard let bytes = try? LinuxFileSystem().read("/proc/\(pid)/environ", maximumBytes: 1 << 20)
        else { return nil }
        let prefix = Array("\(Self.tagVariable)=\(owner):".utf8)
        for entry in bytes.split(separator: 0) where entry.starts(with: prefix) {
            return String(decoding: entry.dropFirst(prefix.count), as: UTF8.self)
        }
        return nil
    }

    /// A workload's children carry its tag as well; its first process leads the session.
    private static func isSessionLeader(_ pid: Int32) -> Bool { getsid(pid) == pid }

    /// proc(5): the process's name, in parentheses, may hold anything, so fields count from its
    /// last one. A zombie has exited and only waits to be reaped.
    private static func startTicks(_ pid: Int32) -> UInt64? {
        guard let text = LinuxFileSystem.text("/proc/\(pid)/stat"),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[end...].dropFirst(2).split(separator: " ")
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return UInt64(fields[19])
    }

    private static func message(_ code: Int32) -> String { String(cString: strerror(code)) }
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
