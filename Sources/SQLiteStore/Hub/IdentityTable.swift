public import Identity
public import Platform

/// What the hub thinks of a device's key: the authority on who is believed.
public struct IdentityRecord: Sendable, Hashable {
    public let device: String
    public var state: IdentityState
    /// SHA-256 of the SubjectPublicKeyInfo of the device's key.
    public var key: [UInt8]
    /// The id of the token that it joined with last.
    public var token: String
    public var changed: WallTime
    /// Why it is in this state, for people; empty where the state says it all.
    public var reason: String

    public init(
        device: String, state: IdentityState, key: [UInt8], token: String, changed: WallTime,
        reason: String = ""
    ) {
        self.device = device
        self.state = state
        self.key = key
        self.token = token
        self.changed = changed
        self.reason = reason
    }
}

/// The identities in SQL.
public final class IdentityTable {
    static let schema = """
        CREATE TABLE identity(
            device TEXT PRIMARY KEY, state TEXT NOT NULL, key BLOB NOT NULL, token TEXT NOT NULL,
            changed INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
        """

    private let selectAll: Statement
    private let upsert: Statement
    private let delete: Statement

    /// - Parameter connection: Of a hub's database, which has this table.
    public init(_ connection: borrowing Connection) {
        selectAll = connection.statement(
            "SELECT device, state, key, token, changed, reason FROM identity ORDER BY device")
        upsert = connection.statement(
            "INSERT INTO identity(device, state, key, token, changed, reason) "
                + "VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(device) DO UPDATE SET "
                + "state=excluded.state, key=excluded.key, token=excluded.token, "
                + "changed=excluded.changed, reason=excluded.reason")
        delete = connection.statement("DELETE FROM identity WHERE device=?1")
    }

    public func all() throws(SQLiteError) -> [IdentityRecord] {
        try selectAll.query([]) { (row) throws(SQLiteError) in
            // Who is in a state that this version does not know is not believed.
            let state = IdentityState(rawValue: row.text(1)) ?? .quarantined
            return IdentityRecord(
                device: row.text(0), state: state, key: row.blob(2), token: row.text(3),
                changed: WallTime(milliseconds: row.integer(4)), reason: row.text(5))
        }
    }

    public func put(_ identity: IdentityRecord) throws(SQLiteError) {
        try upsert.run(
            .text(identity.device), .text(identity.state.rawValue), .blob(identity.key),
            .text(identity.token), .integer(identity.changed.milliseconds),
            .text(identity.reason))
    }

    public func remove(_ device: String) throws(SQLiteError) { try delete.run(.text(device)) }
}
