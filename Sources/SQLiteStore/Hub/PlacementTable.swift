public import Platform

/// What the hub was asked to place.
public struct PlacementRecord: Sendable, Hashable {
    public let name: String
    /// The request as it was taken.
    public let wish: Value
    public let created: WallTime

    public init(name: String, wish: Value, created: WallTime) {
        self.name = name
        self.wish = wish
        self.created = created
    }
}

/// A replica of it on a board.
public struct PlaceRecord: Sendable, Hashable {
    public let device: String
    public let workload: String
    /// The silent board that it makes up for.
    public let substitutes: String?
    /// Of its lease, where it may run once only.
    public let term: UInt64?

    public init(device: String, workload: String, substitutes: String?, term: UInt64?) {
        self.device = device
        self.workload = workload
        self.substitutes = substitutes
        self.term = term
    }
}

/// Placements in SQL. Of leases the last holder and term outlive the placement: a board that does
/// not know yet may run it.
public final class PlacementTable {
    static let schema = """
        CREATE TABLE placement(
            name TEXT PRIMARY KEY, wish TEXT NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE place(
            device TEXT NOT NULL, workload TEXT NOT NULL, substitutes TEXT, term INTEGER,
            PRIMARY KEY(device, workload)) WITHOUT ROWID;
        CREATE TABLE lease(
            workload TEXT PRIMARY KEY, device TEXT NOT NULL, term INTEGER NOT NULL) WITHOUT ROWID;
        """

    private let selectAll: Statement
    private let insert: Statement
    private let delete: Statement
    private let selectPlaces: Statement
    private let upsertPlace: Statement
    private let deletePlace: Statement
    private let selectLeases: Statement
    private let upsertLease: Statement

    init(_ connection: borrowing Connection) {
        selectAll = connection.statement("SELECT name, wish, created FROM placement ORDER BY name")
        insert = connection.statement(
            "INSERT OR REPLACE INTO placement(name, wish, created) VALUES(?1,?2,?3)")
        delete = connection.statement("DELETE FROM placement WHERE name=?1")
        selectPlaces = connection.statement(
            "SELECT device, workload, substitutes, term FROM place ORDER BY workload, device")
        upsertPlace = connection.statement(
            "INSERT OR REPLACE INTO place(device, workload, substitutes, term) "
                + "VALUES(?1,?2,?3,?4)")
        deletePlace = connection.statement("DELETE FROM place WHERE device=?1 AND workload=?2")
        selectLeases = connection.statement("SELECT workload, device, term FROM lease")
        upsertLease = connection.statement(
            "INSERT OR REPLACE INTO lease(workload, device, term) VALUES(?1,?2,?3)")
    }

    public func all() throws(SQLiteError) -> [PlacementRecord] {
        try selectAll.query([]) { (row) throws(SQLiteError) in
            guard let wish = try? JSONReader.read(row.text(1)) else {
                throw row.damaged("placement")
            }
            return PlacementRecord(
                name: row.text(0), wish: wish, created: WallTime(milliseconds: row.integer(2)))
        }
    }

    public func put(_ record: PlacementRecord) throws(SQLiteError) {
        try insert.run(
            .text(record.name), .text(record.wish.json), .integer(record.created.milliseconds))
    }

    public func remove(_ name: String) throws(SQLiteError) { try delete.run(.text(name)) }

    public func places() throws(SQLiteError) -> [PlaceRecord] {
        try selectPlaces.query([]) { (row) throws(SQLiteError) in
            PlaceRecord(
                device: row.text(0), workload: row.text(1),
                substitutes: row.isNull(2) ? nil : row.text(2),
                term: row.isNull(3) ? nil : UInt64(clamping: row.integer(3)))
        }
    }

    /// Stores a place, and with a term who holds the lease.
    public func put(_ place: PlaceRecord) throws(SQLiteError) {
        let term = place.term.map { Int64(clamping: $0) }
        try upsertPlace.run(
            .text(place.device), .text(place.workload), .optional(place.substitutes),
            term.map { .integer($0) } ?? .null)
        guard let term else { return }
        try upsertLease.run(.text(place.workload), .text(place.device), .integer(term))
    }

    public func removePlace(_ workload: String, on device: String) throws(SQLiteError) {
        try deletePlace.run(.text(device), .text(workload))
    }

    /// By workload, who was given its lease last.
    public func leases() throws(SQLiteError) -> [String: (device: String, term: UInt64)] {
        let rows = try selectLeases.query([]) { (row) throws(SQLiteError) in
            (row.text(0), (device: row.text(1), term: UInt64(clamping: row.integer(2))))
        }
        return Dictionary(rows, uniquingKeysWith: { _, last in last })
    }
}
