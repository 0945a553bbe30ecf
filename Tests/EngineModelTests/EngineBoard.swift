import EdgeAgent
import Platform
import SQLiteStore
import SyncModel
import SyncProtocol

/// A board: its real store, its real side of the sync and of the log.
final class EngineBoard {
    let owner: Owner
    let document: String?
    private let disk: EngineDisk
    private let entropy: EngineEntropy
    private let frameBytes: Int
    private let defect: Defect?
    private var path: String
    private var backup: String?
    private(set) var store: AgentStore
    private var replica: DeviceReplica
    private var feeder = LogFeeder()
    /// Its uptime. Moves only when a deadline is waited for.
    private var uptime = MonotonicTime(milliseconds: 0)
    var clockOffset = 0
    private(set) var events: [SyncEvent] = []

    init(
        owner: Owner, document: String?, from original: String?, disk: EngineDisk,
        entropy: EngineEntropy, frameBytes: Int, defect: Defect?
    ) throws {
        self.owner = owner
        self.document = document
        self.disk = disk
        self.entropy = entropy
        self.frameBytes = frameBytes
        self.defect = defect
        path = try disk.file(original)
        store = try Self.open(path, owner, entropy.epoch(owner))
        replica = try Self.replica(store, document, entropy, frameBytes)
        try offerRows()
    }

    static func key(_ owner: Owner) -> String { "board-\(owner)" }
    var key: String { Self.key(owner) }
    var twin: TwinDocument { store.twin.document(document ?? AgentStore.own) }

    // MARK: Openings

    private static func open(
        _ path: String, _ owner: Owner, _ epoch: SyncProtocol.Epoch
    ) throws -> AgentStore {
        var options = AgentStore.Options()
        // A row is too old when the run says so.
        options.ageMaximum = 0
        return try AgentStore(path: path, device: key(owner), epoch: epoch, options: options)
    }

    private static func replica(
        _ store: AgentStore, _ document: String?, _ entropy: EngineEntropy, _ frameBytes: Int
    ) throws -> DeviceReplica {
        DeviceReplica(
            document: document,
            session: DeviceSession(
                entropy: entropy, confirmed: try store.confirmed(document),
                reference: try store.hubReference(document)),
            codec: FrameCodec(), epoch: store.epoch, frameBytes: frameBytes)
    }

    private func open(_ file: String) throws {
        path = file
        let fresh = entropy.epoch(owner)
        store = try Self.open(path, owner, defect == .epochContinued ? store.epoch : fresh)
        replica = try Self.replica(store, document, entropy, frameBytes)
        feeder = LogFeeder()
        try offerRows()
    }

    /// A restart. Each commit of the engine is durable, so nothing of the store is lost; what the
    /// session knew is.
    func crash() throws { try open(try copy()) }

    func keep() throws { backup = try copy() }

    func restore() throws -> Bool {
        guard let backup else { return false }
        try open(try disk.file(backup))
        return true
    }

    /// A copy of what is on the card.
    func copy() throws -> String {
        try store.checkpoint()
        return try disk.file(path)
    }

    // MARK: Writes

    func write(_ write: TwinWrite, now: Int) throws {
        var batch = AgentStore.Batch(now: EngineTime.wall(now + clockOffset))
        batch.writes = [AgentStore.Write(write, document: document)]
        try commit(batch)
    }

    /// The row's number in its sequence.
    func log(now: Int) throws -> (sequence: LogSequence, number: UInt64) {
        let time = LogTime(
            boot: BootID(rawValue: store.epoch.nonce),
            monotonic: MonotonicTime(milliseconds: Int64(now)),
            offset: Milliseconds(EngineTime.start), quality: .synchronized)
        let row = LogRow(time: time, key: "row", value: .int(Int64(now)))
        var batch = AgentStore.Batch(now: EngineTime.wall(now + clockOffset))
        batch.rows = [AgentStore.Rows(stream: "telemetry", priority: .telemetry, rows: [row])]
        try commit(batch)
        try offerRows()
        let sequence = LogSequence(stream: "telemetry", epoch: store.epoch)
        return (sequence, store.outbox.streams[sequence]?.last ?? 0)
    }

    /// The bound on age takes the oldest row that was not sent.
    func dropRow() throws {
        for stream in store.outbox.streams.values.sorted(by: { $0.sequence < $1.sequence }) {
            let first = max(stream.acknowledged, feeder.sent[stream.sequence] ?? 0) + 1
            let batch = try store.outbox.batch(stream.sequence, from: first, bytes: 1 << 20)
            for case .row(let row) in batch?.items ?? [] {
                let after = WallTime(milliseconds: row.time.wall.milliseconds + 1)
                _ = try store.enforceBounds(sent: feeder.sent, now: after)
                return
            }
        }
    }

