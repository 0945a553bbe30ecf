public import Platform
public import SyncProtocol

/// A board's durable state: its twin, its log, and what it knows of its hub. One transaction
/// takes all that one group of facts caused.
public final class AgentStore {
    public struct Options: Sendable {
        /// Bytes that the database may use before log rows are dropped.
        public var bytesMaximum: Int64 = 64 << 20
        public var ageMaximum: Milliseconds = 30 * 86_400_000
        public var connection = Connection.Options()

        public init() { connection.pageSize = 1024 }
    }

    /// Rows of one sequence to append.
    public struct Rows: Sendable {
        public let stream: String
        public let priority: MessagePriority
        public let rows: [LogRow]

        public init(stream: String, priority: MessagePriority, rows: [LogRow]) {
            self.stream = stream
            self.priority = priority
            self.rows = rows
        }
    }

    public struct Write: Sendable {
        public let path: TwinPath
        public let value: Value

        public init(path: TwinPath, value: Value) {
            self.path = path
            self.value = value
        }
    }

    /// What one commit takes.
    public struct Batch: Sendable {
        public var writes: [Write] = []
        public var rows: [Rows] = []
        public var acknowledgements: [LogSequence: UInt64] = [:]
        public var clock: BootClock?
        /// What the hub's answers have covered of this device's writes.
        public var confirmed: CausalContext?
        /// Named positions, such as how far a workload's output was read.
        public var marks: [String: Int64] = [:]
        /// What a write of this commit is stamped with at least.
        public var now: WallTime
        /// A wall time that is believed: the clock was never earlier.
        public var clockFloor: WallTime?

        public init(now: WallTime) { self.now = now }
    }

    static let migrations = Migrations(steps: [
        MetaTable.schema + TwinTables.schema + OutboxTables.schema
    ])

    public let device: String
    /// This opening of the store.
    public let epoch: Epoch
    /// The store was open when its last process ended.
    public let wasUnclean: Bool
    public let outbox: OutboxTables
    public let twin: TwinTables
    public internal(set) var totals: LogTotals

    let options: Options
    let connection: Connection
    let meta: MetaTable
    var clock: HybridLogicalClock
    private var counter: UInt64 = 0
    private var isMarkedOpen = false
    /// A commit failed, and what memory holds of the outbox may be ahead of the database.
    private var isOutboxStale = false

    public init(
        path: String, device: String, epoch: Epoch, options: Options = Options()
    ) throws(SQLiteError) {
        connection = try Connection.open(path, options: options.connection)
        try Self.migrations.apply(connection)
        self.device = device
        self.epoch = epoch
        self.options = options
        meta = try MetaTable(connection)
        twin = try TwinTables(connection)
        outbox = try OutboxTables(connection)
        wasUnclean = try meta.integer("open") == 1
        totals = try LogTotals(meta)
        clock = HybridLogicalClock(
            latest: HybridTimestamp(rawValue: try meta.bits("hlc") ?? 0))
    }

    /// Commits a batch: all of it is durable when this returns, or nothing of it happened.
    /// Returns what changed in the twin.
    public func commit(_ batch: Batch) throws(SQLiteError) -> [Cell] {
        if isOutboxStale {
            try outbox.load(connection)
            isOutboxStale = false
        }
        let before = (counter, clock, totals, isMarkedOpen)
        do {
            return try connection.transaction { () throws(SQLiteError) in try apply(batch) }
        } catch {
            (counter, clock, totals, isMarkedOpen) = before
            // On a failing card this may fail too; then it is done before the next commit.
            isOutboxStale = (try? outbox.load(connection)) == nil
            throw error
        }
    }

