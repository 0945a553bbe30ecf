import Foundation

/// The time from exec to an agent's ready line.
enum ReadyTime {
    /// Starts the agent once and ends it in good order.
    /// - Returns: milliseconds, read with the precision of poll(2).
    static func measure(_ executable: String, configuration: String) throws -> Double {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw BenchFailure("no pipe: errno \(errno)") }
        defer { close(ends[0]) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let start = ContinuousClock.now
        let pid: pid_t
        do {
            defer { close(ends[1]) }
            pid = try Spawn.start(
                executable, ["run", "--config", configuration],
                environment: ManagedProcess.environment(adding: [:]),
                streams: .init(output: ends[1]))
        }
        Cleanup.add(group: pid)
        defer { end(pid) }
        var text: [UInt8] = []
        let deadline = start + .seconds(10)
        while !text.contains(UInt8(ascii: "\n")) {
            var entry = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
            let left = (deadline - ContinuousClock.now).milliseconds
            guard left > 0, poll(&entry, 1, Int32(left)) > 0 else {
                throw BenchFailure("the agent was not ready within 10 s")
            }
            var buffer = [UInt8](repeating: 0, count: 512)
            let count = read(ends[0], &buffer, buffer.count)
            guard count > 0 else { throw BenchFailure("the agent ended before it was ready") }
            text += buffer.prefix(count)
        }
        let time = (ContinuousClock.now - start).seconds * 1000
        guard String(decoding: text, as: UTF8.self).hasPrefix("ready ") else {
            throw BenchFailure("the agent's first line is not its ready line")
        }
        return time
    }

    private static func end(_ pid: pid_t) {
        kill(pid, SIGTERM)
        for _ in 0..<500 where waitpid(pid, nil, WNOHANG) == 0 { usleep(10_000) }
        kill(-pid, SIGKILL)
        waitpid(pid, nil, 0)
        Cleanup.remove(group: pid)
    }

    /// The middle of an odd number of values.
    static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }
}
