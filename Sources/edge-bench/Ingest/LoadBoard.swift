import LinuxPlatform
import Platform
import SyncProtocol

/// A board of a load: the real sync with a session and an identity of its own, and rows without end.
///
/// One log frame is on its way at a time, and the next leaves when the hub has acknowledged it. Only
/// the rows come from nowhere: a store of each board would measure the load and not the hub.
final class LoadBoard {
    /// What one frame of the hub led to.
    struct Step {
        /// Frames for the hub.
        var frames: [[UInt8]] = []
        /// A log frame was acknowledged, after this long.
        var latency: Duration?
    }

    let key: String
    private let device: BenchDevice
    private let rows: LoadRows
    private let batch: Int
    /// The highest number that the hub has acknowledged.
    private(set) var acknowledged: UInt64 = 0
    private var sentUpto: UInt64 = 0
    private var sentAt = ContinuousClock.now
    /// What to send again where no answer comes.
    private var unanswered: [UInt8]?

    init(_ key: String, number: Int, rows: LoadRows, batch: Int) throws {
        self.key = key
        self.rows = rows
        self.batch = batch
        device = try TypicalBoard.make(key, number: number)
    }

    var isOpen: Bool { device.isOpen }
    var isWaiting: Bool { sentUpto > acknowledged }
    var events: [SyncEvent] { device.events }

    /// The greeting.
    func begin() throws -> [[UInt8]] { try device.begin(nil) }

    /// - Parameter isLoading: The next rows leave as soon as the hub has those before.
    func receive(_ frame: [UInt8], isLoading: Bool) throws -> Step {
        var step = Step()
        step.frames = try device.receive(frame, nil)
        let upto = device.acknowledged[sequence] ?? 0
        guard upto > acknowledged else { return step }
        acknowledged = upto
        guard !isWaiting else { return step }
        step.latency = ContinuousClock.now - sentAt
        unanswered = nil
        if isLoading { step.frames += next() }
        return step
    }

    /// The next rows in one frame; none before the session stands.
    func next() -> [[UInt8]] {
        let first = acknowledged + 1
        let frame = device.encode(
            LogBatch(
                sequence: sequence, first: first, items: rows.items(from: first, count: batch),
                clocks: []))
        guard let frame else { return [] }
        sentUpto = first + UInt64(batch) - 1
        sentAt = ContinuousClock.now
        unanswered = frame
        return [frame]
    }

    /// The same rows once more, where they were sent so long ago; as an agent does.
    func again(after patience: Duration) -> [[UInt8]] {
        guard let unanswered, ContinuousClock.now - sentAt > patience else { return [] }
        sentAt = ContinuousClock.now
        return [unanswered]
    }

    private var sequence: LogSequence {
        LogSequence(stream: "telemetry", epoch: device.store.epoch)
    }
}

/// Rows as a sensor makes them, of which boards take turns: what differs between the rows of a
/// frame differs here, too.
struct LoadRows: Sendable {
    /// More than the longest batch, and no multiple of usual ones.
    static let count = 5003

    private let items: [LogItem]

    init() {
        var random = SplitMix64(seed: 1)
        let start = LinuxTimekeeper().now().wall.milliseconds
        items = (0..<Self.count).map { number in
            let value = Value.object([
                ("battery", .int(Int64(60 + number % 40))),
                ("humidity", .number(Double(4000 + random.next() % 1500) / 100)),
                ("linkquality", .int(Int64(80 + random.next() % 120))),
                ("pressure", .number(Double(10_050 + random.next() % 90) / 10)),
                ("temperature", .number(Double(1800 + random.next() % 600) / 100)),
                ("voltage", .int(Int64(2900 + random.next() % 200))),
            ])
            let time = LogTime(
                boot: BootID(rawValue: 0xB007),
                monotonic: MonotonicTime(milliseconds: Int64(number) * 1000),
                offset: Milliseconds(start), quality: .synchronized)
            return .row(LogRow(time: time, key: "devices/sensor-1", value: value))
        }
    }

    /// - Parameter first: A sequence number, from 1.
    func items(from first: UInt64, count: Int) -> [LogItem] {
        let start = Int((first - 1) % UInt64(items.count))
        let end = start + count
        guard end > items.count else { return Array(items[start..<end]) }
        return Array(items[start...] + items[..<(end - items.count)])
    }

    func row(_ number: UInt64) -> LogRow? {
        guard case .row(let row) = items[Int((number - 1) % UInt64(items.count))] else {
            return nil
        }
        return row
    }
}
