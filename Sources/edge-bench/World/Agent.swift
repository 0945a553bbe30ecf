import Foundation
import Platform

/// What `edge-agent status --json` says, as far as the harness needs it.
struct AgentStatus {
    let uplinkState: String
    let bytesSent: Int
    let messagesReceived: Int
    let messagesAcknowledged: Int
    let unreadable: Int
    let localBrokerState: String
    /// Log rows: ever written, released by the hub's acknowledgement, replaced by gap records,
    /// waiting.
    let written: Int
    let acked: Int
    let gap: Int
    let pending: Int
    let twinPending: Int
    let clockQuality: String
    let workloads: [Workload]

    struct Workload {
        let name: String
        let state: String
        let pid: Int?
    }

    init(_ value: Value) throws {
        func number(_ section: String, _ field: String) throws -> Int {
            guard let number = value[section]?[field]?.intValue else {
                throw BenchFailure("status --json has no number \(section).\(field)")
            }
            return Int(number)
        }
        func text(_ section: String, _ field: String) -> String {
            value[section]?[field]?.stringValue ?? ""
        }
        uplinkState = text("uplink", "state")
        bytesSent = try number("uplink", "bytes_sent")
        localBrokerState = text("local_broker", "state")
        messagesReceived = try number("local_broker", "messages_received")
        messagesAcknowledged = try number("local_broker", "messages_acknowledged")
        unreadable = try number("local_broker", "unreadable")
        written = try number("log", "written")
        acked = try number("log", "acked")
        gap = try number("log", "gap")
        pending = try number("log", "pending")
        twinPending = try number("twin", "pending")
        clockQuality = text("clock", "quality")
        workloads = (value["workloads"]?.arrayValue ?? []).map {
            Workload(
                name: $0["name"]?.stringValue ?? "", state: $0["state"]?.stringValue ?? "",
                pid: $0["pid"]?.intValue.map { Int($0) })
        }
    }
}

/// One board: an `edge-agent` with its configuration and state.
final class Agent {
    let id: String
    let stateFolder: String
    let configurationPath: String
    let socket: String
    private let world: World
    private let executable: String
    /// Another way to start the agent than by its path: a loader with its arguments.
    var launcher: [String] = []
    /// What the agent's process gets besides the harness's own environment.
    var environment: [String: String] = [:]
    private(set) var process: ManagedProcess?

    /// - Parameter stateFolder: another place than the run's folder, such as a file system of its
    ///   own.
    init(
        _ id: String, in world: World, executable: String? = nil, stateFolder: String? = nil,
        _ settings: AgentSettings
    ) throws {
        self.id = id
        self.world = world
        self.executable = try executable ?? world.program("edge-agent")
        let folder = try world.makeFolder(id)
        self.stateFolder = try stateFolder ?? world.makeFolder(id + "/state")
        socket = folder + "/agent.sock"
        configurationPath = folder + "/agent.yaml"
        try configure(settings)
    }

    /// Writes the configuration anew; the next start takes it.
    func configure(_ settings: AgentSettings) throws {
        try Files.write(
            settings.yaml(device: id, state: stateFolder, socket: socket), to: configurationPath)
    }

    /// Starts it and does not wait.
    func launch() throws {
        let words =
            (launcher.isEmpty ? [executable] : launcher) + [
                "run", "--config", configurationPath,
            ]
        process = try ManagedProcess(
            id, words[0], Array(words.dropFirst()), environment: environment, logs: world.logs)
    }

    /// Starts it and waits for its ready line.
    func start() async throws {
        try launch()
        try await process?.waitForLine(prefix: "ready ")
    }

    /// Has it certified by the hub of a token.
    func enroll(_ token: String) async throws {
        try await command.mustRun(["enroll", token, "--config", configurationPath])
    }

    func kill() {
        process?.kill()
        process = nil
    }

    func stop() async {
        await process?.stop()
        process = nil
    }

    /// Standard error of all starts.
    var log: String { Files.text("\(world.logs)/\(id).err") }

    var logPaths: [String] { ["\(world.logs)/\(id).out", "\(world.logs)/\(id).err"] }

    private var command: Command {
        // The client must not run under what steers the agent, such as another clock.
        Command(executable: executable, scratch: world.logs)
    }

    /// A short run of the same program, such as `check`.
    func run(_ arguments: [String]) async throws -> CommandResult {
        try await command.run(arguments)
    }

    func status() async throws -> AgentStatus {
        try AgentStatus(
            try await command.mustRun(["status", "--json", "--socket", socket]).json())
    }

    /// The status, nil while the agent cannot be reached.
    func statusIfReachable() async throws -> AgentStatus? {
        let result = try await command.run(["status", "--json", "--socket", socket])
        return result.code == 0 ? try AgentStatus(try result.json()) : nil
    }

    /// A value of the board's twin; nil where it has none.
    func twin(_ path: String) async throws -> Value? {
        let result = try await command.run(["twin", "get", path, "--json", "--socket", socket])
        guard result.code == 0 else { return nil }
        let cells = try result.json()["cells"]?.arrayValue ?? []
        return cells.first { $0["path"] == .string(path) }?["value"]
    }

    func setTwin(_ path: String, _ value: Value) async throws {
        try await command.mustRun(["twin", "set", path, value.json, "--socket", socket])
    }
}
