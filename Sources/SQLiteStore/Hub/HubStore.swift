public import Platform
public import SyncProtocol

/// A hub's durable state: devices, their twins and logs, and the hub's own history.
///
/// Device ids lead every primary key and nothing refers across devices, so that the same SQL can
/// be spread over several databases.
public final class HubStore {
    static let migrations = Migrations(steps: [
        MetaTable.schema + TwinTables.schema + DeviceTable.schema + LogTables.schema
            + """
            CREATE TABLE lineage(epoch INTEGER PRIMARY KEY, last INTEGER NOT NULL);
            CREATE TABLE token(hash TEXT PRIMARY KEY, name TEXT NOT NULL, created INTEGER NOT NULL);
            """
    ])

    /// This opening of the store: the session that devices hold with this hub.
    public let epoch: Epoch
    public let twin: TwinTables
    public let devices: DeviceTable
    public let log: LogTables
    public private(set) var commit: UInt64 = 0
    public var clock: HybridLogicalClock

    let connection: Connection
    let meta: MetaTable
    private let upsertLineage: Statement
    private let lineageOf: Statement

    public init(
        path: String, epoch: Epoch, options: Connection.Options = Connection.Options()
    ) throws(SQLiteError) {
        connection = try Connection.open(path, options: options)
        try Self.migrations.apply(connection)
        self.epoch = epoch
        meta = try MetaTable(connection)
        twin = try TwinTables(connection)
        devices = try DeviceTable(connection)
        log = try LogTables(connection)
        upsertLineage = try connection.prepare(
            "INSERT INTO lineage(epoch, last) VALUES(?1,?2) "
                + "ON CONFLICT(epoch) DO UPDATE SET last=excluded.last")
        lineageOf = try connection.prepare("SELECT last FROM lineage WHERE epoch=?1")
        clock = HybridLogicalClock(
            latest: HybridTimestamp(rawValue: try meta.bits("hlc") ?? 0))
        // The reference that a device gets must be found again, also if nothing is ever written.
        try write { () throws(SQLiteError) in () }
    }

    /// One durable step of the hub's history: all of `body` or nothing of it.
    public func write<Result>(
        _ body: () throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> Result {
        let before = (commit, clock)
        do {
            return try connection.transaction { () throws(SQLiteError) in
                commit += 1
                try upsertLineage.run(.bits(epoch.nonce), .integer(commit))
                let result = try body()
                try meta.set("hlc", .bits(clock.latest.rawValue))
                return result
            }
        } catch {
            (commit, clock) = before
            log.forgetNumbers()
            throw error
        }
    }

    public var reference: HubReference { HubReference(epoch: epoch, commit: commit) }

    /// Whether this database has lived through what a device last joined. A wiped or restored
    /// one has not.
    public func knows(_ reference: HubReference) throws(SQLiteError) -> Bool {
        let last = try lineageOf.query([.bits(reference.epoch.nonce)]) {
            (row) throws(SQLiteError) in row.bits(0)
        }.first
        return last.map { reference.commit <= $0 } ?? false
    }

    public func hasToken(hash: String) throws(SQLiteError) -> Bool {
        let rows = try connection.query("SELECT 1 FROM token WHERE hash=?1", [.text(hash)]) {
            (row) throws(SQLiteError) in row.integer(0)
        }
        return !rows.isEmpty
    }

    public func addToken(hash: String, name: String, at now: WallTime) throws(SQLiteError) {
        try write { () throws(SQLiteError) in
            try connection.prepare("INSERT INTO token(hash, name, created) VALUES(?1,?2,?3)")
                .run(.text(hash), .text(name), .integer(now.milliseconds))
        }
    }

    public func quickCheck() throws(SQLiteError) -> [String] { try connection.quickCheck() }

    /// Removes all that is stored of a device, inside the caller's `write`.
    public func deleteData(of device: String) throws(SQLiteError) {
        for table in ["cell", "context"] {
            try connection.prepare("DELETE FROM \(table) WHERE doc=?1").run(.text(device))
        }
        for table in ["log", "cursor", "boot_clock"] {
            try connection.prepare("DELETE FROM \(table) WHERE device=?1").run(.text(device))
        }
        log.forgetNumbers()
    }
}
