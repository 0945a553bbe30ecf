import Foundation

/// How a process ended.
enum ProcessEnd: Equatable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)

    /// From the status of waitpid(2).
    init(status: Int32) {
        let low = status & 0x7f
        self = low == 0 ? .code((status >> 8) & 0xff) : .signal(low)
    }

    var description: String {
        switch self {
        case .code(let code): "exit \(code)"
        case .signal(let number): "signal \(number)"
        }
    }
}

/// A child in its own process group, with its output in files, that never outlives this program.
final class ManagedProcess {
    let name: String
    let pid: pid_t
    /// Standard output and standard error, each from this start on.
    let outputPath: String
    let errorPath: String
    private var ended: ProcessEnd?

    /// Starts a program. `input` is inherited as standard input and stays the caller's to close.
    init(
        _ name: String, _ executable: String, _ arguments: [String],
        environment: [String: String] = [:], input: Int32? = nil, logs: String
    ) throws {
        self.name = name
        let stem = "\(logs)/\(name)"
        outputPath = stem + ".out"
        errorPath = stem + ".err"
        let output = try Self.open(outputPath, truncate: true)
        defer { close(output) }
        // Errors of earlier starts of the same part are kept: they explain a later failure.
        let error = try Self.open(errorPath, truncate: false)
        defer { close(error) }
        pid = try Spawn.start(
            try Spawn.locate(executable), arguments,
            environment: Self.environment(adding: environment),
            streams: .init(input: input, output: output, error: error))
        Cleanup.add(group: pid)
    }

    deinit {
        if ended == nil { kill() }
    }

    /// Our own environment without what would steer the parts, the mark of this run, and `extra`.
    static func environment(adding extra: [String: String]) -> [String: String] {
        var all = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FLEET_") }
        all[Cleanup.variable] = Cleanup.token
        return all.merging(extra) { $1 }
    }

    private static func open(_ path: String, truncate: Bool) throws -> Int32 {
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (truncate ? O_TRUNC : O_APPEND)
        let descriptor = Glibc.open(path, flags, 0o600)
        guard descriptor >= 0 else {
            throw BenchFailure("cannot write \(path): \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    /// How it ended, nil while it runs.
    func end() -> ProcessEnd? {
        if let ended { return ended }
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        return finish(status)
    }

    /// SIGKILL to the whole group, as a power cut would do it. Returns once it is gone.
    func kill() {
        guard end() == nil else { return }
        Glibc.kill(-pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        _ = finish(status)
    }

    /// SIGTERM, and SIGKILL where that is not obeyed in time.
    func stop(within limit: Duration = .seconds(10)) async {
        guard end() == nil else { return }
        Glibc.kill(pid, SIGTERM)
        let deadline = ContinuousClock.now + limit
        while end() == nil, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        kill()
    }

    private func finish(_ status: Int32) -> ProcessEnd {
        Cleanup.remove(group: pid)
        let result = ProcessEnd(status: status)
        ended = result
        return result
    }

    /// The first whole line of standard output with `prefix`.
    func outputLine(prefix: String) -> String? {
        let text = Files.text(outputPath)
        guard let last = text.lastIndex(of: "\n") else { return nil }
        return text[..<last].split(separator: "\n").map(String.init)
            .first { $0.hasPrefix(prefix) }
    }

    /// Waits for a line of standard output.
    /// - Throws: `BenchFailure` with the ends of both logs on time-out or when the process ends.
    @discardableResult
    func waitForLine(prefix: String, within limit: Duration = .seconds(20)) async throws -> String {
        try await eventually("\(name) to print \"\(prefix)…\"", within: limit, logs: logPaths) {
            if let line = outputLine(prefix: prefix) { return line }
            if let end = end() {
                throw BenchFailure("\(name) ended (\(end)) before it printed \"\(prefix)…\"")
            }
            return nil
        }
    }

    var logPaths: [String] { [outputPath, errorPath] }
}
