public import Platform
public import SyncProtocol

/// A sequence as the board keeps it.
public struct OutboxStream: Sendable, Hashable {
    let id: Int64
    public let sequence: LogSequence
    public let priority: MessagePriority
    /// The highest number written.
    public var last: UInt64
    /// The hub has committed up to here.
    public var acknowledged: UInt64
    /// Rows up to here were acknowledged and then deleted.
    public var trimmed: UInt64
}

/// The board's log and outbox in one: rows stay until the hub has acknowledged them, or a bound
/// drops them and a gap record takes their place.
///
/// A row's id is its stream's id and, in the low 40 bits, its number: one B-tree in the order of
/// writing. A table without rowids would move every row over 230 bytes to a page of its own.
public final class OutboxTables {
    static let schema = """
        CREATE TABLE stream(
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, epoch INTEGER NOT NULL,
            priority INTEGER NOT NULL, last INTEGER NOT NULL, acked INTEGER NOT NULL,
            trimmed INTEGER NOT NULL, UNIQUE(name, epoch));
        CREATE TABLE log(
            id INTEGER PRIMARY KEY, boot INTEGER NOT NULL, mono INTEGER NOT NULL,
            off INTEGER NOT NULL, quality INTEGER NOT NULL, key TEXT NOT NULL,
            value BLOB NOT NULL);
        CREATE TABLE gap(
            stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
            reason INTEGER NOT NULL, PRIMARY KEY(stream, first)) WITHOUT ROWID;
        CREATE TABLE finished(
            name TEXT PRIMARY KEY, rows INTEGER NOT NULL, last INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE boot_clock(
            boot INTEGER PRIMARY KEY, off INTEGER NOT NULL, quality INTEGER NOT NULL);
        """

    /// A number's bits in a row's id: at a thousand rows a second, 34 years of one epoch.
    private static let numberMask: UInt64 = 1 << 40 - 1
    /// Rows that one transaction drops.
    static let rowsInRound = 256

    public private(set) var streams: [LogSequence: OutboxStream] = [:]
    private let insertStream: Statement
    private let updateStream: Statement
    private let deleteStream: Statement
    private let noteFinished: Statement
    private let finishedStreams: Statement
    private let insertRow: Statement
    private let rowsFrom: Statement
    private let trimRows: Statement
    private let oldestRows: Statement
    private let gapsFrom: Statement
    private let insertGap: Statement
    private let deleteGaps: Statement
    private let deleteRows: Statement
    private let trimGaps: Statement
    private let upsertClock: Statement
    private let clockOf: Statement

    init(_ connection: borrowing Connection) throws(SQLiteError) {
        insertStream = connection.statement(
            "INSERT INTO stream(name, epoch, priority, last, acked, trimmed) "
                + "VALUES(?1,?2,?3,0,0,0) RETURNING id")
        updateStream = connection.statement(
            "UPDATE stream SET last=?2, acked=?3, trimmed=?4 WHERE id=?1")
        deleteStream = connection.statement("DELETE FROM stream WHERE id=?1")
        noteFinished = connection.statement(
            "INSERT INTO finished(name, rows, last) VALUES(?1,?2,?2) ON CONFLICT(name) DO UPDATE "
                + "SET rows=rows+excluded.rows, last=excluded.last")
        finishedStreams = connection.statement("SELECT name, rows, last FROM finished")
        insertRow = connection.statement(
            "INSERT INTO log(id, boot, mono, off, quality, key, value) "
                + "VALUES(?1<<40|?2,?3,?4,?5,?6,?7,?8)")
        rowsFrom = connection.statement(
            "SELECT id&\(Self.numberMask), boot, mono, off, quality, key, value FROM log "
                + "WHERE id>=(?1<<40|?2) AND id<=(?1<<40|\(Self.numberMask)) ORDER BY id")
        trimRows = connection.statement("DELETE FROM log WHERE id>=(?1<<40) AND id<=(?1<<40|?2)")
        oldestRows = connection.statement(
            // The age is looked at among the oldest rows alone, never along the whole log, and only
            // where a time server vouched for it.
            "SELECT seq FROM (SELECT id&\(Self.numberMask) AS seq, quality, mono+off AS wall "
                + "FROM log WHERE id>(?1<<40|?2) AND id<=(?1<<40|\(Self.numberMask)) "
                + "ORDER BY id LIMIT ?3) "
                + "WHERE ?4 IS NULL OR (quality=2 AND wall<?4) ORDER BY seq")
        gapsFrom = connection.statement(
            "SELECT first, last, reason FROM gap WHERE stream=?1 AND last>=?2 ORDER BY first")
        insertGap = connection.statement(
            "INSERT INTO gap(stream, first, last, reason) VALUES(?1,?2,?3,?4)")
        deleteGaps = connection.statement(
            "DELETE FROM gap WHERE stream=?1 AND first>=?2 AND last<=?3")
        deleteRows = connection.statement(
            "DELETE FROM log WHERE id>=(?1<<40|?2) AND id<=(?1<<40|?3)")
        trimGaps = connection.statement("DELETE FROM gap WHERE stream=?1 AND last<=?2")
        upsertClock = connection.statement(
            "INSERT INTO boot_clock(boot, off, quality) VALUES(?1,?2,?3) ON CONFLICT(boot) "
                + "DO UPDATE SET off=excluded.off, quality=excluded.quality")
        clockOf = connection.statement("SELECT off, quality FROM boot_clock WHERE boot=?1")
        try load(connection)
    }

