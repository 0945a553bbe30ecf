public import Platform

/// One device as the hub's registry holds it.
public struct DeviceRecord: Sendable, Hashable {
    public enum State: String, Sendable, Hashable {
        case active
        /// Removed by an operator: its frames are refused.
        case removed
    }

    public let id: String
    public var name: String
    public var labels: [String: String]
    public var state: State
    public let registered: WallTime
    public var lastSeen: WallTime

    public init(
        id: String, name: String, labels: [String: String], state: State, registered: WallTime,
        lastSeen: WallTime
    ) {
        self.id = id
        self.name = name
        self.labels = labels
        self.state = state
        self.registered = registered
        self.lastSeen = lastSeen
    }
}

/// The registry in SQL.
public final class DeviceTable {
    static let schema = """
        CREATE TABLE device(
            id TEXT PRIMARY KEY, name TEXT NOT NULL, labels TEXT NOT NULL, state TEXT NOT NULL,
            registered INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;
        """

    private let selectAll: Statement
    private let upsert: Statement
    private let delete: Statement

    init(_ connection: borrowing Connection) {
        selectAll = connection.statement(
            "SELECT id, name, labels, state, registered, seen FROM device ORDER BY id")
        upsert = connection.statement(
            "INSERT INTO device(id, name, labels, state, registered, seen) "
                + "VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(id) DO UPDATE SET name=excluded.name, "
                + "labels=excluded.labels, state=excluded.state, seen=excluded.seen")
        delete = connection.statement("DELETE FROM device WHERE id=?1")
    }

    public func all() throws(SQLiteError) -> [DeviceRecord] {
        try selectAll.query([]) { (row) throws(SQLiteError) in
            guard let labels = try? JSONReader.read(row.text(2)),
                let state = DeviceRecord.State(rawValue: row.text(3))
            else { throw row.damaged("device") }
            let pairs = (labels.mapValue ?? []).compactMap { entry in
                entry.value.stringValue.map { (entry.key, $0) }
            }
            return DeviceRecord(
                id: row.text(0), name: row.text(1),
                labels: Dictionary(pairs, uniquingKeysWith: { _, last in last }), state: state,
                registered: WallTime(milliseconds: row.integer(4)),
                lastSeen: WallTime(milliseconds: row.integer(5)))
        }
    }

    public func put(_ device: DeviceRecord) throws(SQLiteError) {
        let labels = Value.object(device.labels.map { ($0.key, .string($0.value)) })
        try upsert.run(
            .text(device.id), .text(device.name), .text(labels.json), .text(device.state.rawValue),
            .integer(device.registered.milliseconds), .integer(device.lastSeen.milliseconds))
    }

    public func remove(_ id: String) throws(SQLiteError) { try delete.run(.text(id)) }
}
