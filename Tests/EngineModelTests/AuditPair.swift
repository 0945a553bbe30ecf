import EdgeAgent
import FleetHub
import Platform
import SyncProtocol

@testable import SQLiteStore

/// A board and a hub on real stores, whose databases a test may damage.
final class AuditPair {
    static let key = "board"

    let device: AgentStore
    let hub: HubStore
    private var replica: DeviceReplica
    private var hubReplica: HubReplica
    private var uptime = MonotonicTime(milliseconds: 0)
    private(set) var deviceEvents: [SyncEvent] = []
    private(set) var hubEvents: [SyncEvent] = []
    /// Types of frames that were sent, as the wire numbers them, and their lengths.
    private(set) var sent: [(kind: UInt8, bytes: Int)] = []
    let wall = EngineTime.wall(0)
    /// What becomes of a frame on its way: how often it arrives.
    var arrivals: () -> Int = { 1 }
    /// What becomes of the order of several.
    var order: ([[UInt8]]) -> [[UInt8]] = { $0 }

    init(_ disk: EngineDisk, _ entropy: EngineEntropy, frameBytes: Int = 4096) throws {
        device = try AgentStore(
            path: try disk.file(), device: Self.key, epoch: Epoch(nonce: entropy.next() & ~1))
        hub = try HubStore(path: try disk.file(), epoch: Epoch(nonce: entropy.next() | 1))
        replica = DeviceReplica(
            session: DeviceSession(entropy: entropy), codec: FrameCodec(), epoch: device.epoch,
            frameBytes: frameBytes)
        hubReplica = HubReplica()
    }

    var mine: TwinDocument { device.document }
    var theirs: TwinDocument { hub.twin.document(Self.key) }

    var isEqual: Bool {
        get throws {
            try mine.cells().sorted { $0.dot < $1.dot } == theirs.cells().sorted { $0.dot < $1.dot }
                && mine.root() == theirs.root()
        }
    }

    /// What one side alone holds; for the reader of a failure.
    var differences: String {
        get throws {
            let (ours, others) = (Set(try mine.cells()), Set(try theirs.cells()))
            func text(_ cells: Set<Cell>) -> String {
                cells.sorted { $0.dot < $1.dot }.map {
                    "\($0.path.text) \($0.dot.epoch.text):\($0.dot.counter) @\($0.stamp) "
                        + $0.value.json
                }.joined(separator: ", ")
            }
            return "board \(text(ours.subtracting(others))); hub \(text(others.subtracting(ours)))"
        }
    }

    func write(_ writes: [TwinWrite]) throws {
        var batch = AgentStore.Batch(now: wall)
        batch.writes = writes.map { AgentStore.Write($0) }
        _ = try device.commit(batch)
    }

    func hubWrite(_ writes: [TwinWrite]) throws {
        try hub.write { () throws(SQLiteError) in
            for write in writes { _ = try hub.apply(write, to: Self.key, now: wall) }
        }
    }

    /// Something happens to a database that no rule knows of.
    func damage(_ sql: String, atHub: Bool) throws {
        if atHub { try hub.connection.execute(sql) } else { try device.connection.execute(sql) }
    }

    /// The link comes up, for the first time or again.
    func connect() throws {
        _ = replica.onDisconnected(device, uptime)
        try exchange(carryOut(replica.onConnected(device, uptime)))
    }

    /// As long as nothing happens until the board's next deadline.
    func wait() throws {
        uptime = max(uptime, replica.session.deadline ?? uptime)
        try exchange(carryOut(replica.onTick(device, uptime)))
    }

    func changed() throws { try exchange(carryOut(replica.onChanged(device, uptime))) }

    private func exchange(_ first: [[UInt8]]) throws {
        var up = first
        while !up.isEmpty {
            var down: [[UInt8]] = []
            for frame in travel(up) { down += try receive(frame) }
            up = []
            for frame in travel(down) {
                up += try carryOut(replica.receive(frame, device, uptime))
            }
        }
    }

    private func travel(_ frames: [[UInt8]]) -> [[UInt8]] {
        sent += frames.map { ($0[0] & 0x0F, $0.count) }
        return order(frames.flatMap { Array(repeating: $0, count: arrivals()) })
    }

    private func carryOut(_ effects: [DeviceReplica.Effect]) throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        for effect in effects {
            switch effect {
            case .send(let bytes): frames.append(bytes)
            case .event(let event): deviceEvents.append(event)
            case .failed(let error): throw error
            case .joined, .opened, .closed, .logAcknowledged, .confirmed: break
            }
        }
        return frames
    }

    private func receive(_ bytes: [UInt8]) throws -> [[UInt8]] {
        let incoming = try hubReplica.decode(bytes, from: Self.key)
        let outcome = try hub.write { () throws(SQLiteError) in
            try hubReplica.receive(incoming, from: Self.key, hub, now: wall)
        }
        hubEvents += outcome.events
        return outcome.replies
    }

    func forgetSent() { sent = [] }

    /// How often each side has said that both differ.
    var reports: (device: Int, hub: Int) {
        let name = "divergence_detected"
        return (
            deviceEvents.count { $0.name == name }, hubEvents.count { $0.name == name }
        )
    }
}