    private func apply(_ batch: Batch) throws(SQLiteError) -> [Cell] {
        if !isMarkedOpen {
            try meta.set("open", .integer(Int64(1)))
            try outbox.forgetFinished(current: epoch)
        }
        var changed: [Cell] = []
        for write in batch.writes {
            if let cell = try apply(write, now: batch.now) { changed.append(cell) }
        }
        if !changed.isEmpty {
            try twin.advance(device, epoch, to: counter)
            try meta.set("hlc", .bits(clock.latest.rawValue))
        }
        for rows in batch.rows {
            try outbox.append(
                LogSequence(stream: rows.stream, epoch: epoch), rows.priority, rows.rows)
            totals.written += UInt64(rows.rows.count)
        }
        for (sequence, upto) in batch.acknowledgements {
            try release(sequence, upto: upto)
        }
        if let clock = batch.clock { try outbox.note(clock) }
        if let floor = batch.clockFloor {
            try meta.set("clock.floor", .integer(floor.milliseconds))
        }
        for entry in batch.confirmed?.sorted ?? [] {
            try twin.advance(confirmedDocument, entry.epoch, to: entry.counter)
        }
        for (name, position) in batch.marks {
            try meta.set("mark." + name, .integer(position))
        }
        try totals.store(meta)
        isMarkedOpen = true
        return changed
    }

    /// A report that says nothing new is no write. A wish is one even then: it may have to win
    /// over another replica's.
    private func apply(_ write: Write, now: WallTime) throws(SQLiteError) -> Cell? {
        let current = try twin.cell(device, write.path)
        let stamp: UInt64
        switch write.path.kind {
        case .singleWriter:
            if current?.value == write.value { return nil }
            // The highest stamp came from elsewhere, if at all; it must not stop this board.
            stamp = min(current?.stamp ?? 0, .max - 1) + 1
        case .lastWriterWins:
            if let current { clock.observe(HybridTimestamp(rawValue: current.stamp)) }
            stamp = clock.tick(now).rawValue
        }
        counter += 1
        let cell = Cell(
            path: write.path, dot: Dot(epoch: epoch, counter: counter), stamp: stamp,
            value: write.value)
        try twin.put(device, cell)
        return cell
    }

    /// Releases log rows that the hub has committed, and counts them.
    private func release(_ sequence: LogSequence, upto: UInt64) throws(SQLiteError) {
        guard let stream = outbox.streams[sequence], upto > stream.acknowledged,
            upto <= stream.last
        else { return }
        let gaps = try outbox.gaps(stream, from: stream.acknowledged + 1)
        let missing = gaps.reduce(UInt64(0)) { sum, gap in
            let first = max(gap.first, stream.acknowledged + 1)
            let last = min(gap.last, upto)
            return first <= last ? sum + (last - first + 1) : sum
        }
        try outbox.acknowledge(sequence, upto: upto, current: epoch)
        let covered = upto - stream.acknowledged
        totals.acknowledged += covered - min(covered, missing)
    }

    /// Marks the store as closed in good order.
    public func close() throws(SQLiteError) {
        guard isMarkedOpen else { return }
        try meta.set("open", .integer(Int64(0)))
        isMarkedOpen = false
        try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }
}

/// Counts over the whole life of a store: `written == acknowledged + dropped + pending`.
public struct LogTotals: Sendable, Hashable {
    public internal(set) var written: UInt64
    public internal(set) var acknowledged: UInt64
    public internal(set) var dropped: UInt64

    public var pending: UInt64 { written - min(written, acknowledged &+ dropped) }

    /// A count that a damaged page made negative is no reason not to start: it counts as none.
    init(_ meta: MetaTable) throws(SQLiteError) {
        written = UInt64(clamping: try meta.integer("log.written") ?? 0)
        acknowledged = UInt64(clamping: try meta.integer("log.acknowledged") ?? 0)
        dropped = UInt64(clamping: try meta.integer("log.dropped") ?? 0)
    }

    func store(_ meta: MetaTable) throws(SQLiteError) {
        try meta.set("log.written", .integer(written))
        try meta.set("log.acknowledged", .integer(acknowledged))
        try meta.set("log.dropped", .integer(dropped))
    }
}
