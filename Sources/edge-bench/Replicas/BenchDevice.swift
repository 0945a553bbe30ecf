import EdgeAgent
import Foundation
import Platform
import SQLiteStore
import SyncProtocol

/// A board in this process: a real store and the real sync, without the rest of an agent.
final class BenchDevice {
    /// The device key: a clone has that of the board it was copied from.
    let key: String
    let path: String
    private let entropy: BenchEntropy
    private let compressor: any Compressor
    var wall = BenchReplicas.start
    private(set) var events: [SyncEvent] = []
    private(set) var bytesSent = 0
    /// Frames that brought writes which were news here.
    private(set) var joinedFrames = 0
    /// What the hub has acknowledged of logs that are not in the store: those of `encode`.
    private(set) var acknowledged: [LogSequence: UInt64] = [:]
    private(set) var store: AgentStore
    private var replicas: [String: DeviceReplica] = [:]
    private var feeder = LogFeeder()
    private var now = MonotonicTime(milliseconds: 0)

    init(
        key: String, path: String, entropy: BenchEntropy, compressor: any Compressor
    ) throws {
        self.key = key
        self.path = path
        self.entropy = entropy
        self.compressor = compressor
        store = try Self.open(path, key, entropy)
        offerRows()
    }

    private static func open(
        _ path: String, _ key: String, _ entropy: BenchEntropy
    ) throws -> AgentStore {
        try AgentStore(
            path: path, device: key, epoch: Epoch(random: entropy.opening(), role: .device))
    }

    /// Another opening of what is on the disk now.
    func reopen(_ change: () throws -> Void = {}) throws {
        replicas = [:]
        feeder = LogFeeder()
        // The old connection has to be gone before its file is changed under it.
        store = try AgentStore(
            path: ":memory:", device: key, epoch: Epoch(random: entropy.next(), role: .device))
        try change()
        store = try Self.open(path, key, entropy)
        offerRows()
    }

    // MARK: Writes

    /// One commit.
    @discardableResult
    func write(_ writes: [TwinWrite], document: String? = nil) throws -> AgentStore.Committed {
        var batch = AgentStore.Batch(now: wall)
        for write in writes {
            if document != nil, write.path.kind == .singleWriter {
                note(.writeRefused(reason: "\(write.path.text) belongs to a device's document"))
            } else {
                batch.writes.append(AgentStore.Write(write, document: document))
            }
        }
        confirm(&batch)
        let committed = try store.commit(batch)
        for fault in committed.refused { note(.writeRefused(reason: fault.description)) }
        return committed
    }

    func log(_ key: String, _ value: Value, _ milliseconds: Int64?) throws {
        let wall = milliseconds.map { WallTime(milliseconds: $0) } ?? self.wall
        let row = LogRow(
            time: LogTime(
                boot: BootID(rawValue: store.epoch.nonce),
                monotonic: MonotonicTime(milliseconds: 0), offset: Milliseconds(wall.milliseconds),
                quality: .synchronized),
            key: key, value: value)
        var batch = AgentStore.Batch(now: self.wall)
        batch.rows = [AgentStore.Rows(stream: key, priority: .telemetry, rows: [row])]
        confirm(&batch)
        _ = try store.commit(batch)
        offerRows()
    }

    private func confirm(_ batch: inout AgentStore.Batch) {
        for (document, replica) in replicas {
            if let confirmation = replica.confirmation { batch.confirmed[document] = confirmation }
        }
    }

    private func offerRows() {
        for stream in store.outbox.streams.values {
            feeder.onCommitted(
                stream.sequence, priority: stream.priority, last: stream.last,
                acknowledged: stream.acknowledged)
        }
    }

    private func note(_ event: SyncEvent) { events.append(event) }

    // MARK: Sync

    private func replica(_ document: String?) throws -> DeviceReplica {
        if let replica = replicas[document ?? AgentStore.own] { return replica }
        return DeviceReplica(
            document: document,
            session: DeviceSession(
                entropy: entropy, confirmed: try store.confirmed(document),
                reference: try store.hubReference(document)),
            codec: FrameCodec(compressor: compressor), epoch: store.epoch,
            frameBytes: BenchReplicas.frameBytes)
    }

    /// Begins an exchange: the frames to send first.
    func begin(_ document: String?) throws -> [[UInt8]] {
        var replica = try replica(document)
        _ = replica.onDisconnected(store, now)
        let effects = replica.onConnected(store, now)
        replicas[document ?? AgentStore.own] = replica
        return try carryOut(effects, document)
    }

    func settle() throws {
        var batch = AgentStore.Batch(now: wall)
        confirm(&batch)
        _ = try store.commit(batch)
    }

    /// The frame that this board would send now; nothing else of it changes.
    func frame(_ document: String?, keeps: Bool = false) throws -> [UInt8]? {
        var replica = try replica(document)
        _ = replica.onDisconnected(store, now)
        let effects = replica.onConnected(store, now)
        if keeps { replicas[document ?? AgentStore.own] = replica }
        for effect in effects {
            if case .send(let bytes) = effect { return bytes }
        }
        return nil
    }

    /// Takes a frame of the hub and returns what this board answers.
    func receive(_ bytes: [UInt8], _ document: String?) throws -> [[UInt8]] {
        var replica = try replica(document)
        let effects = replica.receive(bytes, store, now)
        replicas[document ?? AgentStore.own] = replica
        return try carryOut(effects, document)
    }

    private func carryOut(
        _ effects: [DeviceReplica.Effect], _ document: String?
    ) throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        for effect in effects {
            switch effect {
            case .send(let bytes): frames.append(bytes)
            case .joined: joinedFrames += 1
            case .confirmed: break
            case .opened where document != nil, .closed where document != nil: break
            case .opened(let session):
                feeder.onOpened(
                    session, acknowledged: store.outbox.streams.mapValues(\.acknowledged))
            case .closed: feeder.onClosed()
            case .logAcknowledged(let sequence, let upto):
                try acknowledged(sequence, upto, document)
            case .event(let event): note(event)
            case .failed(let error): throw error
            }
        }
        if document == nil { frames += try feed() }
        bytesSent += frames.reduce(0) { $0 + $1.count }
        return frames
    }

    /// Whether a session stands in which rows may flow.
    var isOpen: Bool { replicas[AgentStore.own]?.isOpen ?? false }

    /// Rows that come from elsewhere than the store, in the words of the session; nil where none
    /// stands.
    func encode(_ batch: LogBatch) -> [UInt8]? { replicas[AgentStore.own]?.encode(batch) }

    private func acknowledged(
        _ sequence: LogSequence, _ upto: UInt64, _ document: String?
    ) throws {
        guard store.outbox.streams[sequence] != nil else {
            acknowledged[sequence] = upto
            return
        }
        guard let session = replicas[document ?? AgentStore.own]?.session.session else { return }
        switch feeder.onAcknowledged(sequence, upto: upto, session: session) {
        case .advanced(let upto), .regressed(let upto):
            var batch = AgentStore.Batch(now: wall)
            batch.acknowledgements[sequence] = upto
            confirm(&batch)
            _ = try store.commit(batch)
        case .unchanged: break
        }
    }

    private func feed() throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        while let (sequence, first) = feeder.next(lowest: .telemetry) {
            guard
                let batch = try store.outbox.batch(
                    sequence, from: first, bytes: BenchReplicas.frameBytes),
                let bytes = replicas[AgentStore.own]?.encode(batch)
            else {
                feeder.forget(sequence)
                continue
            }
            frames.append(bytes)
            feeder.onSent(sequence, through: batch.last, at: now)
        }
        return frames
    }
}
