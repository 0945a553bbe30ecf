import Foundation
import Platform

/// One `fleet-hub` with its data folder.
final class Hub {
    let folder: String
    let apiPort: Int
    /// The broker's port; nil without MQTT.
    private let mqttPort: Int?
    /// Its own port for boards that speak CoAP; nil without.
    let coapPort: Int?
    /// The same over DTLS, for boards that enrolled.
    let coapsPort: Int?
    /// As many ports from those on; each serves 1,000 boards.
    private let coapPorts: Int
    /// The broker that it reaches by TLS; nil without.
    private let secure: SecureBroker?
    /// Where boards enrol; nil where none has to.
    private let boardsPort: Int?
    private let world: World
    private let rowsMax: Int?
    private var process: ManagedProcess?
    /// The admin token that `init` printed.
    private(set) var token = ""

    init(
        in world: World, mqttPort: Int?, coapPort: Int? = nil, coapsPort: Int? = nil,
        coapPorts: Int = 1, secure: SecureBroker? = nil, folder: String? = nil,
        apiPort: Int? = nil, rowsMax: Int? = nil
    ) throws {
        self.world = world
        self.mqttPort = mqttPort
        self.coapPort = coapPort
        self.coapsPort = coapsPort
        self.coapPorts = coapPorts
        self.rowsMax = rowsMax
        self.secure = secure
        boardsPort = secure == nil && coapsPort == nil ? nil : try world.freePort()
        self.folder = folder ?? Self.folder(in: world)
        self.apiPort = try apiPort ?? world.freePort()
    }

    /// Where its data are unless it is told.
    static func folder(in world: World) -> String { world.folder + "/hub" }

    var url: String { "http://127.0.0.1:\(apiPort)" }

    var pid: pid_t? { process?.pid }

    var reader: HubReader { HubReader(url: url, token: token) }

    /// `fleet-hub init`; keeps the token.
    func initialise() async throws {
        let result = try await Command(executable: world.program("fleet-hub"), scratch: world.logs)
            .mustRun(["init", "--data", folder, "--json"])
        guard let token = try result.json()["token"]?.stringValue else {
            throw BenchFailure("fleet-hub init --json printed no token")
        }
        self.token = token
    }

    /// Starts it and waits for its ready line.
    func start() async throws {
        try launch()
        try await waitUntilReady()
    }

    /// Starts it and does not wait.
    func launch() throws {
        process = try ManagedProcess(
            "hub", world.program("fleet-hub"), arguments, logs: world.logs)
    }

    /// What `launch` starts it with.
    var arguments: [String] {
        var arguments = ["serve", "--data", folder, "--listen", "127.0.0.1:\(apiPort)"]
        if let secure {
            arguments += [
                "--mqtt", "tls:127.0.0.1:\(secure.port)", "--broker-files", secure.files,
            ]
        } else {
            arguments += ["--mqtt", mqttPort.map { "127.0.0.1:\($0)" } ?? "off"]
        }
        for (option, port) in [("--coap", coapPort), ("--coaps", coapsPort)] {
            arguments += [option, port.map { "127.0.0.1:\($0)" } ?? "off"]
        }
        if coapPorts > 1 { arguments += ["--coap-ports", String(coapPorts)] }
        if let boardsPort { arguments += ["--boards", "127.0.0.1:\(boardsPort)"] }
        if let rowsMax { arguments += ["--log-rows-max", String(rowsMax)] }
        return arguments
    }

    func waitUntilReady() async throws {
        try await process?.waitForLine(prefix: "ready api=")
    }

    /// Whether boards can enrol now.
    var isRunning: Bool { process != nil }

    /// Waits until it serves boards that enrol; at once where it does not listen for any.
    func waitUntilBoardsCanEnrol() async throws {
        if boardsPort != nil { try await process?.waitForLine(prefix: "ready boards=") }
    }

    /// How it ended, nil while it runs.
    func end() -> ProcessEnd? { process?.end() }

    func kill() {
        process?.kill()
        process = nil
    }

    func stop() async {
        await process?.stop()
        process = nil
    }

    var logPaths: [String] { ["\(world.logs)/hub.out", "\(world.logs)/hub.err"] }

    /// A token with which one board may enrol.
    func enrolmentToken() async throws -> String {
        let result = try await fleet().mustRun(["token", "create", "--json"])
        guard let token = try result.json()["token"]?.stringValue else {
            throw BenchFailure("fleet token create --json printed no token")
        }
        return token
    }

    /// The operator's command line against this hub.
    func fleet() throws -> Command {
        Command(
            executable: try world.program("fleet"),
            environment: [
                "FLEET_URL": url, "FLEET_TOKEN": token,
                "XDG_CONFIG_HOME": world.folder + "/config",
            ],
            scratch: world.logs)
    }
}
