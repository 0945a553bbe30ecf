import Identity
import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub
@testable import SQLiteStore

/// The record of what operators did: complete, without secrets, and nobody changes it unseen.
@Suite struct AuditLogTests {
    private let folder: TemporaryFolder
    private let ann = Caller(name: "ann", role: .operator, origin: "192.0.2.7")

    init() throws { folder = try TemporaryFolder() }

    /// Runs `body` on a hub where eight things were done.
    private func withHistory(
        _ body: @escaping @Sendable (HubHarness) async throws -> Void
    ) async throws {
        try await HubHarness.run(folder) { hub in
            try await hub.hub.put("board-1", labels: ["site": "barn"])
            for number in 0..<8 {
                hub.clock.advance(10)
                _ = try await hub.hub.setCell(
                    "board-1", path: "desired/a", value: .string("canary-\(number)"), as: ann)
            }
            try await body(hub)
        }
    }

    @Test func everyChangeLeavesARowAndNoRowAValue() async throws {
        try await HubHarness.run(folder) { hub in
            let fleet = hub.hub
            try await fleet.put("board-1", labels: [:])
            let spec = Value.object([("command", .array([.string("canary")]))])
            _ = try await fleet.setCell(
                "board-1", path: "desired/a", value: .string("canary"), as: ann)
            _ = try await fleet.changeCell(
                "board-1", path: "sets/a", .add(.string("canary")), as: ann)
            _ = try await fleet.changeCell("board-1", path: "sets/a", .delete, as: ann)
            _ = try await fleet.apply(
                selector: nil, device: "board-1", kind: "workload", name: "w", spec: spec, as: ann)
            _ = try await fleet.updateDevice(
                "board-1", name: "Barn", labels: ["a": "b"], as: ann)
            let made = try await fleet.createOperator(
                name: "bob", role: .viewer, scope: ["a": "b"], lifetimeSeconds: 60, as: ann)
            try await fleet.revokeOperator("bob", as: ann)
            try? await fleet.removeDevice("board-9", forget: false, as: ann)
            try await fleet.removeDevice("board-1", forget: true, as: ann)
            // What the program around the hub does is no operator's deed.
            try await fleet.put("board-2", labels: [:])
            _ = try await fleet.setCell("board-2", path: "desired/a", value: .int(1))
            // Reading is not recorded.
            _ = try await fleet.devices(selector: nil, as: ann)
            let rows = try await fleet.auditRows()
            let expected = [
                "setCell board-1 set desired/a done", "changeCell board-1 add sets/a done",
                "deleteCell board-1 delete sets/a done",
                "apply board-1 place workload w done",
                "updateDevice board-1 name Barn, labels a=b done",
                "createOperator bob viewer for a=b done", "revokeOperator bob  done",
                "removeDevice board-9  not_found", "removeDevice board-1 forget done",
            ]
            #expect(
                rows.map { "\($0.action) \($0.target) \($0.detail) \($0.result)" } == expected)
            #expect(rows.allSatisfy { $0.who == "ann" && $0.role == "operator" })
            #expect(rows.allSatisfy { $0.origin == "192.0.2.7" })
            let token = try #require(made["token"]?.stringValue)
            for row in rows {
                let text = "\(row)"
                #expect(!text.contains("canary") && !text.contains(token))
                #expect(!text.contains(FleetHub.hash(token: token)))
            }
            #expect(try await fleet.checkAudit().number == 9)
        }
    }

    /// Neither half without the other: a change whose row cannot be written is none.
    @Test func noChangeWithoutItsRow() async throws {
        try await withHistory { hub in
            try await hub.hub.audit(
                "CREATE TRIGGER t BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL,'x'); END")
            await #expect(throws: HubError.self) {
                try await hub.hub.setCell(
                    "board-1", path: "desired/a", value: .string("late"), as: ann)
            }
            let cell = try await hub.hub.cell("board-1", path: "desired/a")
            #expect(cell["value"] == .string("canary-7"))
            try await hub.hub.audit("DROP TRIGGER t")
            _ = try await hub.hub.setCell("board-1", path: "desired/a", value: .int(1), as: ann)
            #expect(try await hub.hub.checkAudit().number == 9)
        }
    }

    @Test(arguments: [
        "time=time+1", "who='eve'", "role='admin'", "origin='x'", "action='x'", "target='x'",
        "detail='x'", "result='refused'", "hash=zeroblob(32)",
    ])
    func anAlteredRowIsNamed(change: String) async throws {
        try await withHistory { hub in
            try await hub.hub.audit("UPDATE audit SET \(change) WHERE n=5")
            await #expect(throws: AuditFault.altered(5)) { try await hub.hub.checkAudit() }
        }
    }

    @Test(arguments: [
        ("DELETE FROM audit WHERE n=5", AuditFault.missing(expected: 5, found: 6)),
        ("DELETE FROM audit WHERE n<4", .missing(expected: 1, found: 4)),
        (
            "DELETE FROM audit WHERE n=5; UPDATE audit SET n=n-1 WHERE n>5",
            .altered(5)
        ),
        (
            "UPDATE audit SET n=100 WHERE n=3; UPDATE audit SET n=3 WHERE n=4; "
                + "UPDATE audit SET n=4 WHERE n=100", .altered(3)
        ),
        (
            "INSERT INTO audit SELECT 9,time,who,role,origin,action,target,detail,result,hash "
                + "FROM audit WHERE n=8", .altered(9)
        ),
    ])
    func missingMovedAndAddedRowsAreNamed(sql: String, fault: AuditFault) async throws {
        try await withHistory { hub in
            for part in sql.split(separator: ";") { try await hub.hub.audit(String(part)) }
            await #expect(throws: fault) { try await hub.hub.checkAudit() }
        }
    }

    /// A tail that was cut off leaves a chain that is right in itself.
    @Test func aTruncatedTailIsFoundByTheNotedHead() async throws {
        try await withHistory { hub in
            let head = try await hub.hub.checkAudit()
            #expect(try await hub.hub.checkAudit(noted: head.hash) == head)
            try await hub.hub.audit("DELETE FROM audit WHERE n>6")
            #expect(try await hub.hub.checkAudit().number == 6)
            await #expect(throws: AuditFault.notedEndIsGone) {
                try await hub.hub.checkAudit(noted: head.hash)
            }
            // The hub that runs remembers its end, so its next row shows the hole to everybody.
            _ = try await hub.hub.setCell("board-1", path: "desired/a", value: .int(1), as: ann)
            await #expect(throws: AuditFault.missing(expected: 7, found: 9)) {
                try await hub.hub.checkAudit()
            }
        }
    }

    /// Who may do nothing does not push out of the log what others did.
    @Test func refusalsAreWrittenWithinABound() async throws {
        try await HubHarness.run(folder) { hub in
            let error = HubError(.refused, "No.", hint: "")
            for _ in 0..<200 { await hub.hub.noteRefused("apply", "x", by: ann, error) }
            #expect(try await hub.hub.auditRows().count == RefusalBudget.rowsPerMinute)
            hub.clock.advance(60_000)
            await hub.hub.noteRefused("apply", "x", by: ann, error)
            let last = try #require(try await hub.hub.auditRows().last)
            #expect(last.result == "refused (and 140 more refusals before)")
        }
    }

    @Test func theChainGoesOnAfterARestart() async throws {
        try await withHistory { _ in }
        try await HubHarness.run(folder, epoch: 0xAB02) { hub in
            _ = try await hub.hub.setCell("board-1", path: "desired/a", value: .int(1), as: ann)
            #expect(try await hub.hub.checkAudit().number == 9)
        }
    }
}
