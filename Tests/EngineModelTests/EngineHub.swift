import FleetHub
import Platform
import SQLiteStore
import SyncModel
import SyncProtocol

/// The hub: its real store and its real side of the sync.
final class EngineHub {
    let document: String?
    private let disk: EngineDisk
    private let entropy: EngineEntropy
    private let settings: HubReplica.Settings
    private let defect: Defect?
    private var path: String
    private var backup: String?
    private(set) var store: HubStore
    private var replica: HubReplica
    var clockOffset = 0
    private(set) var events: [SyncEvent] = []

    init(
        document: String?, disk: EngineDisk, entropy: EngineEntropy, settings: HubReplica.Settings,
        defect: Defect?
    ) throws {
        self.document = document
        self.disk = disk
        self.entropy = entropy
        self.settings = settings
        self.defect = defect
        path = try disk.file()
        store = try HubStore(path: path, epoch: entropy.epoch(.hub))
        replica = HubReplica(settings: settings)
    }

    /// The name of the document that a device syncs here.
    func name(_ device: String) -> String { document ?? device }

    // MARK: Openings

    private func open(_ file: String) throws {
        path = file
        let fresh = entropy.epoch(.hub)
        let epoch = defect == .hubEpochContinued ? store.epoch : fresh
        store = try HubStore(path: path, epoch: epoch)
        replica = HubReplica(settings: settings)
    }

    func crash() throws {
        try store.checkpoint()
        try open(try disk.file(path))
    }

    func wipe() throws { try open(try disk.file()) }

    func keep() throws {
        try store.checkpoint()
        backup = try disk.file(path)
    }

    /// False where there is no backup.
    func restore() throws -> Bool {
        guard let backup else { return false }
        try open(try disk.file(backup))
        return true
    }

    // MARK: Writes and frames

    // Never behind a board that has seen it: the model's hub stamps one tick later, too.
    private func wall(_ now: Int) -> WallTime { EngineTime.wall(now + 1 + clockOffset) }

    func write(_ write: TwinWrite, of device: String, now: Int) throws {
        try store.write { () throws(SQLiteError) in
            _ = try store.apply(write, to: name(device), now: wall(now))
            try store.twin.document(name(device))
                .collectRemovals(maximum: settings.removalsMaximum)
        }
        try loseRemovals(device)
    }

    /// What the hub answers.
    func receive(_ bytes: [UInt8], from device: String, now: Int) throws -> [[UInt8]] {
        let incoming: HubReplica.Incoming
        do {
            incoming = try replica.decode(bytes, from: device)
        } catch {
            events.append(.frameRefused(reason: "\(error)"))
            return []
        }
        let body = { () throws(SQLiteError) -> HubReplica.Outcome in
            var outcome = try self.replica.receive(
                incoming, from: device, self.store, now: self.wall(now))
            guard let (batch, tag) = outcome.log else { return outcome }
            let upto = try self.store.log.ingest(device, batch)
            if let frame = self.replica.logAcknowledged(
                batch.sequence, upto: upto, to: device, tag: tag)
            {
                outcome.replies.append(frame)
            }
            return outcome
        }
        let outcome = try replica.isQuestion(incoming.frame) ? body() : store.write(body)
        events += outcome.events
        try loseRemovals(device)
        return outcome.replies
    }

    /// What the hub says unasked.
    func push(to device: String) throws -> [[UInt8]] {
        let frames = try replica.news(of: name(device), to: device, store)
        return frames.isEmpty ? [replica.hint(store, of: document ?? "")] : frames
    }

    private func loseRemovals(_ device: String) throws {
        guard defect == .removalsLost else { return }
        let twin = store.twin.document(name(device))
        try store.write { () throws(SQLiteError) in
            for epoch in try twin.causalContext().counters.keys {
                try twin.forgetRemovals(of: epoch, upto: UInt64(Int64.max))
            }
        }
    }
}
