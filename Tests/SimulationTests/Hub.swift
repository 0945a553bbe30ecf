import FleetHub
import Platform
import SQLiteStore
import Simulator
import SyncProtocol

/// The simulated hub's machine and the real hub on it.
final class Hub: @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    let timekeeper: SimTimekeeper
    private(set) var complaints: [String] = []
    private(set) var crashes = 0
    private(set) var hasBackup = false
    /// Writes that the hub accepted, by device and path, the last one last.
    private(set) var accepted: [String: [Value]] = [:]

    private unowned let site: Site
    private let entropy: SimEntropy
    private let frameBytes: Int
    private var disk = 0
    private var fuse: SimFuse?
    private var hub: FleetHub?
    private var hasEnded = true

    init(in site: Site, frameBytes: Int) {
        self.site = site
        self.frameBytes = frameBytes
        timekeeper = SimTimekeeper(world: site.world, wall: Site.present)
        timekeeper.setWall(Site.present, isDisciplined: true)
        entropy = SimEntropy(seed: site.world.random.next())
    }

    var isRunning: Bool { fuse.map { !$0.isBurnt } ?? false }
    private var path: String { site.scratch.path + "/hub-\(disk).db" }
    private var backup: String { site.scratch.path + "/hub-backup.db" }

    func start() throws {
        guard !isRunning, hasEnded else { return }
        let world = site.world
        let fuse = SimFuse()
        fuse.onBurn { [unowned self] in died() }
        let timer = SimWakeTimer(world: world, timekeeper: timekeeper, fuse: fuse)
        fuse.onBurn { timer.close() }
        let endpoint = site.network.hubEndpoint(fuse: fuse)
        var settings = FleetHub.Settings()
        settings.sync.frameBytes = frameBytes
        let store = try HubStore(path: path, epoch: Epoch(random: entropy.next(), role: .hub))
        let hub = try FleetHub(
            store: store,
            endpoint: site.mutant == .forgetfulHub
                ? ForgetfulEndpoint(endpoint, seed: world.random.next()) : endpoint,
            timekeeper: timekeeper, executor: world.executor, settings: settings)
        self.fuse = fuse
        self.hub = hub
        hasEnded = false
        Task(executorPreference: world.executor) { [self] in
            await hub.run(timer: timer)
            hasEnded = true
        }
    }

    func crash() { fuse?.burn() }

    func crash(afterCalls calls: Int) { fuse?.arm(calls: calls) }

    /// Nothing more happens to the process that runs.
    func spare() { fuse?.disarm() }

    /// Takes a copy that `restore` may bring back.
    func takeBackup() throws {
        hasBackup = true
        try Database.copy(path, to: backup)
    }

    /// Ends the hub and puts the copy in the place of its database.
    func restore() throws {
        crash()
        try Database.copy(backup, to: path)
    }

    /// Ends the hub and takes its database away.
    func wipe() {
        crash()
        // The place of a database that never was.
        disk += 1
    }

    /// An operator sets a value. What the hub refuses, as it does for a device that it does not
    /// know yet, was never said.
    func set(_ device: String, _ path: String, _ value: Value) {
        guard isRunning, let hub else { return }
        Task(executorPreference: site.world.executor) { [self] in
            do {
                _ = try await hub.setCell(device, path: path, value: value)
                accepted["\(device) \(path)", default: []].append(value)
            } catch {
                site.world.note("hub refused \(error)")
            }
        }
    }

    /// What the database holds now, from a copy.
    func inspect<Result>(_ body: (HubStore) throws -> Result) throws -> Result {
        let copy = try site.scratch.folder("look") + "/hub.db"
        try Database.copy(path, to: copy)
        return try body(try HubStore(path: copy, epoch: Epoch(random: 0, role: .hub)))
    }

    private func died() {
        crashes += 1
        site.world.note("hub died")
        let before = path
        hub = nil
        disk += 1
        do {
            try Database.copy(before, to: path)
        } catch {
            complaints.append("hub: \(error)")
        }
    }
}
