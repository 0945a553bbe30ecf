import Platform
public import SyncProtocol

/// A row or gap as the hub shows it, numbered per device in the order of arrival.
public struct LogEntry: Sendable, Hashable {
    public let number: Int64
    public let sequence: LogSequence
    public let first: UInt64
    public let item: LogItem
}

/// How far one sequence has come.
public struct LogCursor: Sendable, Hashable {
    public let sequence: LogSequence
    public var upto: UInt64 = 0
    public var rows: UInt64 = 0
    public var gapRows: UInt64 = 0
    /// Rows that the hub's own retention has deleted since.
    public var trimmedRows: UInt64 = 0
}

/// The devices' logs in SQL: contiguous per sequence, each number at most once.
public final class LogTables {
    static let schema = """
        CREATE TABLE log(
            device TEXT NOT NULL, n INTEGER NOT NULL, stream TEXT NOT NULL,
            epoch INTEGER NOT NULL, seq INTEGER NOT NULL, last INTEGER, reason INTEGER,
            boot INTEGER, mono INTEGER, off INTEGER, quality INTEGER, key TEXT, value BLOB,
            PRIMARY KEY(device, n)) WITHOUT ROWID;
        CREATE UNIQUE INDEX log_sequence ON log(device, stream, epoch, seq);
        CREATE TABLE cursor(
            device TEXT NOT NULL, stream TEXT NOT NULL, epoch INTEGER NOT NULL,
            upto INTEGER NOT NULL, rows INTEGER NOT NULL, gaps INTEGER NOT NULL,
            trimmed INTEGER NOT NULL, PRIMARY KEY(device, stream, epoch)) WITHOUT ROWID;
        CREATE TABLE boot_clock(
            device TEXT NOT NULL, boot INTEGER NOT NULL, off INTEGER NOT NULL,
            quality INTEGER NOT NULL, PRIMARY KEY(device, boot)) WITHOUT ROWID;
        """

    private let insert: Statement
    private let page: Statement
    private let highest: Statement
    private let upsertCursor: Statement
    private let cursorOf: Statement
    private let cursorsOf: Statement
    private let upsertClock: Statement
    private let clocksOf: Statement
    private let count: Statement
    private let oldest: Statement
    private let remove: Statement
    /// The last number given to each device, read once.
    private var numbers: [String: Int64] = [:]
    /// Entries of each device's log, counted once.
    private var sizes: [String: Int] = [:]

    init(_ connection: borrowing Connection) {
        insert = connection.statement(
            "INSERT INTO log(device, n, stream, epoch, seq, last, reason, boot, mono, off, "
                + "quality, key, value) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)")
        page = connection.statement(
            "SELECT n, stream, epoch, seq, last, reason, boot, mono, off, quality, key, value "
                + "FROM log WHERE device=?1 AND n>?2 AND (?3 IS NULL OR stream=?3) "
                + "ORDER BY n LIMIT ?4")
        highest = connection.statement("SELECT max(n) FROM log WHERE device=?1")
        let columns = "stream, epoch, upto, rows, gaps, trimmed"
        upsertCursor = connection.statement(
            "INSERT INTO cursor(device, \(columns)) VALUES(?1,?2,?3,?4,?5,?6,?7) "
                + "ON CONFLICT(device, stream, epoch) DO UPDATE SET upto=excluded.upto, "
                + "rows=excluded.rows, gaps=excluded.gaps, trimmed=excluded.trimmed")
        cursorOf = connection.statement(
            "SELECT \(columns) FROM cursor WHERE device=?1 AND stream=?2 AND epoch=?3")
        cursorsOf = connection.statement("SELECT \(columns) FROM cursor WHERE device=?1")
        upsertClock = connection.statement(
            "INSERT INTO boot_clock(device, boot, off, quality) VALUES(?1,?2,?3,?4) "
                + "ON CONFLICT(device, boot) DO UPDATE SET off=excluded.off, "
                + "quality=excluded.quality WHERE excluded.quality>=quality")
        clocksOf = connection.statement(
            "SELECT boot, off, quality FROM boot_clock WHERE device=?1")
        count = connection.statement("SELECT count(*) FROM log WHERE device=?1")
        oldest = connection.statement(
            "SELECT n, stream, epoch, last FROM log WHERE device=?1 "
                + "AND (?2=0 OR (last IS NULL AND stream NOT IN ('alarm','event'))) "
                + "AND n<(SELECT max(n) FROM log WHERE device=?1) ORDER BY n LIMIT ?3")
        remove = connection.statement("DELETE FROM log WHERE device=?1 AND n=?2")
    }

