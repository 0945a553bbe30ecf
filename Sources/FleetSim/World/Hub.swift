import FleetHub
import Platform
import SQLiteStore
import Simulator
import SyncProtocol

/// The simulated hub's machine and the real hub on it.
final class Hub: Replica, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    let timekeeper: SimTimekeeper
    private(set) var complaints: [String] = []
    private(set) var openings = 0
    /// What the hub told its watchers of, by device: the event's names.
    private(set) var noticed: [String: [String]] = [:]
    private var backup: Backup?

    private unowned let site: Site
    private let entropy: SimEntropy
    private let look: Look<HubStore>
    private var life = 0
    private var losesPower = false
    private var isOver = false
    private var fuse: SimFuse?
    private var hub: FleetHub?
    private var hasEnded = true

    init(in site: Site) {
        self.site = site
        timekeeper = SimTimekeeper(world: site.world, wall: Site.present)
        timekeeper.setWall(Site.present, isDisciplined: true)
        entropy = SimEntropy(seed: site.world.random.next())
        look = Look(site.disks, name: "hub")
    }

    var isRunning: Bool { fuse.map { !$0.isBurnt } ?? false }
    var devices: [String] { site.devices }
    private var folder: String { "/hub/\(life)" }

    // MARK: Life

    func start() {
        guard !isRunning, !isOver else { return }
        guard hasEnded else {
            return site.world.after(500) { [weak self] in self?.start() }
        }
        do {
            try launch()
        } catch {
            // Its service manager tries again; a disk that is full stays so for a while.
            if !site.disks.isFull(folder) { complaints.append("start: the hub: \(error)") }
            site.world.after(10_000) { [weak self] in self?.start() }
        }
    }

    private func launch() throws {
        let world = site.world
        let fuse = SimFuse()
        fuse.onBurn { [unowned self] in died() }
        let timer = SimWakeTimer(world: world, timekeeper: timekeeper, fuse: fuse, slack: 9000)
        fuse.onBurn { timer.close() }
        var settings = FleetHub.Settings()
        settings.sync.frameBytes = site.plan.isNarrow ? 300 : 64 << 10
        settings.sync.removalsMaximum = site.plan.removalsMaximum
        let store = try HubStore(
            path: folder + "/hub.db", epoch: Epoch(random: entropy.next(), role: .hub),
            options: options)
        let hub = try FleetHub(
            store: store, endpoint: site.network.hubEndpoint(fuse: fuse), timekeeper: timekeeper,
            executor: world.executor, settings: settings)
        site.disks.onWrite(folder) { fuse.passes() }
        self.fuse = fuse
        self.hub = hub
        openings += 1
        hasEnded = false
        world.spawn { [self] in
            let events = await hub.events(after: nil)
            world.spawn { [self] in await watch(hub, events, fuse) }
            await hub.run(timer: timer)
            hasEnded = true
        }
    }

    private var options: Connection.Options {
        var options = Connection.Options()
        options.vfs = site.disks.vfs
        return options
    }

    private func watch(
        _ hub: FleetHub, _ events: AsyncStream<HubEvent>, _ fuse: SimFuse
    ) async {
        var events = events
        var last: UInt64 = 0
        while true {
            for await event in events {
                last = event.id
                guard !fuse.isBurnt else { continue }
                if let trace = site.plan.trace {
                    trace("\(site.world.now.milliseconds) hub \(event.kind) \(event.data.json)")
                }
                guard event.kind == "device", let device = event.data["device"]?.stringValue,
                    let state = event.data["state"]?.stringValue
                else { continue }
                noticed[device, default: []].append(state)
                if state == "frame_refused" || state == "unreadable frame" {
                    site.ledger.refused.append("\(device) \(event.data.json)")
                }
            }
            // The stream ends where its reader falls behind; or with the hub.
            guard !fuse.isBurnt, !hasEnded else { return }
            events = await hub.events(after: last)
        }
    }

    func crash(afterCalls calls: Int, losesPower: Bool) {
        self.losesPower = losesPower
        if calls == 0 { fuse?.burn() } else { fuse?.arm(calls: calls) }
    }

    /// Nothing more happens to the process that runs.
    func spare() { fuse?.disarm() }

    func end() {
        isOver = true
        fuse?.burn()
        look.close()
    }

    private func died() {
        site.world.note("hub died")
        hub = nil
        let before = folder
        life += 1
        var chance = losesPower ? SimRandom(seed: site.world.random.next()) : nil
        losesPower = false
        site.disks.copy(before, to: folder, losing: &chance)
        site.disks.remove(before)
        guard !isOver else { return }
        site.world.after(site.world.random.span(500, 20_000)) { [weak self] in self?.start() }
    }

    // MARK: Faults

    func setFull(_ isFull: Bool) { site.disks.setFull(folder, isFull) }

    /// Takes a copy that `restore` may bring back.
    func takeBackup() {
        let folder = "/backup/hub"
        site.disks.copy(self.folder, to: folder)
        backup = Backup(devices, folder: folder) { [unowned self] device, folder in
            try read(device, folder)
        }
    }

    /// Ends the hub and puts the copy in the place of its database, or nothing.
    func replace(byBackup: Bool) throws {
        guard !byBackup || backup != nil else { return }
        crash(afterCalls: 0, losesPower: false)
        let old = byBackup ? backup : nil
        try site.noteLoss(of: self, leaving: old)
        site.ledger.hubLosses += 1
        for device in devices {
            site.ledger.forget("hub_reset_detected", of: device)
            site.ledger.forget("restore_detected", of: device)
        }
        for board in site.boards {
            guard let reference = try board.inspect(nil, { try $0.hubReference() }) else {
                continue
            }
            let isKnown = try old.map { old in
                try inspect(old.folder) { try $0.knows(reference) }
            }
            guard isKnown != true else { continue }
            let event = "hub_reset_detected"
            site.ledger.expect(
                event, of: board.device, after: site.count(event, of: board.device))
        }
        if let old {
            site.disks.copy(old.folder, to: folder)
        } else {
            site.disks.remove(folder)
        }
    }

    /// Cells vanish from the database.
    func lose(_ cells: [Cell], of device: String) throws {
        crash(afterCalls: 0, losesPower: false)
        setFull(false)
        let store = try HubStore(
            path: folder + "/hub.db", epoch: Epoch(random: site.world.random.next(), role: .hub),
            options: options)
        for cell in cells { try store.twin.document(device).remove(cell) }
    }

    // MARK: Words

    /// An operator changes something; `then` hears of success where the hub lives to tell. What
    /// the hub refuses, as it does for a device that it does not know yet, was never said.
    func ask(
        _ change: @escaping @Sendable (FleetHub) async throws -> Void,
        then: @escaping () -> Void
    ) {
        guard isRunning, let hub, let fuse else { return }
        let answer = Answer(then: then)
        site.world.spawn { [self] in
            do {
                try await change(hub)
                if !fuse.isBurnt { answer.then() }
            } catch {
                site.world.note("hub refused \(error)")
            }
        }
    }

    private struct Answer: @unchecked Sendable {
        // @unchecked: called by the thread that runs the world.
        let then: () -> Void
    }

    // MARK: A look at the disk

    /// What the database holds now, from a copy.
    func inspect<Result>(
        _ folder: String? = nil, _ body: (HubStore) throws -> Result
    ) throws -> Result {
        try body(
            look.store(in: folder ?? self.folder) { folder in
                try HubStore(
                    path: folder + "/hub.db", epoch: Epoch(random: 0, role: .hub), options: options)
            })
    }

    func holding(_ device: String) throws -> Holding { try read(device, nil) }

    func shows(_ device: String, _ path: TwinPath, _ value: Value) throws -> Bool {
        try inspect { try $0.twin.document(device).cells(at: path) }
            .contains { $0.value == value }
    }

    private func read(_ device: String, _ folder: String?) throws -> Holding {
        try inspect(folder) { store in
            let twin = store.twin.document(device)
            var holding = Holding(cells: try twin.cells(), context: try twin.causalContext())
            for entry in try store.log.page(device, stream: nil, after: 0, limit: 1_000_000) {
                if case .row(let row) = entry.item, let number = row.value["n"]?.intValue {
                    holding.messages.insert(number)
                }
            }
            for cursor in try store.log.cursors(device) {
                holding.sequences[cursor.sequence] = cursor.upto
            }
            return holding
        }
    }
}
