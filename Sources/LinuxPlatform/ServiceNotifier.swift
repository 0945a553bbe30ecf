import Glibc
public import Platform

/// Tells the service manager how this process does (sd_notify(3)), without its library.
public struct ServiceNotifier: Sendable {
    private let path: String
    /// How often the manager wants to hear that there is progress; nil where it does not watch.
    public let watchdog: Milliseconds?

    /// Nil where no service manager waits to be told.
    public init?(environment: (String) -> String?) {
        guard let path = environment("NOTIFY_SOCKET"), path.hasPrefix("/") || path.hasPrefix("@"),
            2...107 ~= path.utf8.count
        else { return nil }
        self.path = path
        let isOurs = environment("WATCHDOG_PID").map { $0 == "\(getpid())" } ?? true
        let microseconds = environment("WATCHDOG_USEC").flatMap { Int64($0) } ?? 0
        watchdog = isOurs && microseconds > 0 ? Milliseconds(max(microseconds / 1000, 1)) : nil
    }

    /// Sends one message; whether the manager took it.
    @discardableResult
    public func send(_ message: String) -> Bool {
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // An @ stands for the NUL with which abstract names begin (unix(7)).
        var name = Array(path.utf8)
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let text = Array(message.utf8)
        let sent = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
        return sent == text.count
    }
}
