/// What the hub keeps in its store.
struct HubStore: Sendable {
    /// A device's epoch as the hub first saw it.
    struct Claim: Sendable {
        let epoch: Epoch
        let owner: Owner
        /// The commit at which a device first spoke under this epoch.
        var spoken: Int?
        /// The newest commit of ours that a frame of this epoch knew.
        var latest = 0
    }

    var replica = Replica()
    var commit = 0
    /// The last commit of each of the hub's openings that led to this store.
    var lineage = Context()
    /// The hub's hybrid logical clock.
    var clock = 0
    /// The highest collected removal of each epoch.
    var floors = Context()
    var claims: [Claim] = []
    var log = HubLog()
}

/// The hub and its store. Each frame is one transaction.
struct Hub: Sendable {
    let settings: Settings
    let rules: Rules
    /// What a crash may leave: the first is durable.
    private(set) var disk: [HubStore]
    var backup: HubStore?
    private(set) var epoch: Epoch
    var store: HubStore
    var clockOffset = 0
    var alarms = Alarms()

    // Forgotten with the process.
    /// Whose SEED was asked for: the request of the HELLO.
    var wanted: [(owner: Owner, request: Int)] = []
    /// Frames of which some parts came; one for each device.
    var takings: [Taking] = []
    /// What a push may assume that a device has.
    var told: [(owner: Owner, context: Context)] = []

    // Counted for the checks.
    var resets = 0
    var refusals = 0

    init(_ serials: inout Serials, _ settings: Settings, _ rules: Rules) {
        self.settings = settings
        self.rules = rules
        epoch = Epoch(opening: serials.opening(), owner: .hub)
        store = HubStore()
        disk = [store]
        open(epoch)
    }

    mutating func crash(keeping kept: Int, _ serials: inout Serials) {
        open(disk[kept % disk.count], &serials)
    }

    mutating func wipe(_ serials: inout Serials) { open(HubStore(), &serials) }

    mutating func restore(_ serials: inout Serials) -> Bool {
        guard let backup else { return false }
        open(backup, &serials)
        return true
    }

    private mutating func open(_ found: HubStore, _ serials: inout Serials) {
        let fresh = Epoch(opening: serials.opening(), owner: .hub)
        store = found
        if !rules[.hubClockKept] { store.clock = 0 }
        open(rules[.hubEpochFresh] ? fresh : epoch)
    }

    private mutating func open(_ fresh: Epoch) {
        epoch = fresh
        // Durable before any answer names it, or the next opening would not know its own past.
        store.lineage.advance(epoch, to: store.commit)
        disk = [store]
        wanted = []
        takings = []
        told = []
        guard !rules[.countersUnfolded] else { return }
        store.replica.foldCounters(of: .hub, into: epoch, at: store.commit + 1)
        commit()
    }

    var durable: HubStore { disk[0] }

    /// The end of a transaction.
    mutating func commit() {
        store.commit += 1
        store.lineage.advance(epoch, to: store.commit)
        save()
    }

    mutating func save() {
        if rules[.hubSyncs] { disk = [store] } else { disk.append(store) }
    }

    var reference: Reference { Reference(hub: epoch, commit: store.commit) }

    /// True where this store has the commit in its past.
    func knows(_ reference: Reference) -> Bool {
        store.lineage.names(reference.hub) && store.lineage[reference.hub] >= reference.commit
    }

    mutating func write(_ verb: Verb, _ path: UInt8, value: Int, now: Int) -> Dot? {
        let clock = verb.kind == .config ? tick(now) : 0
        let dot = store.replica.write(
            verb, path, value: value, by: epoch, clock: clock, at: store.commit + 1, rules)
        guard dot != nil else { return nil }
        collect()
        commit()
        return dot
    }

    /// Forgets the oldest removals beyond the bound.
    mutating func collect() {
        while store.replica.removals.count > settings.removalsKept {
            let oldest = store.replica.removals.removeFirst()
            store.floors.advance(oldest.dot.epoch, to: oldest.dot.counter)
        }
    }

    mutating func hear(_ message: Message, from owner: Owner, now: Int) -> [Message] {
        switch message {
        case .hello(let hello): hear(hello, owner, now)
        case .up(let up): hear(up, owner, now)
        case .seed(let seed): hear(seed, owner, now)
        case .rows(let rows): hear(rows, owner)
        case .want, .answer, .reset, .rowsTaken: []
        }
    }

    private mutating func hear(_ rows: LogRows, _ owner: Owner) -> [Message] {
        guard rows.session == epoch || !rules[.sessionNamed] else { return reset(rows.session) }
        guard mayClaim(rows.epoch, owner) else { return refuse() }
        if store.log.take(rows) { commit() }
        let upto = store.log.marks(rows.epoch).count
        return [.rowsTaken(session: rows.session, epoch: rows.epoch, upto: upto)]
    }

    mutating func reset(_ session: Epoch) -> [Message] {
        resets += 1
        return [.reset(session: session)]
    }

    /// A frame that a device must not send: nothing of it is taken, and nothing is answered.
    mutating func refuse() -> [Message] {
        refusals += 1
        return []
    }

    func mayClaim(_ epoch: Epoch, _ owner: Owner) -> Bool {
        guard rules[.ownEpochsOnly] else { return true }
        guard epoch.owner != .hub else { return false }
        return store.claims.first { $0.epoch == epoch }.map { $0.owner == owner } ?? true
    }
}