    /// Appends what is new of a batch, inside the caller's transaction, and returns the cursor to
    /// acknowledge. A batch that starts beyond the cursor adds nothing: what is before it comes
    /// first.
    public func ingest(_ device: String, _ batch: LogBatch) throws(SQLiteError) -> UInt64 {
        try take(device, batch).upto
    }

    /// The same, with the cursor as it was before.
    public func take(
        _ device: String, _ batch: LogBatch
    ) throws(SQLiteError) -> (before: UInt64, upto: UInt64) {
        var cursor = try cursor(device, batch.sequence) ?? LogCursor(sequence: batch.sequence)
        let before = cursor.upto
        for clock in batch.clocks {
            try upsertClock.run(
                .text(device), .bits(clock.boot.rawValue), .integer(clock.offset.count),
                .integer(Int64(clock.quality.rawValue)))
        }
        guard batch.first <= before + 1 else { return (before, before) }
        var next = batch.first
        for item in batch.items {
            switch item {
            case .row(let row):
                if next > cursor.upto {
                    try insertRow(device, batch.sequence, next, row)
                    cursor.rows += 1
                }
                next += 1
            case .gap(let gap):
                if gap.last > cursor.upto {
                    let missing = LogGap(
                        first: max(gap.first, cursor.upto + 1), last: gap.last, reason: gap.reason)
                    try insertGap(device, batch.sequence, missing)
                    cursor.gapRows += missing.count
                }
                next = gap.last + 1
            }
            cursor.upto = max(cursor.upto, next - 1)
        }
        // Where nothing was new there is nothing to write.
        if cursor.upto > before { try put(device, cursor) }
        return (before, cursor.upto)
    }

    /// The number up to which a sequence is accounted for.
    public func upto(_ device: String, _ sequence: LogSequence) throws(SQLiteError) -> UInt64 {
        try cursor(device, sequence)?.upto ?? 0
    }

    /// Entries above a number, in order.
    ///
    /// - Parameter number: Below 0 it counts from the newest entry of all streams.
    public func page(
        _ device: String, stream: String?, after number: Int64, limit: Int
    ) throws(SQLiteError) -> [LogEntry] {
        let clocks = try clocks(device)
        let number = number < 0 ? max(0, try newest(device) + number) : number
        return try page.query([
            .text(device), .integer(number), .optional(stream), .integer(Int64(limit)),
        ]) { (row) throws(SQLiteError) in
            LogEntry(
                number: row.integer(0),
                sequence: LogSequence(stream: row.text(1), epoch: Epoch(nonce: row.bits(2))),
                first: row.bits(3), item: try Self.item(row, clocks))
        }
    }

    public func cursors(_ device: String) throws(SQLiteError) -> [LogCursor] {
        try cursorsOf.query([.text(device)]) { (row) throws(SQLiteError) in Self.cursor(row) }
    }

    /// Deletes a device's oldest entries over `maximum`: telemetry first, then whatever is oldest,
    /// gap records too; the cursors go on counting what is gone. The newest entry stays: its
    /// number is where the next one starts after a restart.
    public func trim(_ device: String, maximum: Int) throws(SQLiteError) {
        let size = try size(device)
        // A tenth at once, as deleting row by row is not free.
        guard size > maximum + maximum / 10 else { return }
        var excess = size - maximum
        for telemetryOnly in [1, 0] where excess > 0 {
            excess -= try remove(device, limit: excess, telemetryOnly: telemetryOnly)
        }
        sizes[device] = maximum + excess
    }

    private func size(_ device: String) throws(SQLiteError) -> Int {
        if let known = sizes[device] { return known }
        let size =
            try count.query([.text(device)]) { (row) throws(SQLiteError) in Int(row.integer(0)) }
            .first ?? 0
        sizes[device] = size
        return size
    }

    private func remove(
        _ device: String, limit: Int, telemetryOnly: Int
    ) throws(SQLiteError) -> Int {
        let found = try oldest.query([
            .text(device), .integer(Int64(telemetryOnly)), .integer(Int64(limit)),
        ]) { (row) throws(SQLiteError) in
            (
                number: row.integer(0),
                sequence: LogSequence(stream: row.text(1), epoch: Epoch(nonce: row.bits(2))),
                isRow: row.isNull(3)
            )
        }
        for entry in found { try remove.run(.text(device), .integer(entry.number)) }
        for (sequence, removed) in Dictionary(grouping: found.filter(\.isRow), by: \.sequence) {
            guard var cursor = try cursor(device, sequence) else { continue }
            cursor.trimmedRows += UInt64(removed.count)
            try put(device, cursor)
        }
        return found.count
    }

