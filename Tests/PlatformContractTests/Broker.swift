import Foundation
import LinuxPlatform
import Platform

/// A broker of a contract: started and stopped, with its sessions kept.
struct Broker: Sendable {
    let start: @Sendable () async throws -> Void
    let stop: @Sendable () async throws -> Void
    /// A device publishes.
    let say:
        @Sendable (_ topic: String, _ payload: [UInt8], _ isRetained: Bool) async throws
            -> Void
}

/// Debian's mosquitto on a free port of 127.0.0.1.
final class Mosquitto: @unchecked Sendable {
    // @unchecked: used by one test, one call after the other.

    /// Where the program is; nil where it is not installed.
    static let program = ["/usr/sbin", "/usr/bin", "/usr/local/sbin"].map { $0 + "/mosquitto" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    struct Failure: Error { let message: String }

    let port: Int
    private let folder: String
    /// Not Foundation's `Process`: its children inherit the signals that a test's thread blocks.
    private let children = ChildProcesses()
    private var process: ProcessIdentity?

    /// - Parameter security: More lines for its listener, with certificates.
    init(security: [String] = ["allow_anonymous true"]) throws {
        port = try Self.freePort()
        folder = NSTemporaryDirectory() + "/mosquitto-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try "topic readwrite #\ntopic deny denied/#\nuser board\ntopic readwrite t\n"
            .write(toFile: folder + "/acl", atomically: true, encoding: .utf8)
        let lines = [
            "acl_file \(folder)/acl", "persistence true",
            "persistence_location \(folder)/", "log_dest file \(folder)/log",
            "listener \(port) 127.0.0.1",
        ]
        // Started by root it would become another user, who may not write into our folder.
        let user = geteuid() == 0 ? ["user root"] : []
        try (user + lines + security).joined(separator: "\n").appending("\n")
            .write(toFile: folder + "/conf", atomically: true, encoding: .utf8)
    }

    deinit {
        if let process { children.signal(process, SIGKILL) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    func start() async throws {
        guard let program = Self.program else { throw Failure(message: "no mosquitto") }
        let process = try children.start(
            ProcessCommand(
                arguments: [program, "-c", folder + "/conf"], environment: [:],
                workingDirectory: nil, logPath: folder + "/output"))
        self.process = process
        let isUp = try await Stage.linux.eventually {
            guard children.poll(process) == nil else {
                throw Failure(message: "mosquitto ended at once")
            }
            return Self.isListening(port)
        }
        guard isUp else { throw Failure(message: "mosquitto does not listen") }
    }

    /// SIGTERM: it writes its sessions down.
    func stop() async throws {
        guard let process else { return }
        children.signal(process, SIGTERM)
        let hasEnded = try await Stage.linux.eventually { children.poll(process) != nil }
        guard hasEnded else { throw Failure(message: "mosquitto does not end") }
        self.process = nil
    }

    /// Settings of a client that comes back soon.
    func client(_ name: String) -> MosquittoClient.Settings {
        var settings = MosquittoClient.Settings(host: "127.0.0.1", port: port, clientID: name)
        settings.reconnectFirst = 10
        settings.reconnectMaximum = 50
        return settings
    }

    private static func freePort() throws -> Int {
        try withSocket { descriptor, address in
            var address = address
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let port = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw -> Int32 in
                    guard bind(descriptor, raw, size) == 0 else { return -1 }
                    return getsockname(descriptor, raw, &size)
                }
            }
            guard port == 0 else { throw Failure(message: "no free port") }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }

    private static func isListening(_ port: Int) -> Bool {
        let code = try? withSocket { descriptor, address in
            var address = address
            address.sin_port = UInt16(port).bigEndian
            return withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        return code == 0
    }

    private static func withSocket<Result>(
        _ body: (Int32, sockaddr_in) throws -> Result
    ) throws -> Result {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return try body(descriptor, address)
    }
}

/// A device that publishes to a mosquitto.
final class Publisher: Sendable {
    private let client: MosquittoClient

    init(_ broker: Mosquitto) {
        client = MosquittoClient(
            name: "publisher", settings: broker.client("publisher"), entropy: LinuxEntropy()
        ) { _ in }
    }

    deinit { client.close() }

    func say(_ topic: String, _ payload: [UInt8], _ isRetained: Bool) async throws {
        let isSent = try await Stage.linux.eventually {
            client.publish(topic: topic, payload: payload, isRetained: isRetained).result == .sent
        }
        guard isSent else { throw Mosquitto.Failure(message: "the publisher is not connected") }
    }
}
