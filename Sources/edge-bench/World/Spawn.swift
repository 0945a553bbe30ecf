import Foundation

/// Starts programs with posix_spawn(3): Foundation's `Process` cannot give a child its own process
/// group, and only a group can be ended together with what the child started.
enum Spawn {
    /// Where a child's standard streams go; nil is /dev/null.
    struct Streams {
        var input: Int32?
        var output: Int32?
        var error: Int32?
    }

    /// Starts `executable` as the leader of a new process group, with every signal at its default
    /// and exactly the environment given.
    static func start(
        _ executable: String, _ arguments: [String], environment: [String: String],
        streams: Streams
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (target, source) in [(0, streams.input), (1, streams.output), (2, streams.error)] {
            if let source {
                posix_spawn_file_actions_adddup2(&actions, source, Int32(target))
            } else {
                let mode = target == 0 ? O_RDONLY : O_WRONLY
                posix_spawn_file_actions_addopen(&actions, Int32(target), "/dev/null", mode, 0)
            }
        }
        // This program ignores SIGINT and SIGPIPE; an ignored signal would be inherited.
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags =
            Int32(POSIX_SPAWN_SETPGROUP) | Int32(POSIX_SPAWN_SETSIGDEF)
            | Int32(POSIX_SPAWN_SETSIGMASK)
        posix_spawnattr_setflags(&attributes, Int16(flags))
        let words = ([executable] + arguments).map { strdup($0) }
        let variables = environment.map { strdup("\($0.key)=\($0.value)") }
        defer { for text in words + variables { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(
            &pid, executable, &actions, &attributes, words + [nil], variables + [nil])
        guard code == 0 else {
            throw BenchFailure("cannot start \(executable): \(String(cString: strerror(code)))")
        }
        return pid
    }

    /// The program's path: as given when it has a slash, else the first match on PATH and in the
    /// folders of system programs, which an ordinary user's PATH lacks.
    static func locate(_ program: String) throws -> String {
        if program.contains("/") { return program }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        for folder in path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"] {
            let candidate = folder + "/" + program
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw BenchFailure(
            "\(program) is not installed; install it (Debian: mosquitto, mosquitto-clients, "
                + "util-linux, e2fsprogs, binutils, libfaketime) and run again")
    }
}
