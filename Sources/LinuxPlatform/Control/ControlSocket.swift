import Glibc
public import Platform

public struct ControlSocketError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// The caller's side of the control socket, and what both sides share.
public enum ControlSocket {
    /// Asks the agent at `path` and returns its answer.
    ///
    /// - Parameter patience: How long the whole exchange may take.
    public static func ask(
        _ path: String, _ request: Value, patience: Milliseconds = 30_000
    ) throws(ControlSocketError) -> Value {
        let descriptor = try connect(path)
        defer { close(descriptor) }
        let deadline = ControlDeadline(in: patience)
        write(descriptor, Array((request.json + "\n").utf8), by: deadline)
        guard let line = readLine(descriptor, by: deadline, maximum: 64 << 20) else {
            throw ControlSocketError(
                "the agent at \(path) did not answer. Look at its log; restart it if it hangs.")
        }
        do {
            return try JSONReader.read(line, maximumDepth: JSONReader.envelopeDepth)
        } catch {
            throw ControlSocketError("the agent at \(path) answered something else: \(error).")
        }
    }

    static func connect(_ path: String) throws(ControlSocketError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard with(path, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw ControlSocketError(
                "no agent at \(path): \(reason). Start it with: edge-agent run --config FILE; or "
                    + "name its socket with --socket PATH.")
        }
        return descriptor
    }

    static func with(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let size = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < size else {
            errno = ENAMETOOLONG
            return -1
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// Up to a newline; nil where the whole of it does not come in time or is too long.
    static func readLine(
        _ descriptor: Int32, by deadline: ControlDeadline, maximum: Int
    ) -> [UInt8]? {
        var line: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while line.count <= maximum {
            guard deadline.isMet(by: POLLIN, on: descriptor) else { return nil }
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            if let end = chunk[..<count].firstIndex(of: UInt8(ascii: "\n")) {
                return line + chunk[..<end]
            }
            line += chunk[..<count]
        }
        return nil
    }

    /// Writes all of it, or as much as the other side takes in time.
    static func write(_ descriptor: Int32, _ bytes: [UInt8], by deadline: ControlDeadline) {
        var rest = bytes[...]
        while !rest.isEmpty, deadline.isMet(by: POLLOUT, on: descriptor) {
            // MSG_NOSIGNAL: a caller that went away is no reason to die. MSG_DONTWAIT: it is the
            // deadline that waits, not send, which would wait anew for each piece.
            let count = rest.withUnsafeBytes {
                send(
                    descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// When an exchange must be over, however many pieces it comes in.
///
/// CLOCK_MONOTONIC, which poll(2) counts by, too: a clock that is set moves no deadline.
struct ControlDeadline {
    private let end: MonotonicTime

    init(in span: Milliseconds) { end = Self.now() + span }

    /// Waits for an event of poll(2); false where the deadline comes first, or has come already.
    func isMet(by event: Int32, on descriptor: Int32) -> Bool {
        while true {
            let left = end - Self.now()
            guard left > 0 else { return false }
            var ready = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            let count = poll(&ready, 1, Int32(clamping: left.count))
            if count == 1 { return true }
            guard count == 0 || errno == EINTR else { return false }
        }
    }

    private static func now() -> MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(
            milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
