import Foundation

/// One run's place: its folder, its programs, its ports. Everything in it ends with `close`.
final class World {
    /// The run's folder; the path is short, because a Unix socket's path holds 107 bytes at most.
    let folder: String
    /// Where the processes' outputs go.
    let logs: String
    private let binaries: String
    private let keep: Bool
    private var portsGiven: Set<Int> = []

    /// - Parameter name: tells the folders of several worlds of one run apart.
    init(_ options: WorldOptions, name: String = "run") throws {
        binaries = options.bin ?? Self.ownFolder
        keep = options.keep
        folder = "/tmp/edge-bench-\(Cleanup.token)-\(name)"
        logs = folder + "/logs"
        if !keep { Cleanup.add(folder: folder) }
        try Files.makeFolder(logs)
    }

    /// Ends all processes, undoes mounts and removes the folder unless it is to be kept.
    func close() {
        Cleanup.run()
        if keep { Terminal.say("kept \(folder)") }
    }

    private static var ownFolder: String {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().path
    }

    /// The path of one of our programs.
    func program(_ name: String) throws -> String {
        let path = binaries + "/" + name
        guard access(path, X_OK) == 0 else {
            throw BenchFailure("\(path) is missing; build it first (swift build -c release)")
        }
        return path
    }

    func makeFolder(_ name: String) throws -> String {
        let path = folder + "/" + name
        try Files.makeFolder(path)
        return path
    }

    /// A port of 127.0.0.1 that nobody listens on now. Another program could take it before ours
    /// does; ours would then say so and the run fails, it does not pass wrongly.
    func freePort() throws -> Int {
        for _ in 0..<100 {
            let port = try Self.anyPort()
            if portsGiven.insert(port).inserted { return port }
        }
        throw BenchFailure("found no free port on 127.0.0.1")
    }

    private static func anyPort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw BenchFailure("no socket: errno \(errno)") }
        defer { Glibc.close(descriptor) }
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0
                    ? getsockname(descriptor, address, &length) : -1
            }
        }
        guard code == 0 else { throw BenchFailure("cannot bind to 127.0.0.1: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// True where something accepts connections on a port of 127.0.0.1.
    static func isListening(port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        var address = loopback(port: port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}
