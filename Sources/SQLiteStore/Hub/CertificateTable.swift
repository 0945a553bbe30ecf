public import Platform

/// A certificate that the hub issued to a device.
public struct CertificateRecord: Sendable, Hashable {
    public let device: String
    /// The serial number's octets.
    public let serial: [UInt8]
    /// SHA-256 of the SubjectPublicKeyInfo of the certified key.
    public let key: [UInt8]
    public let notBefore: WallTime
    public let notAfter: WallTime
    /// When it was revoked.
    public var revoked: WallTime?
    /// The certificate itself.
    public let der: [UInt8]

    public init(
        device: String, serial: [UInt8], key: [UInt8], notBefore: WallTime, notAfter: WallTime,
        der: [UInt8]
    ) {
        self.device = device
        self.serial = serial
        self.key = key
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.der = der
    }
}

/// The certificates in SQL.
public final class CertificateTable {
    static let schema = """
        CREATE TABLE certificate(
            device TEXT NOT NULL, serial BLOB NOT NULL, key BLOB NOT NULL,
            not_before INTEGER NOT NULL, not_after INTEGER NOT NULL, revoked INTEGER,
            der BLOB NOT NULL, PRIMARY KEY(device, serial)) WITHOUT ROWID;
        """

    private static let columns = "device, serial, key, not_before, not_after, revoked, der"

    private let selectLatest: Statement
    private let selectRevoked: Statement
    private let insert: Statement
    private let revoke: Statement
    private let prune: Statement

    /// - Parameter connection: Of a hub's database, which has this table.
    public init(_ connection: borrowing Connection) {
        selectLatest = connection.statement(
            "SELECT \(Self.columns) FROM certificate WHERE device=?1 "
                + "ORDER BY revoked IS NULL DESC, not_after DESC, serial LIMIT 1")
        selectRevoked = connection.statement(
            "SELECT \(Self.columns) FROM certificate WHERE revoked IS NOT NULL "
                + "ORDER BY device, serial")
        insert = connection.statement(
            "INSERT INTO certificate(\(Self.columns)) VALUES(?1,?2,?3,?4,?5,NULL,?6)")
        revoke = connection.statement(
            "UPDATE certificate SET revoked=?2 WHERE device=?1 AND revoked IS NULL")
        prune = connection.statement("DELETE FROM certificate WHERE device=?1 AND not_after<?2")
    }

    /// The certificate of a device that ends last, of those that are not revoked if there are any.
    public func latest(_ device: String) throws(SQLiteError) -> CertificateRecord? {
        try selectLatest.query([.text(device)], row: Self.record).first
    }

    /// All that were revoked and are not pruned, also those of devices that are forgotten.
    public func revoked() throws(SQLiteError) -> [CertificateRecord] {
        try selectRevoked.query([], row: Self.record)
    }

    public func add(_ certificate: CertificateRecord) throws(SQLiteError) {
        try insert.run(
            .text(certificate.device), .blob(certificate.serial), .blob(certificate.key),
            .integer(certificate.notBefore.milliseconds),
            .integer(certificate.notAfter.milliseconds), .blob(certificate.der))
    }

    /// Revokes all certificates of a device; those that are revoked keep their time.
    public func revoke(_ device: String, at now: WallTime) throws(SQLiteError) {
        try revoke.run(.text(device), .integer(now.milliseconds))
    }

    /// Forgets certificates of a device that ended before a time.
    public func prune(_ device: String, before time: WallTime) throws(SQLiteError) {
        try prune.run(.text(device), .integer(time.milliseconds))
    }

    private static func record(_ row: borrowing Statement) throws(SQLiteError) -> CertificateRecord
    {
        var certificate = CertificateRecord(
            device: row.text(0), serial: row.blob(1), key: row.blob(2),
            notBefore: WallTime(milliseconds: row.integer(3)),
            notAfter: WallTime(milliseconds: row.integer(4)), der: row.blob(6))
        if !row.isNull(5) { certificate.revoked = WallTime(milliseconds: row.integer(5)) }
        return certificate
    }
}
