import Foundation
import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub
@testable import SQLiteStore

@Suite struct HubPlacementTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let spec = Value.object([("command", .array([.string("/bin/web")]))])

    private static func request(
        _ name: String, _ rules: (String, Value)..., selector: String? = nil
    ) -> PlacementRequest {
        PlacementRequest(name: name, spec: spec, selector: selector, rules: .object(rules))
    }

    /// Boards that the hub knows and heard just now.
    private static func boards(_ board: HubHarness, _ names: [String]) async throws {
        let wall = board.clock.now().wall
        try await board.hub.register(names, at: wall)
    }

    private static func devices(_ placement: Value) -> [String] {
        (placement["places"]?.arrayValue ?? []).compactMap { $0["device"]?.stringValue }
    }

    @Test func replicasAreWishesInTwinsUntilTheyAreRemoved() async throws {
        try await HubHarness.run(folder) { board in
            try await Self.boards(board, ["a", "b", "c"])
            let placed = try await board.hub.addPlacement(
                Self.request("web", ("replicas", .int(2))))
            #expect(Self.devices(placed) == ["a", "b"])
            #expect(placed["missing"] == .int(0))
            let cell = try await board.hub.cell("a", path: "desired/workloads/web")
            #expect(cell["value"] == Self.spec)
            let account = try await board.hub.placement("web")
            #expect(account["decisions"]?.arrayValue?.count == 2)
            #expect(account["explanation"]?.stringValue?.contains("web: a,") == true)
            try await board.hub.removePlacement("web")
            #expect(await board.hub.placements()["placements"] == .array([]))
            let gone = try await board.hub.cell("a", path: "desired/workloads/web")
            #expect(gone["value"] == .null)
        }
    }

    @Test func aPlanChangesNothing() async throws {
        try await HubHarness.run(folder) { board in
            try await Self.boards(board, ["a"])
            let plan = try await board.hub.planPlacement(
                Self.request("web", ("replicas", .int(2))))
            #expect(Self.devices(plan) == ["a"])
            #expect(plan["missing"] == .int(1))
            #expect(await board.hub.placements()["placements"] == .array([]))
        }
    }

    @Test func rulesThatMeanNothingAreRefused() async throws {
        try await HubHarness.run(folder) { board in
            for rules: (String, Value) in [
                ("replicas", .int(0)), ("single", .int(1)), ("zones", .string("barn")),
                ("speed", .int(1)),
            ] {
                let error = await #expect(throws: HubError.self) {
                    try await board.hub.addPlacement(Self.request("web", rules))
                }
                #expect(error?.code == .invalid)
            }
            try await Self.boards(board, ["a"])
            _ = try await board.hub.addPlacement(Self.request("web"))
            let error = await #expect(throws: HubError.self) {
                try await board.hub.addPlacement(Self.request("web"))
            }
            #expect(error?.code == .conflict)
        }
    }

    @Test func handAndHubKeepOutOfEachOthersNames() async throws {
        try await HubHarness.run(folder) { board in
            try await Self.boards(board, ["a", "b"])
            _ = try await board.hub.apply(
                selector: nil, device: "b", kind: "workload", name: "web", spec: Self.spec)
            let taken = await #expect(throws: HubError.self) {
                try await board.hub.addPlacement(Self.request("web"))
            }
            #expect(taken?.code == .conflict)
            #expect(taken?.hint.contains("fleet twin delete b desired/workloads/web") == true)
            _ = try await board.hub.addPlacement(Self.request("db"))
            let placed = await #expect(throws: HubError.self) {
                try await board.hub.apply(
                    selector: nil, device: "b", kind: "workload", name: "db", spec: Self.spec)
            }
            #expect(placed?.code == .conflict)
            #expect(placed?.hint.contains("fleet place remove db") == true)
        }
    }

    /// A hub that starts anew goes on with what it had placed, and gives a lease away no earlier
    /// than its holder can have let it end.
    @Test func aLeaseOutlivesTheHub() async throws {
        try await HubHarness.run(folder) { board in
            try await Self.boards(board, ["a", "b"])
            let placed = try await board.hub.addPlacement(
                Self.request("db", ("single", .bool(true))))
            #expect(Self.devices(placed) == ["a"])
            let cell = try await board.hub.cell("a", path: "desired/workloads/db")
            #expect(cell["value"]?["lease"]?["term"] == .int(1))
            #expect(cell["value"]?["lease"]?["span_ms"] == .int(900_000))
        }
        try await HubHarness.run(folder, epoch: 0xAB02) { board in
            try await board.tick()
            let list = await board.hub.placements()["placements"]?.arrayValue ?? []
            #expect(list.map(Self.devices) == [["a"]])
            try await board.hub.removeDevice("a", forget: false)
            try await board.tick()
            let waiting = try await board.hub.placement("db")
            #expect(waiting["missing"] == .int(1))
            board.clock.advance(940_000)
            try await Self.boards(board, ["b"])
            try await board.tick()
            #expect(try await board.hub.placement("db")["missing"] == .int(1))
            for _ in 0..<10 { try await board.tick() }
            let again = try await board.hub.placement("db")
            #expect(Self.devices(again) == ["b"])
            #expect(again["places"]?.arrayValue?.first?["term"] == .int(2))
            let rows = try await board.hub.auditLog(
                after: 0, since: WallTime(milliseconds: 0), limit: 10)
            let details = (rows["rows"]?.arrayValue ?? []).map { $0["detail"] }
            #expect(details.last == .string("start db by lease 2"))
        }
    }
}

extension FleetHub {
    fileprivate func register(_ names: [String], at wall: WallTime) throws {
        try store.write { () throws(SQLiteError) in
            for name in names {
                let record = DeviceRecord(
                    id: name, name: name, labels: [:], state: .active, registered: wall,
                    lastSeen: wall)
                try store.devices.put(record)
                devices[name] = record
            }
        }
    }
}
