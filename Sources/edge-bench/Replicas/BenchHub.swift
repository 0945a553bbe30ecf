import FleetHub
import Foundation
import Platform
import SQLiteStore
import SyncProtocol

/// A hub in this process: a real store and the real sync, without the rest of a hub.
final class BenchHub {
    let path: String
    private let entropy: BenchEntropy
    private let compressor: any Compressor
    var wall = BenchReplicas.start
    private(set) var events: [SyncEvent] = []
    private(set) var store: HubStore
    private var replica: HubReplica
    private(set) var bytesSent = 0
    /// Whether the frame received last carried writes.
    private(set) var lastBroughtWrites = false

    init(path: String, entropy: BenchEntropy, compressor: any Compressor) throws {
        self.path = path
        self.entropy = entropy
        self.compressor = compressor
        store = try Self.open(path, entropy)
        replica = Self.replica(compressor)
    }

    private static func open(_ path: String, _ entropy: BenchEntropy) throws -> HubStore {
        try HubStore(path: path, epoch: Epoch(random: entropy.opening(), role: .hub))
    }

    private static func replica(_ compressor: any Compressor) -> HubReplica {
        var settings = HubReplica.Settings()
        settings.frameBytes = BenchReplicas.frameBytes
        return HubReplica(settings: settings, codec: FrameCodec(compressor: compressor))
    }

    /// Another opening of what is on the disk now.
    func reopen(_ change: () throws -> Void = {}) throws {
        store = try HubStore(
            path: ":memory:", epoch: Epoch(random: entropy.next(), role: .hub))
        try change()
        store = try Self.open(path, entropy)
        replica = Self.replica(compressor)
    }

    /// One commit; returns the cells that it put.
    @discardableResult
    func write(_ writes: [TwinWrite], to document: String) throws -> [Cell] {
        let results = try store.write { () throws(SQLiteError) in
            try store.apply(writes, to: document, now: wall)
        }
        var changed: [Cell] = []
        for result in results {
            switch result {
            case .success(let outcome): changed += outcome.changed
            case .failure(let fault): events.append(.writeRefused(reason: fault.description))
            }
        }
        return changed
    }

    /// Takes a frame of a device and returns the answers.
    func receive(_ bytes: [UInt8], from device: String) throws -> [[UInt8]] {
        let incoming: HubReplica.Incoming
        do {
            incoming = try replica.decode(bytes, from: device)
        } catch {
            events.append(.frameRefused(reason: "\(error)"))
            return replica.reset(for: bytes).map { [$0] } ?? []
        }
        lastBroughtWrites =
            switch incoming.frame {
            case .up(let up): !up.deltas.isEmpty
            case .hello(let hello): !hello.deltas.isEmpty
            default: false
            }
        let outcome = try store.write { () throws(SQLiteError) in
            var outcome = try replica.receive(incoming, from: device, store, now: wall)
            if let (batch, tag) = outcome.log {
                let upto = try store.log.ingest(device, batch)
                if let frame = replica.logAcknowledged(
                    batch.sequence, upto: upto, to: device, tag: tag)
                {
                    outcome.replies.append(frame)
                }
            }
            return outcome
        }
        events += outcome.events
        bytesSent += outcome.replies.reduce(0) { $0 + $1.count }
        return outcome.replies
    }

    /// The frame that this hub would send now: news in the device's session, or, where it has
    /// heard nothing of the device yet, all it has.
    func frame(to device: String, _ document: String, keeps: Bool = false) throws -> [UInt8]? {
        var copy = replica
        defer { if keeps { replica = copy } }
        if let news = try copy.news(of: document, to: device, store).first { return news }
        return try copy.unasked(document, store, now: wall)
    }
}
