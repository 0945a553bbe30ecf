import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent

private let calm = #"{"temperature":21.5}"#
/// Larger than what is free in the database's last pages.
private let smoke = #"{"smoke":true,"note":""# + String(repeating: "x", count: 12_000) + "\"}"

@Suite struct AgentBusTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func anAlarmIsCommittedAndAcknowledgedAtOnce() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/attic", #"{"smoke":true}"#)
            #expect(board.acknowledged == 1)
            let rows = try await board.agent.rows("alarm")
            #expect(rows.map(\.key) == ["devices/attic"])
            #expect(rows.first?.value == .object([("smoke", .bool(true))]))
            #expect(try await board.value("reported/devices/attic/smoke") == .bool(true))
        }
    }

    @Test func telemetryWaitsForItsCommitAndSoDoesItsAcknowledgement() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.advance(5000)
            let before = board.acknowledged
            try await board.publish("zigbee2mqtt/attic", calm)
            try await board.advance(4999)
            #expect(board.acknowledged == before)
            #expect(try await board.value("reported/devices/attic/temperature") == nil)
            try await board.advance(1)
            #expect(board.acknowledged == 1)
            #expect(
                try await board.value("reported/devices/attic/temperature") == .double(21.5))
        }
    }

    @Test func whereTheBusHoldsBackTheCommitComesNow() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/attic", calm)
            #expect(board.acknowledged == 0)
            try await board.deliver(BusEvent.commitRequested)
            #expect(board.acknowledged == 1)
        }
    }

    @Test func aMessageOfNobodyIsAcknowledgedToo() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.advance(5000)
            try await board.publish("some/other/thing", "1")
            try await board.advance(5000)
            #expect(board.acknowledged == 1)
        }
    }

    @Test(arguments: StoreFailure.allCases)
    func whatCannotBeCommittedIsNotAcknowledgedUntilItIs(failure: StoreFailure) async throws {
        try await AgentHarness.run(folder) { board in
            try await board.synchronize()
            try await board.answerUp()
            try await board.advance(5000)
            try await board.agent.begin(failure)
            let frames = board.sent.count
            try await board.publish("zigbee2mqtt/attic", smoke)
            for _ in 0..<3 {
                try await board.advance(1000)
                #expect(board.acknowledged == 0)
            }
            // Nothing of it has left either.
            #expect(board.sentRows("alarm").isEmpty)
            #expect(board.sent.count == frames)
            #expect(try await board.status()["store"] == .string("failing"))
            #expect(board.lines.with { $0.count { $0.hasPrefix("error store:") } } == 1)

            try await board.agent.end(failure)
            try await board.advance(1000)
            #expect(board.acknowledged == 1)
            #expect(board.sentRows("alarm").map(\.key) == ["devices/attic"])
            #expect(try await board.status()["store"] == .string("ok"))
            try await board.advance(1000)
            let keys = try await board.agent.eventKeys()
            #expect(keys.contains(failure.event))
            #expect(keys.contains("store.recovered"))
        }
    }

    @Test func aBusThatIsAwayIsNoFailure() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.deliver(BusEvent.connected)
            #expect(try await board.status()["local_broker"]?["state"] == .string("connected"))
            try await board.deliver(BusEvent.disconnected(reason: "gone"))
            #expect(
                try await board.status()["local_broker"]?["state"] == .string("disconnected"))
        }
    }

    @Test func aRetainedMessageIsLoggedOnlyWhereItIsNews() async throws {
        try await AgentHarness.run(folder) { board in
            func logged() async throws -> Int {
                try await board.agent.rows("event").count { $0.key == "devices/lamp" }
            }
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"ON"}"#, isRetained: true)
            try await board.advance(200)
            #expect(try await logged() == 1)
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"ON"}"#, isRetained: true)
            // Also where the value that it repeats is only staged yet.
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"OFF"}"#, isRetained: true)
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"OFF"}"#, isRetained: true)
            try await board.advance(5000)
            #expect(try await logged() == 2)
            // What happens now is logged, news or not.
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"OFF"}"#)
            try await board.advance(200)
            #expect(try await logged() == 3)
            #expect(board.acknowledged == 5)
        }
    }

    @Test func aRetainedMessageFromBeforeARestartIsNoNews() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"ON"}"#)
        }
        try await AgentHarness.run(folder, seed: 2) { board in
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"ON"}"#, isRetained: true)
            try await board.advance(5000)
            let rows = try await board.agent.rows("event")
            #expect(rows.count { $0.key == "devices/lamp" } == 1)
        }
    }

    @Test func unreadablePayloadsGiveOneEventAMinuteAndAreCounted() async throws {
        try await AgentHarness.run(folder) { board in
            func events() async throws -> Int {
                try await board.agent.eventKeys().count { $0 == "payload.unreadable" }
            }
            for _ in 0..<10 { try await board.publish("zigbee2mqtt/attic", "{oh") }
            try await board.advance(5000)
            #expect(try await events() == 1)
            #expect(try await board.status()["local_broker"]?["unreadable"] == .int(10))
            #expect(board.acknowledged == 10)
            try await board.publish("zigbee2mqtt/cellar", "{oh")
            try await board.advance(5000)
            #expect(try await events() == 2)
            try await board.advance(55_000)
            try await board.publish("zigbee2mqtt/attic", "{oh")
            try await board.advance(5000)
            #expect(try await events() == 3)
        }
    }

    @Test func aPayloadOverTheBoundIsNotParsed() async throws {
        try await AgentHarness.run(
            folder,
            configure: { configuration, _, _ in
                configuration.localBroker.payloadBytesMax = 10
            }
        ) { board in
            try await board.publish("zigbee2mqtt/attic", calm)
            try await board.advance(5000)
            let rows = try await board.agent.rows("event")
            let event = try #require(rows.first { $0.key == "payload.unreadable" })
            #expect(event.value["reason"] == .string("payload over 10 bytes"))
            #expect(try await board.value("reported/devices/attic/temperature") == nil)
            #expect(board.acknowledged == 1)
        }
    }

    @Test func devicesBeyondTheLimitAreRefusedWithOneEventEach() async throws {
        try await AgentHarness.run(
            folder, configure: { configuration, _, _ in configuration.localBroker.devicesMax = 2 }
        ) { board in
            for name in ["a", "b", "c", "d", "c", "a"] {
                try await board.publish("zigbee2mqtt/\(name)", calm)
            }
            try await board.advance(5000)
            let refused = try await board.agent.rows("event")
                .filter { $0.key == "device.refused" }
            #expect(refused.map { $0.value["device"] } == [.string("c"), .string("d")])
            let rows = try await board.agent.rows("telemetry").map(\.key)
            #expect(
                rows.filter { $0 != "board" } == ["devices/a", "devices/b", "devices/a"])
            #expect(board.acknowledged == 6)
        }
    }

    @Test func aFullStageIsCommittedWithoutWaiting() async throws {
        try await AgentHarness.run(folder) { board in
            let message = (topic: "zigbee2mqtt/attic", payload: calm)
            let count = Stage.rowsMaximum
            try await board.publish(Array(repeating: message, count: count))
            #expect(board.acknowledged == UInt64(count))
            #expect(await board.agent.stagedRows() == 0)
        }
    }

    @Test func anEntityThatWasDiscoveredIsSubscribedTo() async throws {
        try await AgentHarness.run(folder) { board in
            let announcement = """
                {"state_topic":"plug/state","command_topic":"plug/set","unique_id":"plug1",
                 "device":{"identifiers":["plug1"],"name":"plug"}}
                """
            try await board.publish("homeassistant/switch/plug/config", announcement)
            #expect(board.bus.state.with { $0.filters } == ["plug/state"])
        }
    }

    @Test func aClockThatIsSetLaterIsARecordBesideTheRowsFromBefore() async throws {
        try await AgentHarness.run(
            folder,
            configure: { _, clock, _ in
                clock.state.with {
                    $0.offset = 0
                    $0.isDisciplined = false
                }
            }
        ) { board in
            try await board.publish("zigbee2mqtt/attic", #"{"smoke":true}"#)
            #expect(try await board.agent.rows("alarm").first?.time.quality == .unset)
            #expect(try await board.status()["clock"]?["quality"] == .string("unset"))
            board.clock.state.with {
                $0.offset = Release.date.milliseconds
                $0.isDisciplined = true
            }
            try await board.advance(1)
            try await board.advance(200)
            let set = try await board.agent.rows("event").filter { $0.key == "clock.set" }
            #expect(set.map { $0.value["quality"] } == [.string("synchronized")])
            #expect(set.first?.value["jump_ms"] == .int(Release.date.milliseconds))

            // The hub gets what it needs to correct the early row.
            try await board.synchronize()
            let batch = try #require(board.sentBatches("alarm").first)
            #expect(batch.clocks.map(\.offset) == [Milliseconds(Release.date.milliseconds)])
        }
    }
}
