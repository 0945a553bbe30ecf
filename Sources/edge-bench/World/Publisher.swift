import Foundation

/// One long-lived `mosquitto_pub -l -q 1`: each line given becomes one message of its topic, in
/// order, on one connection.
final class Publisher {
    let topic: String
    private let process: ManagedProcess
    /// The writing end of its standard input; nil once that is closed.
    private var input: Int32?
    /// Lines given so far, and their bytes without the line ends.
    private(set) var count = 0
    private(set) var bytes = 0

    init(_ name: String, topic: String, port: Int, logs: String) throws {
        self.topic = topic
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw BenchFailure("no pipe: errno \(errno)") }
        defer { close(ends[0]) }
        // Another child that held the writing end would keep the publisher alive.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        input = ends[1]
        process = try ManagedProcess(
            name, "mosquitto_pub",
            [
                "-h", "127.0.0.1", "-p", String(port), "-i", name, "-q", "1", "-l", "-k", "60",
                "-t", topic,
            ],
            input: ends[0], logs: logs)
    }

    deinit { closeInput() }

    /// Ends the input: the publisher leaves once the broker has confirmed every message.
    func closeInput() {
        if let input { close(input) }
        input = nil
    }

    /// True once it has left.
    /// - Throws: `BenchFailure` where it failed.
    func hasFinished() throws -> Bool {
        guard let end = process.end() else { return false }
        guard end == .code(0) else {
            throw BenchFailure("\(process.name) ended by \(end)" + Files.tails(process.logPaths))
        }
        return true
    }

    /// Publishes one message; the payload holds no line end.
    func publish(_ payload: String) throws {
        guard let input else { throw BenchFailure("\(process.name) has been finished") }
        var line = Array(payload.utf8)
        line.append(UInt8(ascii: "\n"))
        var offset = 0
        while offset < line.count {
            let written = line[offset...].withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                throw BenchFailure("\(process.name) is gone" + Files.tails(process.logPaths))
            }
            offset += written
        }
        count += 1
        bytes += line.count - 1
    }

    /// Ends the input and waits until the broker has confirmed every message.
    func finish(within limit: Duration = .seconds(30)) async throws {
        closeInput()
        try await waitUntil(
            "\(process.name) to finish", within: limit, logs: process.logPaths
        ) { try hasFinished() }
    }

    /// One message with any bytes as payload, on a connection of its own.
    static func publishOnce(
        _ payload: [UInt8], topic: String, port: Int, retained: Bool = false, in world: World
    ) async throws {
        let path = world.folder + "/payload"
        try Files.write(payload, to: path)
        let program = try Command(executable: Spawn.locate("mosquitto_pub"), scratch: world.logs)
        try await program.mustRun(
            ["-h", "127.0.0.1", "-p", String(port), "-q", "1", "-t", topic]
                + (retained ? ["-r"] : []) + (payload.isEmpty ? ["-n"] : ["-f", path]))
    }
}
