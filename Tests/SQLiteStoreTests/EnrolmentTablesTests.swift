import Identity
import Platform
import SyncProtocol
import Testing

@testable import SQLiteStore

@Suite struct EnrolmentTablesTests {
    private static func token(_ id: String, expires: Int64) -> EnrolmentTokenRecord {
        EnrolmentTokenRecord(
            id: id, key: [1, 2], labels: ["site": "barn", "x": "a'b"], needsApproval: true,
            created: WallTime(milliseconds: 1), expires: WallTime(milliseconds: expires))
    }

    private static func certificate(
        _ device: String, _ serial: [UInt8], ends: Int64
    ) -> CertificateRecord {
        CertificateRecord(
            device: device, serial: serial, key: [7], notBefore: WallTime(milliseconds: 0),
            notAfter: WallTime(milliseconds: ends), der: [0x30, 0x00])
    }

    @Test func tokensComeBackAsTheyWere() throws {
        let store = try HubStore(try StoreFolder())
        var token = Self.token("a", expires: 10)
        try store.write { () throws(SQLiteError) in
            try store.enrolmentTokens.put(token)
            try store.enrolmentTokens.put(Self.token("b", expires: 5))
        }
        #expect(try store.enrolmentTokens.token("a") == token)
        #expect(try store.enrolmentTokens.token("A") == nil)
        token.usedBy = "pump-1"
        token.usedKey = [9]
        token.withdrawn = WallTime(milliseconds: 3)
        let changed = token
        try store.write { () throws(SQLiteError) in
            try store.enrolmentTokens.put(changed)
            try store.enrolmentTokens.prune(before: WallTime(milliseconds: 10))
        }
        #expect(try store.enrolmentTokens.all() == [changed])
    }

    @Test func identitiesComeBackAndTheUnknownAreNotBelieved() throws {
        let store = try HubStore(try StoreFolder())
        let identity = IdentityRecord(
            device: "pump-1", state: .active, key: [1], token: "t",
            changed: WallTime(milliseconds: 4), reason: "why")
        try store.write { () throws(SQLiteError) in try store.identities.put(identity) }
        #expect(try store.identities.all() == [identity])
        try store.connection.execute("UPDATE identity SET state='of a later version'")
        #expect(try store.identities.all().map(\.state) == [.quarantined])
        try store.write { () throws(SQLiteError) in try store.identities.remove("pump-1") }
        #expect(try store.identities.all().isEmpty)
    }

    @Test func certificatesAreRevokedOnceAndPrunedByDevice() throws {
        let store = try HubStore(try StoreFolder())
        try store.write { () throws(SQLiteError) in
            try store.certificates.add(Self.certificate("a", [1], ends: 10))
            try store.certificates.add(Self.certificate("a", [2], ends: 20))
            try store.certificates.add(Self.certificate("b", [1], ends: 10))
        }
        #expect(try store.certificates.latest("a")?.serial == [2])
        #expect(try store.certificates.latest("c") == nil)
        #expect(try store.certificates.revoked().isEmpty)
        try store.write { () throws(SQLiteError) in
            try store.certificates.revoke("a", at: WallTime(milliseconds: 5))
            try store.certificates.revoke("a", at: WallTime(milliseconds: 6))
        }
        let revoked = try store.certificates.revoked()
        #expect(revoked.map(\.serial) == [[1], [2]])
        #expect(revoked.allSatisfy { $0.revoked == WallTime(milliseconds: 5) })
        try store.write { () throws(SQLiteError) in
            try store.certificates.prune("a", before: WallTime(milliseconds: 15))
        }
        #expect(try store.certificates.revoked().map(\.serial) == [[2]])
        #expect(try store.certificates.latest("b") != nil)
    }

    /// A database of the first release gets the tables and keeps what it has.
    @Test func aDatabaseOfTheFirstReleaseGrows() throws {
        let folder = try StoreFolder()
        let first = Migrations(steps: [HubStore.migrations.steps[0]])
        do {
            let connection = try Connection.open(folder.file("hub.db"))
            try first.apply(connection)
            try connection.execute(
                "INSERT INTO device VALUES('pump-1','Pump','{}','active',1,2)")
        }
        let store = try HubStore(folder)
        #expect(try store.devices.all().map(\.id) == ["pump-1"])
        #expect(try store.identities.all().isEmpty)
        #expect(
            try store.connection.integer("PRAGMA user_version")
                == Int64(HubStore.migrations.steps.count))
    }
}
