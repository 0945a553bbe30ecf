import Foundation
import Platform
import SyncProtocol

@testable import SQLiteStore

/// A folder of its own. All of them go when the tests end: a database may outlive its test's last
/// use of the folder.
struct StoreFolder {
    private static let root: String = {
        let root = FileManager.default.temporaryDirectory
            .appending(path: "sqlite-store-tests-\(UUID().uuidString)").path
        atexit { try? FileManager.default.removeItem(atPath: StoreFolder.root) }
        return root
    }()

    let path: String

    init() throws {
        path = Self.root + "/" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    func file(_ name: String = "store.db") -> String { path + "/" + name }

    /// Copies a database as a crash leaves it: with its write-ahead log.
    func copy(_ name: String, to target: String) throws {
        for suffix in ["", "-wal"] {
            let source = file(name) + suffix
            guard FileManager.default.fileExists(atPath: source) else { continue }
            try FileManager.default.copyItem(atPath: source, toPath: file(target) + suffix)
        }
    }
}

/// What stops a transaction in the middle, for a test of its rollback.
let stop = SQLiteError(code: 1, message: "stopped by the test", statement: nil)

let board = "board-1"
let now = WallTime(milliseconds: 1_790_000_000_000)
let day: Int64 = 86_400_000

func epoch(_ number: UInt64) -> Epoch { Epoch(random: number << 1, role: .device) }
func hubEpoch(_ number: UInt64) -> Epoch { Epoch(random: number << 1, role: .hub) }

func sequence(_ stream: String, _ epoch: Epoch) -> LogSequence {
    LogSequence(stream: stream, epoch: epoch)
}

/// A row from `wall`, written `monotonic` after boot.
func row(
    _ number: Int, wall: WallTime = now, monotonic: Int64 = 1000,
    quality: ClockQuality = .synchronized, bytes: Int = 0, boot: UInt64 = 1
) -> LogRow {
    let value: [(String, Value)] =
        [("number", .int(Int64(number)))]
        + (bytes > 0 ? [("fill", .bytes([UInt8](repeating: 7, count: bytes)))] : [])
    return LogRow(
        time: LogTime(
            boot: BootID(rawValue: boot), monotonic: MonotonicTime(milliseconds: monotonic),
            offset: Milliseconds(wall.milliseconds - monotonic), quality: quality),
        key: "devices/lamp", value: .object(value))
}

/// A device's frame in a session that has just begun.
func encode(_ frame: Frame) -> [UInt8] {
    var wire = WireSession(device: epoch(1), hub: hubEpoch(1))
    return FrameCodec().encode(frame, from: .device, session: &wire)
}

func decode(_ bytes: [UInt8]) throws -> Frame {
    var wire = WireSession(device: epoch(1), hub: hubEpoch(1))
    let codec = FrameCodec()
    return try codec.decode(bytes, codec.header(bytes), from: .device, session: &wire)
}

extension LogItem {
    /// The number that `row` put into the value.
    var number: Int64? {
        if case .row(let row) = self { row.value["number"]?.intValue } else { nil }
    }

    var gap: LogGap? { if case .gap(let gap) = self { gap } else { nil } }
}

extension AgentStore {
    convenience init(
        _ folder: StoreFolder, epoch: Epoch, name: String = "store.db",
        bytesMaximum: Int64 = 64 << 20, ageMaximum: Milliseconds = 30 * 86_400_000
    ) throws(SQLiteError) {
        var options = AgentStore.Options()
        options.bytesMaximum = bytesMaximum
        options.ageMaximum = ageMaximum
        try self.init(path: folder.file(name), device: board, epoch: epoch, options: options)
    }

    @discardableResult
    func write(_ path: String, _ value: Value, at time: WallTime = now) throws -> [Cell] {
        try write([.set(TwinPath(path), value)], at: time).changed
    }

    @discardableResult
    func write(_ writes: [TwinWrite], at time: WallTime = now) throws -> Committed {
        var batch = Batch(now: time)
        batch.writes = writes.map { Write($0) }
        return try commit(batch)
    }

    func append(
        _ rows: [LogRow], to stream: String = "telemetry", _ priority: MessagePriority = .telemetry
    ) throws {
        var batch = Batch(now: now)
        batch.rows = [Rows(stream: stream, priority: priority, rows: rows)]
        _ = try commit(batch)
    }

    func acknowledge(_ sequence: LogSequence, upto: UInt64) throws {
        var batch = Batch(now: now)
        batch.acknowledgements = [sequence: upto]
        _ = try commit(batch)
    }

    func value(_ path: String) throws -> Value? { try cell(path)?.value }
    func cell(_ path: String) throws -> Cell? { try document.register(TwinPath(path)) }
    func context() throws -> CausalContext { try document.causalContext() }

    /// All that the store holds, in the parts that a hub without history gets.
    func seed(bytes: Int) throws -> [[IntervalDelta]] {
        var parts: [[IntervalDelta]] = []
        var done = CausalContext()
        var isMore = true
        while isMore {
            let part = try seed(after: done, bytes: bytes)
            parts.append(part.deltas)
            for delta in part.deltas { done.advance(delta.epoch, to: delta.upto) }
            isMore = part.isMore
        }
        return parts
    }

    /// All that batches from the first number on hold.
    func items(_ sequence: LogSequence, from first: UInt64 = 1) throws -> [LogItem] {
        var (items, next) = ([LogItem](), first)
        while let batch = try outbox.batch(sequence, from: next, bytes: 1 << 30) {
            items += batch.items
            next = batch.last + 1
        }
        return items
    }
}
