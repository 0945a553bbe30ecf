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

    /// A write to the board's own document, or to one that it shares with others.
    public struct Write: Sendable {
        public let write: TwinWrite
        /// Nil for the board's own.
        public let document: String?

        public init(_ write: TwinWrite, document: String? = nil) {
            self.write = write
            self.document = document
        }
    }

    /// What a commit changed in the twins, and which writes were none.
    public struct Committed: Sendable {
        public var changed: [Cell] = []
        public var removed: [Cell] = []
        /// Documents that have something new for the hub.
        public var documents: Set<String> = []
        public var refused: [TwinWriteFault] = []
    }

    /// What one commit takes.
    public struct Batch: Sendable {
        public var writes: [Write] = []
        public var rows: [Rows] = []
        public var acknowledgements: [LogSequence: UInt64] = [:]
        public var clock: BootClock?
        /// What the hub's answers have covered of this device's writes, by document.
        public var confirmed: [String: Confirmation] = [:]
        /// Named positions, such as how far a workload's output was read.
        public var marks: [String: Int64] = [:]
        /// What a write of this commit is stamped with at least.
        public var now: WallTime
        /// A wall time that is believed: the clock was never earlier.
        public var clockFloor: WallTime?

        public init(now: WallTime) { self.now = now }
    }

    /// What the hub has confirmed, and as of which of its commits.
    public struct Confirmation: Sendable, Hashable {
        public var context: CausalContext
        public var reference: HubReference

        public init(context: CausalContext, reference: HubReference) {
            self.context = context
            self.reference = reference
        }
    }

    static let migrations = Migrations(steps: [
        MetaTable.schema + TwinTables.schema + OutboxTables.schema
            + "CREATE TABLE own_epoch(epoch INTEGER PRIMARY KEY);"
    ])

    public let device: String
    /// The board's own document. A name as long as its device's would stand twice in each cell.
    public static let own = ""
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
    /// This opening's hand in each document that it wrote to.
    private var writers: [String: TwinWriter] = [:]
    /// How many of this opening's dots in each document have left, or may have.
    private var sent: [String: UInt64] = [:]
    /// Every opening of this store that wrote, and this one.
    private(set) var ownEpochs: Set<Epoch>
    private let noteEpoch: Statement
    let pageCount: Statement
    let freePages: Statement
    private var isMarkedOpen = false
    /// A commit failed, and what memory holds of the outbox may be ahead of the database.
    private var isOutboxStale = false

    public init(
        path: String, device: String, epoch: Epoch, options: Options = Options()
    ) throws(SQLiteError) {
        connection = try Connection.open(path, options: options.connection)
        try Self.migrations.apply(connection)
        self.device = device
        #if EDGE_MUTANTS
            let kept = try Self.lastEpoch(connection)
            self.epoch = SyncMutant.active == .deviceEpochKept ? kept ?? epoch : epoch
        #else
            self.epoch = epoch
        #endif
        self.options = options
        meta = MetaTable(connection)
        twin = TwinTables(connection)
        outbox = try OutboxTables(connection)
        wasUnclean = try meta.integer("open") == 1
        totals = try LogTotals(meta)
        clock = HybridLogicalClock(
            latest: HybridTimestamp(rawValue: try meta.bits("hlc") ?? 0))
        noteEpoch = connection.statement("INSERT OR IGNORE INTO own_epoch(epoch) VALUES(?1)")
        pageCount = connection.statement("PRAGMA page_count")
        freePages = connection.statement("PRAGMA freelist_count")
        ownEpochs = Set(
            try connection.query("SELECT epoch FROM own_epoch") { (row) throws(SQLiteError) in
                Epoch(nonce: row.bits(0))
            })
        ownEpochs.insert(epoch)
        twin.sequence = try twin.lastSequence()
    }

    /// One transaction on the twins: all of `body` or nothing of it.
    func write<Result>(
        _ body: () throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> Result {
        let before = (writers, clock)
        do {
            return try connection.transaction { () throws(SQLiteError) in
                twin.sequence += 1
                return try body()
            }
        } catch {
            (writers, clock) = before
            twin.forget()
            throw error
        }
    }

    /// Commits a batch: all of it is durable when this returns, or nothing of it happened.
    public func commit(_ batch: Batch) throws(SQLiteError) -> Committed {
        if isOutboxStale {
            try outbox.load(connection)
            isOutboxStale = false
        }
        let before = (totals, isMarkedOpen)
        do {
            return try write { () throws(SQLiteError) in try apply(batch) }
        } catch {
            (totals, isMarkedOpen) = before
            // On a failing card this may fail too; then it is done before the next commit.
            isOutboxStale = (try? outbox.load(connection)) == nil
            throw error
        }
    }

    private func apply(_ batch: Batch) throws(SQLiteError) -> Committed {
        if !isMarkedOpen {
            try meta.set("open", .integer(Int64(1)))
            if try owner()?.isSameBytes(as: device) != true {
                try meta.set(Self.ownerName, .text(device))
            }
            try outbox.forgetFinished(current: epoch)
        }
        let committed = try apply(batch.writes, now: batch.now)
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
        for (document, confirmation) in batch.confirmed {
            try confirm(document, confirmation)
        }
        for (name, position) in batch.marks {
            try meta.set("mark." + name, .integer(position))
        }
        try totals.store(meta)
        isMarkedOpen = true
        return committed
    }

    /// One stamp for the whole commit. Writes go in the order of their paths, so that counters
    /// and keys rise together: a frame then says both in next to nothing.
    private func apply(_ writes: [Write], now: WallTime) throws(SQLiteError) -> Committed {
        var committed = Committed()
        guard !writes.isEmpty else { return committed }
        // Where no write bears it, the clock stays: nothing would come back to lower one that was
        // ahead, and the next wish would be of that time.
        let bearsStamp = writes.contains { $0.write.path.kind == .lastWriterWins }
        let stamp = bearsStamp ? clock.stamp(now) : HybridTimestamp(wall: now)
        let ordered = writes.enumerated().sorted {
            ($0.element.write.path, $0.offset) < ($1.element.write.path, $1.offset)
        }
        for (_, entry) in ordered {
            let name = entry.document ?? Self.own
            let document = twin.document(name)
            var writer = TwinWriter(epoch: epoch, counter: try document.seen(epoch))
            if let earlier = writers[name] { writer = earlier }
            writer.sent = sent[name] ?? 0
            let before = writer.counter
            switch try document.write(entry.write, by: &writer, stamp: stamp) {
            case .success(let outcome):
                committed.changed += outcome.changed
                committed.removed += outcome.removed
                if writer.counter > before { committed.documents.insert(name) }
            case .failure(let fault): committed.refused.append(fault)
            }
            writers[name] = writer
        }
        for name in committed.documents {
            guard let writer = writers[name] else { continue }
            try twin.document(name).advance(epoch, to: writer.counter)
            #if EDGE_MUTANTS
                if SyncMutant.active == .removalsForgotten {
                    try twin.document(name).forgetRemovals(of: epoch, upto: writer.counter)
                }
            #endif
        }
        guard !committed.documents.isEmpty else { return committed }
        try own(epoch)
        try meta.set("hlc", .bits(clock.latest.rawValue))
        return committed
    }

    func own(_ epoch: Epoch) throws(SQLiteError) {
        ownEpochs.insert(epoch)
        try noteEpoch.run(.bits(epoch.nonce))
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

    /// Goes on from where another hand stopped.
    func note(_ writer: TwinWriter, of document: String) { writers[document] = writer }

    /// Brings everything into the main file, so that this file alone is a backup.
    public func checkpoint() throws(SQLiteError) {
        try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    /// What this opening has written to a document may leave now.
    func noteSent(_ document: String) {
        guard let writer = writers[document] else { return }
        sent[document] = writer.counter
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