    /// After a rollback the numbers in memory may be ahead.
    func forgetNumbers() {
        numbers = [:]
        sizes = [:]
    }

    private func number(_ device: String) throws(SQLiteError) -> Int64 {
        let last: Int64
        if let known = numbers[device] {
            last = known
        } else {
            last = try newest(device)
        }
        numbers[device] = last + 1
        sizes[device]? += 1
        return last + 1
    }

    private func newest(_ device: String) throws(SQLiteError) -> Int64 {
        try highest.query([.text(device)]) { (row) throws(SQLiteError) in row.integer(0) }
            .first ?? 0
    }

    private func insertRow(
        _ device: String, _ sequence: LogSequence, _ number: UInt64, _ row: LogRow
    ) throws(SQLiteError) {
        try insert.run(
            .text(device), .integer(try self.number(device)), .text(sequence.stream),
            .bits(sequence.epoch.nonce), .integer(number), .null, .null,
            .bits(row.time.boot.rawValue), .integer(row.time.monotonic.milliseconds),
            .integer(row.time.offset.count), .integer(Int64(row.time.quality.rawValue)),
            .text(row.key), .blob(ValueCodec.encode(row.value)))
    }

    private func insertGap(
        _ device: String, _ sequence: LogSequence, _ gap: LogGap
    ) throws(SQLiteError) {
        try insert.run(
            .text(device), .integer(try number(device)), .text(sequence.stream),
            .bits(sequence.epoch.nonce), .integer(gap.first), .integer(gap.last),
            .integer(Int64(gap.reason.rawValue)), .null, .null, .null, .null, .null, .null)
    }

    private func cursor(
        _ device: String, _ sequence: LogSequence
    ) throws(SQLiteError) -> LogCursor? {
        try cursorOf.query([
            .text(device), .text(sequence.stream), .bits(sequence.epoch.nonce),
        ]) { (row) throws(SQLiteError) in Self.cursor(row) }.first
    }

    private func put(_ device: String, _ cursor: LogCursor) throws(SQLiteError) {
        try upsertCursor.run(
            .text(device), .text(cursor.sequence.stream), .bits(cursor.sequence.epoch.nonce),
            .integer(cursor.upto), .integer(cursor.rows), .integer(cursor.gapRows),
            .integer(cursor.trimmedRows))
    }

    private func clocks(_ device: String) throws(SQLiteError) -> [BootID: BootClock] {
        let clocks = try clocksOf.query([.text(device)]) { (row) throws(SQLiteError) in
            BootClock(
                boot: BootID(rawValue: row.bits(0)), offset: Milliseconds(row.integer(1)),
                quality: try Self.quality(row, 2))
        }
        return Dictionary(clocks.map { ($0.boot, $0) }, uniquingKeysWith: { _, last in last })
    }

    private static func cursor(_ row: borrowing Statement) -> LogCursor {
        LogCursor(
            sequence: LogSequence(stream: row.text(0), epoch: Epoch(nonce: row.bits(1))),
            upto: row.bits(2), rows: row.bits(3), gapRows: row.bits(4), trimmedRows: row.bits(5))
    }

    private static func quality(
        _ row: borrowing Statement, _ column: Int32
    ) throws(SQLiteError) -> ClockQuality {
        guard let quality = ClockQuality(rawValue: UInt8(clamping: row.integer(column))) else {
            throw row.damaged("clock quality")
        }
        return quality
    }

    private static func item(
        _ row: borrowing Statement, _ clocks: [BootID: BootClock]
    ) throws(SQLiteError) -> LogItem {
        if !row.isNull(4) {
            guard let reason = GapReason(rawValue: UInt8(clamping: row.integer(5))) else {
                throw row.damaged("gap reason")
            }
            return .gap(LogGap(first: row.bits(3), last: row.bits(4), reason: reason))
        }
        guard let value = try? ValueCodec.decode(row.blob(11)) else {
            throw row.damaged("log value")
        }
        let boot = BootID(rawValue: row.bits(6))
        let time = LogTime(
            boot: boot, monotonic: MonotonicTime(milliseconds: row.integer(7)),
            offset: Milliseconds(row.integer(8)), quality: try quality(row, 9))
        return .row(
            LogRow(time: time.corrected(by: clocks[boot]), key: row.text(10), value: value))
    }
}
