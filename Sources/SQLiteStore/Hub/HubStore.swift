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
            CREATE TABLE epoch_owner(epoch INTEGER PRIMARY KEY, device TEXT NOT NULL);
            CREATE TABLE token(hash TEXT PRIMARY KEY, name TEXT NOT NULL, created INTEGER NOT NULL);
            """,
        EnrolmentTokenTable.schema + IdentityTable.schema + CertificateTable.schema,
        OperatorTable.schema + AuditTable.schema,
        PlacementTable.schema,
    ])

    /// This opening of the store: the session that devices hold with this hub.
    public let epoch: Epoch
    public let twin: TwinTables
    public let devices: DeviceTable
    public let log: LogTables
    public let enrolmentTokens: EnrolmentTokenTable
    public let identities: IdentityTable
    public let certificates: CertificateTable
    public let operators: OperatorTable
    public let audit: AuditTable
    public let placements: PlacementTable
    /// Numbers the commits of this database, over all its openings.
    public private(set) var commit: UInt64
    public var clock: HybridLogicalClock

    /// The highest dot that this opening has given in each document; what is beyond it was never
    /// born, whoever says so.
    public private(set) var given: [String: UInt64] = [:]

    let connection: Connection
    let meta: MetaTable
    private let upsertLineage: Statement
    private let lineageOf: Statement
    private let ownerOf: Statement
    private let noteOwner: Statement

    public init(
        path: String, epoch: Epoch, options: Connection.Options = .hub
    ) throws(SQLiteError) {
        connection = try Connection.open(path, options: options)
        try Self.migrations.apply(connection)
        #if EDGE_MUTANTS
            let kept = try Self.lastEpoch(connection)
            self.epoch = SyncMutant.active == .hubEpochKept ? kept ?? epoch : epoch
        #else
            self.epoch = epoch
        #endif
        meta = MetaTable(connection)
        twin = TwinTables(connection)
        devices = DeviceTable(connection)
        log = LogTables(connection)
        enrolmentTokens = EnrolmentTokenTable(connection)
        identities = IdentityTable(connection)
        certificates = CertificateTable(connection)
        operators = OperatorTable(connection)
        audit = AuditTable(connection)
        placements = PlacementTable(connection)
        upsertLineage = connection.statement(
            "INSERT INTO lineage(epoch, last) VALUES(?1,?2) "
                + "ON CONFLICT(epoch) DO UPDATE SET last=excluded.last")
        lineageOf = connection.statement("SELECT last FROM lineage WHERE epoch=?1")
        ownerOf = connection.statement("SELECT device FROM epoch_owner WHERE epoch=?1")
        noteOwner = connection.statement(
            "INSERT OR IGNORE INTO epoch_owner(epoch, device) VALUES(?1,?2)")
        clock = HybridLogicalClock(
            latest: HybridTimestamp(rawValue: try meta.bits("hlc") ?? 0))
        commit = UInt64(clamping: try connection.integer("SELECT max(last) FROM lineage"))
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
                twin.sequence = commit
                try upsertLineage.run(.bits(epoch.nonce), .integer(commit))
                let result = try body()
                try meta.set("hlc", .bits(clock.latest.rawValue))
                return result
            }
        } catch {
            (commit, clock) = before
            twin.forget()
            audit.forget()
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

    public func noteGiven(_ counter: UInt64, in document: String) {
        given[document] = max(given[document] ?? 0, counter)
    }

    /// Whether a device may claim an epoch: it is the first to do so, or was.
    public func owns(_ device: String, _ epoch: Epoch) throws(SQLiteError) -> Bool {
        try noteOwner.run(.bits(epoch.nonce), .text(device))
        return try isOwn(epoch, of: device)
    }

    /// Whether a device has claimed an epoch.
    public func isOwn(_ epoch: Epoch, of device: String) throws(SQLiteError) -> Bool {
        try owner(of: epoch)?.isSameBytes(as: device) ?? false
    }

    /// Whether an epoch is another device's. Claims nothing.
    public func isOthers(_ epoch: Epoch, than device: String) throws(SQLiteError) -> Bool {
        try owner(of: epoch).map { !$0.isSameBytes(as: device) } ?? false
    }

    private func owner(of epoch: Epoch) throws(SQLiteError) -> String? {
        try ownerOf.query([.bits(epoch.nonce)]) { (row) throws(SQLiteError) in row.text(0) }.first
    }

    /// Makes the first operator, who may do everything and does not end by itself.
    public func addToken(hash: String, name: String, at now: WallTime) throws(SQLiteError) {
        let record = OperatorRecord(
            name: name, hash: hash, role: "admin", scope: [:], created: now, expires: nil)
        try write { () throws(SQLiteError) in
            try connection.statement("INSERT INTO token(hash, name, created) VALUES(?1,?2,?3)")
                .run(.text(hash), .text(name), .integer(now.milliseconds))
            try operators.put(record)
        }
    }

    /// Brings everything into the main file, so that this file alone is a backup.
    public func checkpoint() throws(SQLiteError) {
        try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    public func quickCheck() throws(SQLiteError) -> [String] { try connection.quickCheck() }

    /// Removes all that is stored of a device, inside the caller's `write`.
    public func deleteData(of device: String) throws(SQLiteError) {
        try twin.remove(device)
        for table in ["log", "cursor", "boot_clock"] {
            try connection.statement("DELETE FROM \(table) WHERE device=?1").run(.text(device))
        }
        log.forgetNumbers()
    }
}

extension HubStore {
    /// A write of this hub's own, inside the caller's `write`.
    public func apply(
        _ write: TwinWrite, to document: String, now: WallTime
    ) throws(SQLiteError) -> Result<JoinOutcome, TwinWriteFault> {
        try apply([write], to: document, now: now)[0]
    }

    /// Several writes under one stamp, in the order of their paths; what each led to.
    public func apply(
        _ writes: [TwinWrite], to document: String, now: WallTime
    ) throws(SQLiteError) -> [Result<JoinOutcome, TwinWriteFault>] {
        let twin = twin.document(document)
        var writer = TwinWriter(epoch: epoch, counter: try twin.seen(epoch))
        // Where no write bears it, the clock stays, as on a board.
        let bearsStamp = writes.contains { $0.path.kind == .lastWriterWins }
        let stamp = bearsStamp ? clock.stamp(now) : HybridTimestamp(wall: now)
        var results: [Result<JoinOutcome, TwinWriteFault>] = []
        for write in TwinWrite.inOrder(writes) {
            results.append(try twin.write(write, by: &writer, stamp: stamp))
        }
        try twin.advance(epoch, to: writer.counter)
        noteGiven(writer.counter, in: document)
        return results
    }
}
