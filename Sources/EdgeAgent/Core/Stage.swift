import Platform
import SQLiteStore
import SyncProtocol

/// What the next commit will take. Only the last value of a key is kept, so a chatty device costs
/// one write a commit.
struct Stage {
    /// Rows that wait at most. What fills the stage to it is committed at once.
    static let rowsMaximum = 512

    private(set) var rowCount = 0
    private var writes: [TwinPath: Value] = [:]
    private var rows: [String: (priority: MessagePriority, rows: [LogRow])] = [:]
    /// Rows of messages that no broker sends again.
    private var unrepeated = 0
    /// How many of those were dropped, and when the last were.
    private var loss: (messages: Int, time: LogTime)?
    private(set) var acknowledgements: [LogSequence: UInt64] = [:]
    private(set) var marks: [String: Int64] = [:]
    var clock: BootClock?
    /// What the hub's answers have covered of this device's writes.
    var confirmed: AgentStore.Confirmation?

    var isEmpty: Bool {
        rowCount == 0 && writes.isEmpty && acknowledgements.isEmpty && marks.isEmpty
            && clock == nil && confirmed == nil && loss == nil
    }

    var isFull: Bool { room == 0 }

    /// Rows that still fit.
    var room: Int { max(0, Self.rowsMaximum - rowCount) }

    mutating func write(_ path: TwinPath, _ value: Value) { writes[path] = value }

    /// Undoes a write that was refused after all; `earlier` is what was staged before it.
    mutating func takeBack(_ path: TwinPath, to earlier: Value?) { writes[path] = earlier }

    mutating func append(_ row: LogRow, to stream: String, _ priority: MessagePriority) {
        rows[stream, default: (priority, [])].rows.append(row)
        rowCount += 1
    }

    /// The row appended last is of a message that comes once (QoS 0).
    mutating func noteUnrepeated() { unrepeated += 1 }

    /// Takes back what local devices said: the broker, which was told of none of it, says it again.
    /// Returns how many messages it does not; the next commit has an event with their count.
    mutating func dropDevices(at time: LogTime) -> Int {
        for (stream, staged) in rows {
            let kept = staged.rows.filter { !$0.key.hasPrefix("devices/") }
            rowCount -= staged.rows.count - kept.count
            rows[stream] = kept.isEmpty ? nil : (staged.priority, kept)
        }
        writes = writes.filter { !$0.key.text.hasPrefix("reported/devices/") }
        let lost = unrepeated
        unrepeated = 0
        if lost > 0 { loss = ((loss?.messages ?? 0) + lost, time) }
        return lost
    }

    mutating func acknowledge(_ sequence: LogSequence, upto: UInt64) {
        acknowledgements[sequence] = upto
    }

    /// Takes acknowledgements back that a later opening of the hub's store may know nothing of.
    mutating func forgetAcknowledgements() { acknowledgements = [:] }

    /// A position that moves together with the rows that led to it.
    mutating func mark(_ name: String, _ position: Int64) { marks[name] = position }

    /// Rows that the next commit will release.
    func acknowledgedRows(in streams: [LogSequence: OutboxStream]) -> UInt64 {
        acknowledgements.reduce(0) { sum, entry in
            guard let stream = streams[entry.key], entry.value > stream.acknowledged else {
                return sum
            }
            return sum + (entry.value - stream.acknowledged)
        }
    }

    func staged(_ path: TwinPath) -> Value? { writes[path] }

    func batch(now: WallTime, floor: WallTime?) -> AgentStore.Batch {
        var batch = AgentStore.Batch(now: now)
        batch.writes = writes.sorted { $0.key < $1.key }
            .map { AgentStore.Write(.set($0.key, $0.value)) }
        var rows = rows
        if let row = lossRow {
            let event = MessagePriority.event
            rows[event.stream, default: (event, [])].rows.append(row)
        }
        batch.rows = rows.sorted { $0.key < $1.key }.map {
            AgentStore.Rows(stream: $0.key, priority: $0.value.priority, rows: $0.value.rows)
        }
        batch.acknowledgements = acknowledgements
        batch.marks = marks
        if let confirmed { batch.confirmed[AgentStore.own] = confirmed }
        batch.clock = clock
        batch.clockFloor = floor
        return batch
    }

    /// Part of the first commit that works again, so that the loss is told if anything is.
    private var lossRow: LogRow? {
        loss.map { loss in
            let reason =
                "the store could not be written until the broker's connection ended, and messages "
                + "of QoS 0 do not come again"
            return LogRow(
                time: loss.time, key: "store.dropped",
                value: .object([
                    ("messages", .int(Int64(loss.messages))), ("reason", .string(reason)),
                ]))
        }
    }
}
