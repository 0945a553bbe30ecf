import Identity
import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub
@testable import SQLiteStore

@Suite struct OperatorTests {
    private let folder: TemporaryFolder
    private let admin = Caller(name: "ann", role: .admin, origin: "127.0.0.1")

    init() throws { folder = try TemporaryFolder() }

    private func make(
        _ hub: HubHarness, _ name: String, _ role: OperatorRole = .operator,
        scope: [String: String] = [:], seconds: Int64? = 60
    ) async throws -> String {
        let answer = try await hub.hub.createOperator(
            name: name, role: role, scope: scope, lifetimeSeconds: seconds, as: admin)
        return try #require(answer["token"]?.stringValue)
    }

    private func code(_ body: () async throws -> Void) async -> HubError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? HubError)?.code
        }
    }

    @Test func aTokenCountsUntilItEndsOrIsRevoked() async throws {
        try await HubHarness.run(folder) { hub in
            let short = try await make(hub, "short")
            let long = try await make(hub, "long", .viewer, scope: ["site": "barn"], seconds: nil)
            #expect(short.count == 64 && short != long)
            let caller = await hub.hub.caller(token: long, from: "::1")
            #expect(
                caller
                    == Caller(name: "long", role: .viewer, scope: ["site": "barn"], origin: "::1"))
            #expect(await hub.hub.caller(token: short, from: "")?.name == "short")
            hub.clock.advance(59_999)
            #expect(await hub.hub.caller(token: short, from: "") != nil)
            hub.clock.advance(1)
            #expect(await hub.hub.caller(token: short, from: "") == nil)
            try await hub.hub.revokeOperator("long", as: admin)
            #expect(await hub.hub.caller(token: long, from: "") == nil)
            let states = await hub.hub.operators()["operators"]?.arrayValue?.map { $0["state"] }
            #expect(states == [.string("revoked"), .string("expired")])
            // The names of those that ended are free again.
            _ = try await make(hub, "long")
            #expect(await code { _ = try await make(hub, "long") } == .conflict)
            #expect(await code { try await hub.hub.revokeOperator("none", as: admin) } == .notFound)
        }
        // It is all in the database, and no token is.
        let store = try HubStore(path: folder.path + "/hub.db", epoch: Epoch(nonce: 0xAB02))
        #expect(try store.operators.all().map(\.name) == ["long", "short"])
    }

    @Test func theLastLastingAdminStays() async throws {
        try await HubHarness.run(folder) { hub in
            try await hub.hub.addToken("secret")
            _ = try await make(hub, "boss", .admin)
            #expect(await code { try await hub.hub.revokeOperator("test", as: admin) } == .conflict)
            _ = try await make(hub, "lasting", .admin, seconds: nil)
            try await hub.hub.revokeOperator("test", as: admin)
            #expect(await hub.hub.caller(token: "secret", from: "") == nil)
            #expect(
                await code { try await hub.hub.revokeOperator("lasting", as: admin) } == .conflict)
        }
    }

    @Test func thereIsRoomForSoMany() async throws {
        try await HubHarness.run(folder) { hub in
            for number in 0..<FleetHub.operatorsMaximum {
                _ = try await make(hub, "o\(number)", seconds: number == 7 ? 1 : nil)
            }
            #expect(await code { _ = try await make(hub, "more") } == .unavailable)
            hub.clock.advance(1000)
            _ = try await make(hub, "more")
            let names = await hub.hub.operators()["operators"]?.arrayValue?
                .compactMap { $0["name"]?.stringValue }
            #expect(names?.count == FleetHub.operatorsMaximum && names?.contains("o7") == false)
        }
    }

    @Test func comparisonSeesEachByte() {
        #expect(ConstantTime.equal("abc", "abc") && ConstantTime.equal("", ""))
        for other in ["abd", "xbc", "ab", "abcd", ""] { #expect(!ConstantTime.equal("abc", other)) }
    }

    @Test func eventsEndAtTheScopeAndWithTheToken() async throws {
        try await HubHarness.run(folder) { hub in
            for (id, site) in [("board-1", "barn"), ("board-2", "house")] {
                try await hub.hub.put(id, labels: ["site": site])
            }
            let caller = Caller(
                name: "bob", role: .viewer, scope: ["site": "barn"], origin: "",
                expires: WallTime(milliseconds: hub.clock.now().wall.milliseconds + 5000))
            let barn = await hub.hub.events(after: 0, as: caller)
            let all = await hub.watch()
            for id in ["board-2", "board-1"] {
                _ = try await hub.hub.updateDevice(id, name: "n-\(id)", labels: nil)
                try await hub.hub.removeDevice(id, forget: true)
            }
            let seen = try await all.read(hub).compactMap { $0.data["device"]?.stringValue }
            #expect(seen == ["board-2", "board-2", "board-1", "board-1"])
            for _ in 0..<5 { try await hub.tick() }
            var devices: [Value?] = []
            // The stream is over with the token.
            for await event in barn where event.kind == "device" {
                devices.append(event.data["device"])
            }
            #expect(devices == [.string("board-1"), .string("board-1")])
            let replay = await hub.hub.events(after: 0, as: caller)
            try await hub.tick()
            for await event in replay { #expect(event.data["device"] != .string("board-2")) }
        }
    }

    @Test func aStreamEndsWhenItsOperatorIsRevoked() async throws {
        try await HubHarness.run(folder) { hub in
            let token = try await make(hub, "bob")
            let caller = try #require(await hub.hub.caller(token: token, from: ""))
            let events = await hub.hub.events(after: nil, as: caller)
            try await hub.hub.revokeOperator("bob", as: admin)
            for await _ in events {}
        }
    }
}

extension FleetHub {
    func put(_ id: String, labels: [String: String]) throws {
        let now = timekeeper.now().wall
        let record = DeviceRecord(
            id: id, name: id, labels: labels, state: .active, registered: now, lastSeen: now)
        try store.write { () throws(SQLiteError) in try store.devices.put(record) }
        devices[id] = record
    }

    func audit(_ sql: String) throws { try store.connection.execute(sql) }

    /// The whole log, checked as a client checks it.
    func checkAudit(noted: [UInt8]? = nil) throws -> AuditHead {
        var check = AuditCheck(from: try store.audit.start(), noted: noted, by: CryptoDigests())
        let rows = try store.audit.page(
            after: 0, since: WallTime(milliseconds: 0), limit: .max)
        for entry in rows { try check.take(entry.row, hash: entry.hash) }
        try check.finish()
        return check.head
    }

    func auditRows() throws -> [AuditRow] {
        try store.audit.page(after: 0, since: WallTime(milliseconds: 0), limit: .max).map(\.row)
    }
}