    /// Reads the streams again: after a rollback the memory may be ahead of the database.
    func load(_ connection: borrowing Connection) throws(SQLiteError) {
        let rows = try connection.query(
            "SELECT id, name, epoch, priority, last, acked, trimmed FROM stream"
        ) { (row) throws(SQLiteError) in
            guard let priority = MessagePriority(rawValue: UInt8(clamping: row.integer(3))) else {
                throw row.damaged("priority")
            }
            let stream = OutboxStream(
                id: row.integer(0),
                sequence: LogSequence(stream: row.text(1), epoch: Epoch(nonce: row.bits(2))),
                priority: priority, last: row.bits(4), acknowledged: row.bits(5),
                trimmed: row.bits(6))
            guard stream.last <= Self.numberMask, stream.acknowledged <= stream.last,
                stream.trimmed <= stream.last
            else { throw row.damaged("stream") }
            return stream
        }
        streams = Dictionary(rows.map { ($0.sequence, $0) }, uniquingKeysWith: { _, last in last })
    }

    /// Appends rows and returns the highest number.
    func append(
        _ sequence: LogSequence, _ priority: MessagePriority, _ rows: [LogRow]
    ) throws(SQLiteError) {
        var stream = try stream(sequence, priority)
        for row in rows {
            stream.last += 1
            try insertRow.run(
                .integer(stream.id), .integer(stream.last), .bits(row.time.boot.rawValue),
                .integer(row.time.monotonic.milliseconds), .integer(row.time.offset.count),
                .integer(Int64(row.time.quality.rawValue)), .text(row.key),
                .blob(ValueCodec.encode(row.value)))
        }
        try store(stream)
    }

    /// Takes note of the hub's cursor, deletes what it covers, and forgets a closed epoch that has
    /// nothing more to send.
    func acknowledge(
        _ sequence: LogSequence, upto: UInt64, current: Epoch
    ) throws(SQLiteError) {
        guard var stream = streams[sequence], upto > stream.acknowledged, upto <= stream.last
        else { return }
        stream.acknowledged = upto
        stream.trimmed = max(stream.trimmed, upto)
        try trimRows.run(.integer(stream.id), .integer(upto))
        try trimGaps.run(.integer(stream.id), .integer(upto))
        if sequence.epoch != current, upto == stream.last {
            try finish(stream)
        } else {
            try store(stream)
        }
    }

    /// Forgets the sequences of closed epochs that the hub has whole: no acknowledgement comes for
    /// them any more, and each opening of the store would leave some.
    func forgetFinished(current: Epoch) throws(SQLiteError) {
        for (sequence, stream) in streams
        where sequence.epoch != current && stream.acknowledged == stream.last {
            try finish(stream)
        }
    }

    /// A sequence that goes is remembered by its length alone, with the others of its stream.
    private func finish(_ stream: OutboxStream) throws(SQLiteError) {
        try deleteStream.run(.integer(stream.id))
        try noteFinished.run(.text(stream.sequence.stream), .integer(stream.last))
        streams[stream.sequence] = nil
    }

    /// How many numbers the forgotten sequences of each stream had, and the last of the latest.
    public func finished() throws(SQLiteError) -> [String: (rows: UInt64, last: UInt64)] {
        let rows = try finishedStreams.query([]) { (row) throws(SQLiteError) in
            (row.text(0), (rows: row.bits(1), last: row.bits(2)))
        }
        return Dictionary(rows, uniquingKeysWith: { _, last in last })
    }

