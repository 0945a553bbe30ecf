import Foundation

/// The network between boards and the hub's CoAP port: passes datagrams on, each board from a port
/// of its own, until it is killed. What comes back up has forgotten its ports, as a router does.
final class Router: Uplink {
    let port: Int
    private let hubPort: Int
    private var run: RouterRun?

    init(in world: World, hubPort: Int) throws {
        port = try world.freePort()
        self.hubPort = hubPort
    }

    deinit { kill() }

    func launch() throws {
        run?.stop()
        run = try RouterRun(port: port, hubPort: hubPort)
    }

    func start() async throws { try launch() }

    func kill() {
        run?.stop()
        run = nil
    }
}

/// A router from its start to its end, on a thread of its own.
private final class RouterRun: @unchecked Sendable {
    // @unchecked: the sockets and ports belong to the thread; `isStopped` is locked.

    /// More boards than a run has; the ports of the oldest would be given again.
    private static let boardsMaximum = 64

    private let front: Int32
    private let hub: sockaddr_in
    private let lock = NSLock()
    private var isStopped = false
    private let hasEnded = DispatchSemaphore(value: 0)
    private var boards: [(address: sockaddr_in, socket: Int32)] = []

    init(port: Int, hubPort: Int) throws {
        front = Self.open()
        hub = World.loopback(port: hubPort)
        var address = World.loopback(port: port)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(front, $0, size) }
        }
        guard code == 0 else {
            close(front)
            throw BenchFailure("cannot bind to the UDP port \(port): errno \(errno)")
        }
        Thread.detachNewThread { self.pass() }
    }

    /// Returns once the port is free again.
    func stop() {
        lock.withLock { isStopped = true }
        hasEnded.wait()
    }

    private func pass() {
        while !lock.withLock({ isStopped }) {
            var entries = ([front] + boards.map(\.socket)).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            guard poll(&entries, nfds_t(entries.count), 20) > 0 else { continue }
            // Boards first: who is new is added behind them.
            for (entry, board) in zip(entries.dropFirst(), boards) where entry.revents != 0 {
                while let (bytes, _) = Self.receive(board.socket) {
                    Self.send(bytes, to: board.address, from: front)
                }
            }
            while entries[0].revents != 0, let (bytes, sender) = Self.receive(front) {
                Self.send(bytes, to: hub, from: socket(of: sender))
            }
        }
        for descriptor in [front] + boards.map(\.socket) { close(descriptor) }
        hasEnded.signal()
    }

    private func socket(of board: sockaddr_in) -> Int32 {
        let known = boards.first {
            $0.address.sin_port == board.sin_port
                && $0.address.sin_addr.s_addr == board.sin_addr.s_addr
        }
        if let known { return known.socket }
        if boards.count == Self.boardsMaximum { close(boards.removeFirst().socket) }
        let descriptor = Self.open()
        boards.append((board, descriptor))
        return descriptor
    }

    /// Not for programs that are started here, which would hold the port.
    private static func open() -> Int32 {
        Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }

    private static func receive(_ descriptor: Int32) -> ([UInt8], sockaddr_in)? {
        var sender = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = withUnsafeMutablePointer(to: &sender) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT), $0, &size)
            }
        }
        return count < 0 ? nil : (Array(bytes.prefix(count)), sender)
    }

    private static func send(_ bytes: [UInt8], to address: sockaddr_in, from descriptor: Int32) {
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var address = address
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, 0, $0, size)
            }
        }
    }
}
