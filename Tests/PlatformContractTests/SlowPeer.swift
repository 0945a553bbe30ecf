import Glibc

/// One end of a control socket that does as little as it can, for as long as it is let.
final class SlowPeer: Sendable {
    /// Bytes that `drip` sends at most.
    static let dripsMaximum = 400
    /// Times that `sip` reads 4 KiB at most.
    static let sipsMaximum = 400
    /// Between two bytes, in milliseconds. Spent in waiting for the other side to hang up.
    private static let pause: Int32 = 10

    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Nil where nobody listens there.
    init?(connectedTo path: String) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard Self.with(path, { [descriptor] in connect(descriptor, $0, $1) }) == 0 else {
            return nil
        }
    }

    /// Somebody to connect to.
    final class Server: Sendable {
        private let descriptor: Int32
        private let path: String

        init?(path: String) {
            self.path = path
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            guard SlowPeer.with(path, { [descriptor] in bind(descriptor, $0, $1) }) == 0,
                listen(descriptor, 1) == 0
            else { return nil }
        }

        deinit {
            close(descriptor)
            unlink(path)
        }

        /// The next who connects.
        func accept() -> SlowPeer? {
            let peer = Glibc.accept(descriptor, nil, nil)
            return peer < 0 ? nil : SlowPeer(descriptor: peer)
        }
    }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Sends a line without end, a byte at a time; true where the other side hung up.
    func drip() -> Bool {
        for _ in 0..<Self.dripsMaximum {
            send(" ")
            if hasHungUp() { return true }
        }
        return false
    }

    /// Reads a little at a time; true where the other side hung up before a newline came.
    func sip() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<Self.sipsMaximum {
            let count = read(descriptor, &chunk, chunk.count)
            if count <= 0 { return true }
            if chunk[..<count].contains(UInt8(ascii: "\n")) { return false }
            if hasHungUp() { return true }
        }
        return false
    }

    /// Waits for it, for one pause.
    private func hasHungUp() -> Bool {
        var state = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&state, 1, Self.pause) > 0 && state.revents & Int16(POLLHUP | POLLERR) != 0
    }

    private static func with(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
