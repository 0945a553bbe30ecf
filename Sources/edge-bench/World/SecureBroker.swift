/// The broker of MQTT over TLS, with the files that the hub writes for it.
final class SecureBroker: Uplink {
    let port: Int
    /// What `fleet-hub broker-config` writes.
    let files: String
    private let world: World
    private let hubFolder: String
    let broker: Mosquitto

    init(in world: World, hubFolder: String) throws {
        self.world = world
        self.hubFolder = hubFolder
        port = try world.freePort()
        files = world.folder + "/uplink"
        broker = Mosquitto(
            "uplink", in: world, port: port, configuration: files + "/mosquitto.conf")
    }

    /// Writes the files, which takes a hub that is made.
    func prepare() async throws {
        try await Command(executable: world.program("fleet-hub"), scratch: world.logs).mustRun([
            "broker-config", "--data", hubFolder, "--out", files, "--listen", "127.0.0.1:\(port)",
        ])
    }

    func launch() throws { try broker.launch() }

    func start() async throws { try await broker.start() }

    func kill() { broker.kill() }
}
