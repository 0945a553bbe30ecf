import Foundation

/// A real mosquitto broker on a port of 127.0.0.1.
final class Mosquitto {
    /// What differs between the brokers of a run.
    struct Options {
        /// Messages that the broker sends to one client and that are not acknowledged yet.
        var inflightMax = 20
        /// Writes every packet into the log; needed to read acknowledgements from it.
        var logsEverything = false
        /// Keeps sessions and queues on disk.
        var isPersistent = false
        /// The program to run, and the folder of its libraries when that is not the system's.
        var executable = "mosquitto"
        var libraries: String?
    }

    let name: String
    let port: Int
    /// The broker's own log.
    let logPath: String
    private let world: World
    private let options: Options
    private let configuration: String
    private var process: ManagedProcess?

    init(_ name: String, in world: World, port: Int? = nil, _ options: Options = Options()) throws {
        self.name = name
        self.world = world
        self.options = options
        self.port = try port ?? world.freePort()
        let folder = try world.makeFolder(name)
        logPath = folder + "/broker.log"
        configuration = folder + "/mosquitto.conf"
        try Files.write(text(folder: folder), to: configuration)
    }

    /// A broker with a configuration that somebody else writes, before it is launched.
    init(_ name: String, in world: World, port: Int, configuration: String) {
        self.name = name
        self.world = world
        self.port = port
        self.configuration = configuration
        options = Options()
        logPath = "\(world.logs)/\(name).err"
    }

    private func text(folder: String) -> String {
        var lines = [
            "listener \(port) 127.0.0.1", "allow_anonymous true",
            "persistence \(options.isPersistent)", "persistence_location \(folder)/",
            // Nothing is dropped by the broker: what is lost then was lost by us.
            "max_queued_messages 0", "max_inflight_messages \(options.inflightMax)",
            "log_dest file \(logPath)", "log_timestamp false", "set_tcp_nodelay true",
        ]
        let types = options.logsEverything ? ["all"] : ["error", "warning", "notice"]
        lines += types.map { "log_type \($0)" }
        // Started by root it would become another user, who may not write into our folder.
        if geteuid() == 0 { lines.append("user root") }
        return lines.joined(separator: "\n") + "\n"
    }

    var pid: pid_t? { process?.pid }

    /// Starts it and waits until it listens.
    func start() async throws {
        try launch()
        try await waitUntil("\(name) to listen", within: .seconds(10), logs: [logPath]) {
            if let end = process?.end() { throw BenchFailure("\(name) ended: \(end)") }
            return World.isListening(port: port)
        }
    }

    /// Starts it without waiting.
    func launch() throws {
        let environment = options.libraries.map { ["LD_LIBRARY_PATH": $0] } ?? [:]
        process = try ManagedProcess(
            name, options.executable, ["-c", configuration], environment: environment,
            logs: world.logs)
    }

    func kill() {
        process?.kill()
        process = nil
    }

    func stop() async {
        await process?.stop()
        process = nil
    }
}
