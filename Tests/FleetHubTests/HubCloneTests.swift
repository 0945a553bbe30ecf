import Identity
import Platform
import SQLiteStore
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

extension FleetHub {
    /// As if the device had enrolled.
    func enrolled(_ device: String) throws {
        let identity = IdentityRecord(
            device: device, state: .active, key: [UInt8](repeating: 1, count: 32),
            token: "AQIDBAUG",
            changed: Release.date)
        try store.write { () throws(SQLiteError) in try store.identities.put(identity) }
        keep(identity, of: device)
    }

    func believes(_ device: String) -> Bool { identityRefusal(of: device) == nil }
}

/// Two boards with one key and one name, as two copies of one card are: nothing but what they say
/// tells them apart.
@Suite struct HubCloneTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func fork(_ hub: HubHarness) async throws {
        let first = FakeBoard(hub: hub, epoch: Epoch(nonce: 0x10))
        let second = FakeBoard(hub: hub, epoch: Epoch(nonce: 0x20))
        try await first.open()
        try await second.open()
        #expect(await hub.hub.believes("board-1"))
        _ = try await first.up()
        try await first.open()
    }

    @Test func bothAreInQuarantineUntilAPersonDecides() async throws {
        try await HubHarness.run(folder) { hub in
            try await hub.hub.enrolled("board-1")
            let events = await hub.watch()
            try await Self.fork(hub)
            let suspected = try await events.named("clone_suspected", hub)
            #expect(suspected.map { $0.data["device"] } == [.string("board-1")])
            #expect(await !hub.hub.believes("board-1"))
            let identity = try await hub.hub.device("board-1")["identity"]
            #expect(identity?["state"] == .string("quarantined"))
            #expect(identity?["reason"]?.stringValue?.contains("two boards") == true)
            _ = try await hub.hub.decide("board-1", .approve)
            #expect(await hub.hub.believes("board-1"))
        }
        // It is as the person left it, for the next hub on this database as well.
        try await HubHarness.run(folder, epoch: 0xAB02) { hub in
            #expect(await hub.hub.believes("board-1"))
        }
    }

    @Test func aQuarantineOutlivesTheHub() async throws {
        try await HubHarness.run(folder) { hub in
            try await hub.hub.enrolled("board-1")
            try await Self.fork(hub)
            #expect(await !hub.hub.believes("board-1"))
        }
        try await HubHarness.run(folder, epoch: 0xAB02) { hub in
            #expect(await !hub.hub.believes("board-1"))
        }
    }

    /// There is no belief to take back from who has no key.
    @Test func aDeviceThatNeverEnrolledIsStillHeard() async throws {
        try await HubHarness.run(folder) { hub in
            let events = await hub.watch()
            try await Self.fork(hub)
            #expect(try await events.named("fork_detected", hub).count == 1)
            #expect(await hub.hub.believes("board-1"))
        }
    }
}