    /// Drops up to `limit` of the oldest rows of a sequence above `protected`, only those from
    /// before `before` where that is given, and leaves a gap record. Returns how many it dropped.
    func drop(
        _ sequence: LogSequence, above protected: UInt64, before: WallTime?, limit: Int,
        reason: GapReason
    ) throws(SQLiteError) -> UInt64 {
        guard let stream = streams[sequence] else { return 0 }
        let numbers = try oldest(stream, above: protected, before: before, limit: limit)
        guard let first = numbers.first else { return 0 }
        // A run without holes: between two rows that are too old may stand one of no known age.
        let count = zip(numbers, first...).prefix { $0 == $1 }.count
        let last = first + UInt64(count) - 1
        // One record for a run of rows dropped for one reason, also across several rounds.
        let earlier = try gaps(stream, from: first - 1).first { $0.last == first - 1 }
        let start = earlier.flatMap { $0.reason == reason ? $0.first : nil } ?? first
        try deleteRows.run(.integer(stream.id), .integer(first), .integer(last))
        try deleteGaps.run(.integer(stream.id), .integer(start), .integer(last))
        try insertGap.run(
            .integer(stream.id), .integer(start), .integer(last),
            .integer(Int64(reason.rawValue)))
        return UInt64(count)
    }

    /// Whether `drop` would find a row: a look costs less than a transaction that drops nothing.
    func hasRows(
        _ stream: OutboxStream, above protected: UInt64, before: WallTime?
    ) throws(SQLiteError) -> Bool {
        guard stream.last > protected else { return false }
        return try !oldest(stream, above: protected, before: before, limit: Self.rowsInRound)
            .isEmpty
    }

    private func oldest(
        _ stream: OutboxStream, above protected: UInt64, before: WallTime?, limit: Int
    ) throws(SQLiteError) -> [UInt64] {
        try oldestRows.query(
            [
                .integer(stream.id), .integer(protected), .integer(Int64(limit)),
                before.map { .integer($0.milliseconds) } ?? .null,
            ]
        ) { (row) throws(SQLiteError) in row.bits(0) }
    }

    func note(_ clock: BootClock) throws(SQLiteError) {
        try upsertClock.run(
            .bits(clock.boot.rawValue), .integer(clock.offset.count),
            .integer(Int64(clock.quality.rawValue)))
    }

    private func stream(
        _ sequence: LogSequence, _ priority: MessagePriority
    ) throws(SQLiteError) -> OutboxStream {
        if let known = streams[sequence] { return known }
        let ids = try insertStream.query([
            .text(sequence.stream), .bits(sequence.epoch.nonce),
            .integer(Int64(priority.rawValue)),
        ]) { (row) throws(SQLiteError) in row.integer(0) }
        return OutboxStream(
            id: ids.first ?? 0, sequence: sequence, priority: priority, last: 0, acknowledged: 0,
            trimmed: 0)
    }

    private func store(_ stream: OutboxStream) throws(SQLiteError) {
        try updateStream.run(
            .integer(stream.id), .integer(stream.last), .integer(stream.acknowledged),
            .integer(stream.trimmed))
        streams[stream.sequence] = stream
    }

    public func gaps(_ stream: OutboxStream, from first: UInt64) throws(SQLiteError) -> [LogGap] {
        try gapsFrom.query([.integer(stream.id), .integer(first)]) { (row) throws(SQLiteError) in
            guard let reason = GapReason(rawValue: UInt8(clamping: row.integer(2))) else {
                throw row.damaged("gap reason")
            }
            return LogGap(first: row.bits(0), last: row.bits(1), reason: reason)
        }
    }

    /// Rows from a number on, until `body` says false.
    func rows(
        _ stream: OutboxStream, from first: UInt64,
        body: (UInt64, LogRow, Int) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) {
        try rowsFrom.scan([.integer(stream.id), .integer(first)]) { (row) throws(SQLiteError) in
            let bytes = row.blob(6)
            guard let quality = ClockQuality(rawValue: UInt8(clamping: row.integer(4))),
                let value = try? ValueCodec.decode(bytes)
            else { throw row.damaged("log row") }
            let time = LogTime(
                boot: BootID(rawValue: row.bits(1)),
                monotonic: MonotonicTime(milliseconds: row.integer(2)),
                offset: Milliseconds(row.integer(3)), quality: quality)
            let key = row.text(5)
            return try body(
                row.bits(0), LogRow(time: time, key: key, value: value),
                bytes.count + key.utf8.count)
        }
    }

    func clock(_ boot: BootID) throws(SQLiteError) -> BootClock? {
        try clockOf.query([.bits(boot.rawValue)]) { (row) throws(SQLiteError) in
            guard let quality = ClockQuality(rawValue: UInt8(clamping: row.integer(1))) else {
                throw row.damaged("clock quality")
            }
            return BootClock(boot: boot, offset: Milliseconds(row.integer(0)), quality: quality)
        }.first
    }
}
