import Glibc
public import Platform

public struct ControlSocketError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// The caller's side of the control socket, and what both sides share.
public enum ControlSocket {
    /// Asks the agent at `path` and returns its answer.
    public static func ask(_ path: String, _ request: Value) throws(ControlSocketError) -> Value {
        let descriptor = try connect(path)
        defer { close(descriptor) }
        write(descriptor, Array((request.json + "\n").utf8))
        guard let line = readLine(descriptor, 30_000, 64 << 20) else {
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

    /// Up to a newline; nil where it does not come in time or is too long.
    static func readLine(_ descriptor: Int32, _ patience: Int32, _ maximum: Int) -> [UInt8]? {
        var line: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while line.count <= maximum {
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, patience) == 1 else { return nil }
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return nil }
            line += chunk[0..<count]
            if let end = line.firstIndex(of: UInt8(ascii: "\n")) { return Array(line[..<end]) }
        }
        return nil
    }

    static func write(_ descriptor: Int32, _ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            // MSG_NOSIGNAL: a caller that went away is no reason to die.
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
