import Foundation
import LinuxPlatform
import Platform
import SQLiteStore
import SyncProtocol

/// Carries a script out.
final class ScriptRun {
    private enum Replica {
        case hub(BenchHub)
        case device(BenchDevice)
    }

    private struct Sent {
        var bytes: [UInt8]
        let from: String
        let to: String
        let document: String?
    }

    private let folder: String
    /// All names that the script gives to replicas, bytewise: their places break ties.
    private let names: [String]
    private let firstDevice: String?
    private let compressor = Zstd(prefix: LogBatchCodec.vocabulary)
    private var replicas: [String: Replica] = [:]
    private var frames: [String: Sent] = [:]
    private var backups: [String: Backup] = [:]
    private var backupsTaken = 0

    private struct Backup {
        let path: String
        let isOfHub: Bool
    }

    init(folder: String, lines: [ScriptLine]) {
        self.folder = folder
        var names: Set<String> = []
        var first: String?
        for line in lines {
            switch line.step {
            case .new(let role):
                names.insert(line.at)
                if role == .device, first == nil { first = line.at }
            case .clone(let name): names.insert(name)
            default: break
            }
        }
        self.names = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        firstDevice = first
    }

    /// The line's answer, where it asks.
    func perform(_ line: ScriptLine) throws -> Value? {
        switch line.step {
        case .new(let role): try new(line, role)
        case .write(let write): try self.write(line, write)
        case .log(let key, let value, let milliseconds):
            switch try replica(line) {
            case .device(let device): try device.log(key, value, milliseconds)
            case .hub: throw fault(line, "a hub writes no log")
            }
        case .sync(let to): try sync(line, to)
        case .send(let to, let name): try send(line, to, name)
        case .deliver(let name): try deliver(line, name)
        case .corrupt(let name, let byte, let xor): try corrupt(line, name, byte, xor)
        case .clock(let milliseconds):
            let wall = WallTime(milliseconds: milliseconds)
            switch try replica(line) {
            case .hub(let hub): hub.wall = wall
            case .device(let device): device.wall = wall
            }
        case .crash: try reopen(line) {}
        case .backup(let name): try backup(line, name)
        case .restore(let name): try restore(line, name)
        case .clone(let name): try clone(line, name)
        case .wipe:
            let path = path(line.at)
            try reopen(line) { try Self.remove(path) }
        case .value, .events, .stats: return try ask(line)
        }
        return nil
    }

    // MARK: Replicas

    private func path(_ name: String) -> String {
        folder + "/\(names.firstIndex(of: name) ?? names.count).db"
    }

    private func entropy(_ name: String) -> BenchEntropy {
        let rank = (names.firstIndex(of: name) ?? 0) + 1
        return BenchEntropy(rank: rank, seed: UInt64(rank) &* 0xD1B5_4A32_D192_ED03)
    }

    private func replica(_ line: ScriptLine) throws -> Replica { try replica(line.at, line) }

    private func replica(_ name: String, _ line: ScriptLine) throws -> Replica {
        guard let replica = replicas[name] else { throw fault(line, "there is no \(name)") }
        return replica
    }

    private func new(_ line: ScriptLine, _ role: Epoch.Role) throws {
        guard replicas[line.at] == nil else { throw fault(line, "there is a \(line.at) already") }
        switch role {
        case .hub:
            replicas[line.at] = .hub(
                try BenchHub(
                    path: path(line.at), entropy: entropy(line.at), compressor: compressor))
        case .device:
            replicas[line.at] = .device(
                try BenchDevice(
                    key: line.at, path: path(line.at), entropy: entropy(line.at),
                    compressor: compressor))
        }
    }

    private func reopen(_ line: ScriptLine, _ change: () throws -> Void) throws {
        switch try replica(line) {
        case .hub(let hub): try hub.reopen(change)
        case .device(let device): try device.reopen(change)
        }
    }

    /// A device's document at a hub: the one that the line names, or the first device's.
    private func document(_ line: ScriptLine, _ device: String? = nil) throws -> String {
        if let document = line.document { return Self.shared(document) }
        if let device = line.device ?? device ?? firstDevice { return try key(device) }
        throw fault(line, "there is no device yet, so no document")
    }

    private func key(_ name: String) throws -> String {
        if case .device(let device) = replicas[name] { return device.key }
        return name
    }

    /// A shared document's name has a slash in it, which a device's has not.
    private static func shared(_ name: String) -> String {
        name.contains("/") ? name : "group/" + name
    }

    private func write(_ line: ScriptLine, _ write: TwinWrite) throws {
        switch try replica(line) {
        case .hub(let hub): try hub.write([write], to: try document(line))
        case .device(let device):
            try device.write([write], document: line.document.map(Self.shared))
        }
    }

    // MARK: Exchange

    private func pair(
        _ one: String, _ other: String, _ line: ScriptLine
    ) throws -> (device: BenchDevice, hub: BenchHub) {
        switch (try replica(one, line), try replica(other, line)) {
        case (.device(let device), .hub(let hub)), (.hub(let hub), .device(let device)):
            return (device, hub)
        default: throw fault(line, "\(one) and \(other) are not a device and a hub")
        }
    }

    private func sync(_ line: ScriptLine, _ to: String) throws {
        let (device, hub) = try pair(line.at, to, line)
        let document = line.document.map(Self.shared)
        var frames = try device.begin(document)
        for _ in 0..<BenchReplicas.tripsMaximum where !frames.isEmpty {
            var answers: [[UInt8]] = []
            for frame in frames { answers += try hub.receive(frame, from: device.key) }
            frames = []
            for answer in answers { frames += try device.receive(answer, document) }
        }
        try device.settle()
    }

