/// What a device keeps in its store.
struct DeviceStore: Sendable {
    var replica = Replica()
    /// How far complete answers have covered the device's own epochs.
    var confirmed = Context()
    /// The hub commit that the device has read up to.
    var reference: Reference?
    /// The newest commit of which it joined a part.
    var heard: Reference?
    /// Its hybrid logical clock; only config stamps feed it.
    var clock = 0
    /// Counts the advances of the context, so that the recent ones are known.
    var step = 0
    var log = DeviceLog()
    var epoch: Epoch
}

/// A board with one device's key. A clone has the key of its original and a copy of its disk.
struct Board: Sendable {
    let owner: Owner
    let settings: Settings
    let rules: Rules

    /// What a crash may leave: the first is durable, the others were written and not synced.
    private(set) var disk: [DeviceStore]
    var backup: DeviceStore?
    var store: DeviceStore
    /// Wall clock minus true time.
    var clockOffset = 0
    var alarms = Alarms()

    // Forgotten with the process.
    var session: Epoch?
    /// The latest HELLO's request, and the latest UP's question.
    var request: Int?
    var question: Int?
    /// What the latest HELLO said was heard.
    var heardInHello: Reference?
    /// What the hub of this session has of the device's epochs.
    var acknowledged = Context()
    /// Parts of the awaited answer.
    var parts: [Answer] = []
    /// Intervals that the last UP named.
    private(set) var intervalsAsked = 0

    init(
        owner: Owner, disk: DeviceStore?, _ serials: inout Serials, _ settings: Settings,
        _ rules: Rules
    ) {
        self.owner = owner
        self.settings = settings
        self.rules = rules
        let epoch = Epoch(opening: serials.opening(), owner: owner)
        store = disk ?? DeviceStore(epoch: epoch)
        self.disk = [store]
        open(epoch)
    }

    /// The store is opened after a crash that kept `kept` of the unsynced writes.
    mutating func crash(keeping kept: Int, _ serials: inout Serials) {
        store = disk[kept % disk.count]
        open(Epoch(opening: serials.opening(), owner: owner))
    }

    mutating func restore(_ serials: inout Serials) -> Bool {
        guard let backup else { return false }
        store = backup
        open(Epoch(opening: serials.opening(), owner: owner))
        return true
    }

    private mutating func open(_ epoch: Epoch) {
        if rules[.deviceEpochFresh] { store.epoch = epoch }
        disk = [store]
        session = nil
        request = nil
        question = nil
        parts = []
    }

    var durable: DeviceStore { disk[0] }

    mutating func written() { disk.append(store) }

    mutating func sync() { disk = [store] }

    mutating func nextStep() -> Int {
        store.step += 1
        return store.step
    }

    // MARK: Local writes

    mutating func write(_ verb: Verb, _ path: UInt8, value: Int, now: Int) -> Dot? {
        let clock = max(store.clock + 1, now + clockOffset)
        let dot = store.replica.write(
            verb, path, value: value, by: store.epoch, clock: clock, at: nextStep(), rules)
        guard dot != nil else { return nil }
        if verb.kind == .config { store.clock = clock }
        written()
        return dot
    }

    /// In session with this hub, and with nothing to tell it.
    func isAtRest(with hub: Epoch) -> Bool {
        session == hub && intervalsAsked == 0
            && store.log.sequences.allSatisfy { $0.marks.isEmpty && $0.heard != nil }
    }

    mutating func log() {
        store.log.append(store.epoch)
        written()
    }

    mutating func dropOldestRow() {
        store.log.dropOldest()
        written()
    }

    // MARK: Asking

    /// HELLO without a session, UP with one; and the next log rows.
    mutating func ask(early: Bool, _ serials: inout Serials) -> [Message] {
        if rules[.deviceSyncs] { sync() }
        parts = []
        let number = serials.number()
        var recent = store.replica.context.recent(settings.listed)
        guard let session else {
            request = number
            heardInHello = store.heard
            let knowledge = Knowledge(
                epoch: store.epoch, reference: store.reference, recent: recent)
            let intervals = early ? ownIntervals(beyond: store.confirmed) : []
            return [
                .hello(
                    Hello(
                        request: number, knowledge: knowledge, heard: store.heard,
                        early: intervals))
            ]
        }
        question = number
        recent.advance(session, to: store.replica.context[session])
        let knowledge = Knowledge(epoch: store.epoch, reference: store.reference, recent: recent)
        let intervals = ownIntervals(beyond: acknowledged)
        intervalsAsked = intervals.count
        if !rules[.removalsUntilConfirmed] { store.replica.removals = [] }
        let parts = Parts.cut(intervals, size: settings.partSize)
        var messages = parts.enumerated().map { part, intervals in
            Message.up(
                Up(
                    session: session, question: number, knowledge: knowledge,
                    place: Place(part: part, of: parts.count), intervals: intervals))
        }
        if let rows = store.log.next(session, rules) { messages.append(.rows(rows)) }
        return messages
    }

    private func ownIntervals(beyond known: Context) -> [Interval] {
        store.replica.context.entries.compactMap { entry in
            let since = known[entry.epoch]
            guard entry.epoch.owner == owner, entry.counter > since else { return nil }
            return store.replica.interval(entry.epoch, since: since, upto: entry.counter)
        }
    }

    /// Frames of a stolen board: they claim a future of another writer's epoch.
    func forge(asSeed: Bool, hub: Epoch) -> Message? {
        let others = store.replica.context.entries.filter { $0.epoch.owner != owner }
        guard let victim = others.last(where: { $0.epoch.owner != .hub }) ?? others.last
        else { return nil }
        let place = Place(part: 0, of: 1)
        let interval = Interval(
            epoch: victim.epoch, since: asSeed ? 0 : victim.counter, upto: victim.counter + 1000,
            cells: [], removals: [])
        if asSeed {
            return .seed(
                Seed(
                    session: hub, request: -1, epoch: store.epoch, place: place,
                    intervals: [interval]))
        }
        let knowledge = Knowledge(
            epoch: store.epoch, reference: store.reference, recent: Context())
        return .up(
            Up(
                session: hub, question: -1, knowledge: knowledge, place: place,
                intervals: [interval]))
    }
}
