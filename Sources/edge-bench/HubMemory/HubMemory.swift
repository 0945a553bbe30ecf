import ArgumentParser
import Platform

/// `edge-bench hub`: what the hub takes for each device, and with `--link` what it takes in.
///
/// All figures are of the whole process, after less before, shared out over the devices. So they
/// hold what the allocator keeps beyond what is in use: tables that double are up to half empty,
/// and what was freed stays with the process until malloc finds whole pages to return. A hub that
/// all devices have left is therefore no smaller than before (`idle_after_connected_bytes_each`),
/// and it keeps their sessions, which outlive a link; what a hub has to know of a device that it
/// has not heard shows after a restart (`idle_bytes_each`).
///
/// PSS counts pages of the program and its libraries too. How many of those are mapped differs by
/// a MiB between two starts of the same hub, which is a thousand bytes for each of a thousand
/// devices; `…_anonymous_each` leaves them out and repeats.
struct HubMemory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hub",
        abstract: "Measures the release hub: its memory for each device, or its ingest.",
        discussion: """
            Boards greet the hub one after the other over a real broker, each with a store of its \
            own, a twin of ten reported and two desired values, and presence as the agent's link \
            publishes it. Memory is read with all connected, after all have gone, and after a \
            restart of the hub. The devices that warm the hub up are in the base and not counted. \
            A few hundred devices say little: what is bounded for the whole hub is shared out too.

            With --link all boards send rows at once instead, each its next frame when the hub has \
            acknowledged the one before, each over a connection of its own with a certificate of \
            the hub's authority, over TLS or DTLS. Counted is what was acknowledged and so is durable; at \
            the end the database must hold exactly that. sqlite_rows_per_s is what SQLite alone \
            takes of these rows on this disk, with the same durability.
            """)

    @Option(help: "Devices to measure.")
    var devices = 1000

    @Option(help: "Measure ingest over this link: mqtt (or mqtt-tls), coap (or coaps).")
    var link: BenchLink?

    @Option(help: "tls: certificates on both sides; none: plain. With --link; tls unless told.")
    var security = LoadSecurity.tls

    @Option(help: "Rows of one frame, with --link.")
    var batch = 10

    @Option(help: "Seconds to measure, with --link.")
    var seconds = 10

    @Option(help: "MQTT connections that the boards share, with --security none; else one each.")
    var connections: Int?

    @Flag(help: "Print one line of JSON, which is what is printed anyway.")
    var json = false

    @OptionGroup var options: WorldOptions

    /// Enough to fill what the hub bounds for itself whatever the size of the fleet: the ring of
    /// its 512 latest events and most of SQLite's page cache of 512 KiB.
    private static let warmUpDevices = 200

    func validate() throws {
        guard (1...20_000).contains(devices) else {
            throw ValidationError("--devices must be 1 to 20000")
        }
        guard link?.isSecured != true || security == .tls else {
            throw ValidationError("--link mqtt-tls and coaps are with --security tls")
        }
        guard (1...1000).contains(batch) else {
            throw ValidationError("--batch must be 1 to 1000")
        }
        guard (1...3600).contains(seconds) else {
            throw ValidationError("--seconds must be 1 to 3600")
        }
        guard let connections else { return }
        guard link?.kind == .mqtt, security == .none else {
            throw ValidationError("--connections is for --link mqtt --security none")
        }
        guard 1 <= connections, connections <= devices else {
            throw ValidationError("--connections must be from 1 to --devices")
        }
    }

    func run() async throws {
        let world = try World(options)
        defer { world.close() }
        if let link {
            let ingest = Ingest(
                link: link, security: security, devices: devices, batch: batch, seconds: seconds,
                connections: connections ?? devices)
            return Terminal.print(try await ingest.run(in: world).line.json)
        }
        let rig = try await HubMemoryRig(in: world)
        try await rig.warmUp(Self.warmUpDevices)
        let databaseBase = try await rig.stopHub()
        let restartBase = try await rig.startHub()
        try await rig.warmUpAgain()
        let base = try rig.memory()
        Terminal.say("the hub takes \(base.pss) KiB; \(devices) devices greet it")
        try await rig.connect(devices)
        let connected = try rig.memory()
        try await rig.disconnectAll()
        let idleAfterConnected = try rig.memory()
        let database = try await rig.stopHub()
        let idle = try await rig.startHub()
        let figures = HubMemoryFigures(
            devices: devices, base: base, connected: connected,
            idleAfterConnected: idleAfterConnected, restartBase: restartBase, idle: idle,
            databaseBase: databaseBase, database: database)
        Terminal.print(figures.line.json)
    }
}