    private func send(_ line: ScriptLine, _ to: String, _ name: String) throws {
        let document = line.document.map(Self.shared)
        let (device, hub) = try pair(line.at, to, line)
        let bytes: [UInt8]?
        if case .device = try replica(line) {
            bytes = try device.frame(document, keeps: true)
        } else {
            bytes = try hub.frame(to: device.key, document ?? device.key, keeps: true)
        }
        frames[name] = Sent(bytes: bytes ?? [], from: line.at, to: to, document: document)
    }

    private func deliver(_ line: ScriptLine, _ name: String) throws {
        guard let sent = frames[name] else { throw fault(line, "no frame is called \(name)") }
        let (device, hub) = try pair(sent.from, sent.to, line)
        if case .hub = try replica(sent.to, line) {
            _ = try hub.receive(sent.bytes, from: device.key)
        } else {
            _ = try device.receive(sent.bytes, sent.document)
        }
    }

    private func corrupt(_ line: ScriptLine, _ name: String, _ byte: Int, _ xor: UInt8) throws {
        guard let bytes = frames[name]?.bytes else {
            throw fault(line, "no frame is called \(name)")
        }
        guard byte < bytes.count else {
            throw fault(line, "\(name) has \(bytes.count) bytes, so none at \(byte)")
        }
        frames[name]?.bytes[byte] ^= xor
    }

    // MARK: Disks

    private func backup(_ line: ScriptLine, _ name: String) throws {
        let replica = try replica(line)
        let copy = folder + "/backup-\(backupsTaken).db"
        backupsTaken += 1
        try checkpoint(replica)
        try FileManager.default.copyItem(atPath: path(line.at), toPath: copy)
        backups[name] = Backup(path: copy, isOfHub: Self.isHub(replica))
    }

    private func restore(_ line: ScriptLine, _ name: String) throws {
        guard let backup = backups[name] else { throw fault(line, "no backup is called \(name)") }
        guard backup.isOfHub == Self.isHub(try replica(line)) else {
            throw fault(
                line,
                "backup \(name) is a \(backup.isOfHub ? "hub" : "device")'s, \(line.at) is not")
        }
        let path = path(line.at)
        try reopen(line) {
            try Self.remove(path)
            try FileManager.default.copyItem(atPath: backup.path, toPath: path)
        }
    }

    private func clone(_ line: ScriptLine, _ name: String) throws {
        guard case .device(let device) = try replica(line) else {
            throw fault(line, "only a device's card is cloned")
        }
        guard replicas[name] == nil else { throw fault(line, "there is a \(name) already") }
        try checkpoint(.device(device))
        try FileManager.default.copyItem(atPath: path(line.at), toPath: path(name))
        let clone = try BenchDevice(
            key: device.key, path: path(name), entropy: entropy(name), compressor: compressor)
        clone.wall = device.wall
        replicas[name] = .device(clone)
    }

    private static func isHub(_ replica: Replica) -> Bool {
        if case .hub = replica { true } else { false }
    }

    private func checkpoint(_ replica: Replica) throws {
        switch replica {
        case .hub(let hub): try hub.store.checkpoint()
        case .device(let device): try device.store.checkpoint()
        }
    }

    private static func remove(_ path: String) throws {
        for suffix in ["", "-wal", "-shm"]
        where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.removeItem(atPath: path + suffix)
        }
    }

    // MARK: Questions

    private func ask(_ line: ScriptLine) throws -> Value {
        let answer: (name: String, value: Value)
        let replica = try replica(line)
        switch line.step {
        case .value: answer = ("value", try ScriptView.value(view(replica, line)))
        case .events:
            let events =
                switch replica {
                case .hub(let hub): hub.events
                case .device(let device): device.events
                }
            let list = events.map { event in
                Value.object([("event", .string(event.name))] + event.fields)
            }
            answer = ("events", .array(list))
        default: return try stats(line, replica)
        }
        return .object([("at", .string(line.at)), (answer.name, answer.value)])
    }

    private func view(_ replica: Replica, _ line: ScriptLine) throws -> ScriptView.Source {
        switch replica {
        case .hub(let hub): return .hub(hub.store, try document(line))
        case .device(let device):
            return .device(device.store, line.document.map(Self.shared) ?? AgentStore.own)
        }
    }

    private func stats(_ line: ScriptLine, _ replica: Replica) throws -> Value {
        let twin: TwinDocument
        let frame: Int
        let sent: Int
        switch replica {
        case .hub(let hub):
            let name = try document(line)
            twin = hub.store.twin.document(name)
            frame = try hub.frame(to: name, name)?.count ?? 0
            sent = hub.bytesSent
        case .device(let device):
            let name = line.document.map(Self.shared)
            twin = device.store.twin.document(name ?? AgentStore.own)
            frame = try device.frame(name)?.count ?? 0
            sent = device.bytesSent
        }
        return .object([
            ("at", .string(line.at)), ("cells", .int(try twin.count())),
            ("context", .int(Int64(try twin.causalContext().counters.count))),
            ("frame_bytes", .int(Int64(frame))), ("sent_bytes", .int(Int64(sent))),
        ])
    }

    private func fault(_ line: ScriptLine, _ reason: String) -> ScriptFault {
        ScriptFault(line: line.number, reason: reason)
    }
}
