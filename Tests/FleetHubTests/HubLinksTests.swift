import Foundation
import Platform
import TestSupport
import Testing

@testable import FleetHub

/// A hub whose endpoint has two links.
@Suite struct HubLinksTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func eachLinkIsNamedAndOneThatIsDownDegrades() async throws {
        try await HubHarness.run(folder, links: [.mqtt, .coap]) { hub in
            let before = await hub.hub.health()
            #expect(before["mqtt"] == .string("disconnected"))
            #expect(before["coap"] == .string("disconnected"))
            let events = await hub.watch()
            try await hub.deliver(.connected(.coap))
            #expect(await hub.hub.health()["status"] == .string("degraded"))
            try await hub.deliver(.connected(.mqtt))
            #expect(await hub.hub.health()["status"] == .string("ok"))
            try await hub.deliver(.disconnected(.coap, reason: "gone"))
            let health = await hub.hub.health()
            #expect(health["status"] == .string("degraded"))
            #expect(health["mqtt"] == .string("connected"))
            #expect(health["coap"] == .string("disconnected"))
            let lines = await hub.hub.metrics().split(separator: "\n")
            #expect(lines.contains(#"fleethub_link_connected{link="mqtt"} 1"#))
            #expect(lines.contains(#"fleethub_link_connected{link="coap"} 0"#))
            let states = try await events.read(hub).compactMap { $0.data["state"]?.stringValue }
            #expect(states.prefix(3) == ["coap connected", "mqtt connected", "coap disconnected"])
        }
    }

    @Test func aDeviceOfTheOtherLinkStaysOnline() async throws {
        try await HubHarness.run(folder, links: [.mqtt, .coap]) { hub in
            _ = try await FakeBoard(hub: hub).hello()
            try await hub.deliver(.connected(.coap))
            try await hub.deliver(.connected(.mqtt))
            try await hub.deliver(.presence(device: "board-1", isOnline: true))
            try await hub.deliver(.disconnected(.coap, reason: "gone"))
            #expect(try await hub.hub.device("board-1")["connected"] == .bool(true))
            try await hub.deliver(.disconnected(.mqtt, reason: "gone"))
            #expect(try await hub.hub.device("board-1")["connected"] == .bool(false))
        }
    }
}