    /// What the session knows of confirmations goes with any commit, and here by itself.
    func settle(now: Int) throws {
        try commit(AgentStore.Batch(now: EngineTime.wall(now)))
    }

    private func commit(_ batch: AgentStore.Batch) throws {
        var batch = batch
        if let confirmation = replica.confirmation {
            batch.confirmed[document ?? AgentStore.own] = confirmation
        }
        _ = try store.commit(batch)
    }

    private func offerRows() throws {
        for stream in store.outbox.streams.values {
            feeder.onCommitted(
                stream.sequence, priority: stream.priority, last: stream.last,
                acknowledged: stream.acknowledged)
        }
    }

    // MARK: Sync

    /// The link breaks.
    func cut() throws { _ = try carryOut(replica.onDisconnected(store, uptime)) }

    /// The link comes up again: a greeting, or in a session a question. Frames of before may
    /// still be on their way, as a broker keeps them.
    func ask() throws -> [[UInt8]] {
        try cut()
        return try carryOut(replica.onConnected(store, uptime))
    }

    /// What was asked last was not answered in time, or an idle board's time has come.
    func wait() throws -> [[UInt8]] {
        guard let deadline = replica.session.deadline else { return try ask() }
        uptime = max(uptime, deadline)
        feeder.onTick(uptime)
        return try carryOut(replica.onTick(store, uptime))
    }

    func receive(_ bytes: [UInt8]) throws -> [[UInt8]] {
        try carryOut(replica.receive(bytes, store, uptime))
    }

    private func carryOut(_ effects: [DeviceReplica.Effect]) throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        for effect in effects {
            switch effect {
            case .send(let bytes): frames.append(bytes)
            case .joined, .confirmed: break
            case .opened(let session):
                feeder.onOpened(
                    session, acknowledged: store.outbox.streams.mapValues(\.acknowledged))
            case .closed: feeder.onClosed()
            case .logAcknowledged(let sequence, let upto): try acknowledged(sequence, upto)
            case .event(let event): events.append(event)
            case .failed(let error): throw error
            }
        }
        if defect == .sentIsConfirmed, !frames.isEmpty, let reference = replica.session.reference {
            var batch = AgentStore.Batch(now: EngineTime.wall(0))
            batch.confirmed[document ?? AgentStore.own] = AgentStore.Confirmation(
                context: try twin.causalContext(), reference: reference)
            _ = try store.commit(batch)
        }
        return frames + (document == nil ? try feed() : [])
    }

    private func acknowledged(_ sequence: LogSequence, _ upto: UInt64) throws {
        guard let session = replica.session.session else { return }
        switch feeder.onAcknowledged(sequence, upto: upto, session: session) {
        case .advanced(let upto), .regressed(let upto): try release(sequence, upto)
        case .unchanged: break
        }
    }

    private func release(_ sequence: LogSequence, _ upto: UInt64) throws {
        var batch = AgentStore.Batch(now: EngineTime.wall(0))
        batch.acknowledgements[sequence] = upto
        try commit(batch)
    }

    private func feed() throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        while let (sequence, first) = feeder.next(lowest: .telemetry) {
            guard
                let batch = try store.outbox.batch(sequence, from: first, bytes: frameBytes),
                let bytes = replica.encode(batch)
            else {
                feeder.forget(sequence)
                continue
            }
            frames.append(bytes)
            feeder.onSent(sequence, through: batch.last, at: uptime)
            if defect == .sentIsReleased { try release(sequence, batch.last) }
        }
        return frames
    }

    /// A stolen board claims the future of another writer's epoch.
    func forge(asSeed: Bool) throws -> [UInt8]? {
        let entries = try twin.causalContext().sorted
        let own = Set(
            try store.unconfirmed(CausalContext(), document: document, bytes: 1 << 20)
                .deltas.map(\.epoch))
        let others = entries.filter { !own.contains($0.epoch) && $0.epoch != store.epoch }
        guard let victim = others.last(where: { $0.epoch.role == .device }) ?? others.last
        else { return nil }
        let claim = IntervalDelta(
            epoch: victim.epoch, since: asSeed ? 0 : victim.counter,
            upto: victim.counter + 1000, cells: [])
        let frame: Frame =
            asSeed
            ? .seed(request: entropy.next(), deltas: [claim], isLast: true)
            : .hello(
                Frame.Hello(
                    request: entropy.next(), epoch: store.epoch,
                    reference: try store.hubReference(document), recent: CausalContext(),
                    deltas: [claim]))
        var wire = WireSession(device: store.epoch, hub: SyncProtocol.Epoch(nonce: 0))
        return FrameCodec().encode(
            frame, from: .device, session: &wire, document: document ?? "")
    }
}
