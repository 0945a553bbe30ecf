import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent

private let calm = #"{"temperature":21.5}"#
private let smoke = #"{"smoke":true}"#

@Suite struct AgentLinkTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func aConnectionBeginsWithAGreetingAndNothingElse() async throws {
        try await AgentHarness.run(folder) { board in
            #expect(board.sent.isEmpty)
            try await board.deliver(LinkEvent.connected)
            #expect(board.sent.count == 1)
            let hello = try #require(board.greetings.first)
            #expect(hello.epoch.role == .device)
            #expect(hello.reference == nil)
            #expect(try await board.status()["uplink"]?["state"] == .string("connected"))
            try await board.deliver(LinkEvent.disconnected(reason: "gone"))
            #expect(try await board.status()["uplink"]?["state"] == .string("disconnected"))
        }
    }

    @Test func nothingIsSentBeforeItIsCommitted() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.advance(5000)
            try await board.synchronize()
            try await board.answerUp()
            let frames = board.sent.count
            try await board.publish("zigbee2mqtt/attic", calm)
            try await board.advance(4999)
            #expect(board.sent.count == frames)
            try await board.advance(1)
            #expect(board.sentRows("telemetry").map(\.key).last == "devices/attic")
            #expect(board.sentCells()["reported/devices/attic/temperature"] == .double(21.5))
        }
    }

    @Test func whatWaitedIsSentWhenTheSessionStandsTheUrgentFirst() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/attic", calm)
            try await board.publish("zigbee2mqtt/attic", smoke)
            try await board.synchronize()
            let streams = board.sent.compactMap { frame -> String? in
                if case .log(let batch) = frame { batch.sequence.stream } else { nil }
            }
            #expect(streams == ["alarm", "event", "telemetry"])
        }
    }

    @Test func rowsStayUntilTheHubItselfHasAcknowledgedThem() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/attic", smoke)
            try await board.synchronize()
            let batch = try #require(board.sentBatches("alarm").first)
            let elsewhere = LogSequence(stream: "alarm", epoch: Epoch(nonce: 4))
            try await board.deliverElsewhere(
                .logAcknowledged(sequence: batch.sequence, upto: batch.last))
            for (sequence, upto) in [(elsewhere, 1), (batch.sequence, batch.last + 1)] {
                try await board.deliver(Frame.logAcknowledged(sequence: sequence, upto: upto))
            }
            _ = try await board.status()
            #expect(try await board.agent.rows("alarm").count == 1)
            try await board.deliver(
                .logAcknowledged(sequence: batch.sequence, upto: batch.last))
            let log = try await board.status()["log"]
            #expect(try await board.agent.rows("alarm").isEmpty)
            #expect(log?["acked"] == .int(1))
        }
    }

    @Test func whatIsNotAcknowledgedInTimeIsSentAgain() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/attic", smoke)
            try await board.synchronize()
            try await board.answerUp()
            #expect(board.sentRows("alarm").count == 1)
            try await board.advance(9999)
            #expect(board.sentRows("alarm").count == 1)
            try await board.advance(1)
            #expect(board.sentRows("alarm").count == 2)
        }
    }

    @Test func framesInFlightAreBounded() async throws {
        try await AgentHarness.run(
            folder,
            configure: { configuration, _, _ in
                configuration.uplink.framesInFlightMax = 2
                configuration.uplink.frameBytesMax = 1024
            }
        ) { board in
            let note = String(repeating: "x", count: 2000)
            for _ in 0..<5 {
                try await board.publish(
                    "zigbee2mqtt/attic", #"{"smoke":true,"note":"\#(note)"}"#)
            }
            try await board.synchronize()
            #expect(board.sentBatches("alarm").map(\.first) == [1, 2])
            let sequence = try #require(board.sentBatches("alarm").first).sequence
            try await board.deliver(
                .logAcknowledged(sequence: sequence, upto: 2))
            #expect(board.sentBatches("alarm").map(\.first) == [1, 2, 3, 4])
        }
    }

    @Test(arguments: [LinkSendResult.notConnected, .busy])
    func whatTheLinkDoesNotTakeIsSentLater(result: LinkSendResult) async throws {
        try await AgentHarness.run(folder) { board in
            try await board.synchronize()
            try await board.answerUp()
            board.link.state.with { $0.result = result }
            try await board.publish("zigbee2mqtt/attic", smoke)
            #expect(board.sentRows("alarm").isEmpty)
            board.link.state.with { $0.result = .sent }
            try await board.advance(1)
            #expect(board.sentRows("alarm").count == 1)
        }
    }

    @Test func theDailyBudgetHoldsTelemetryBackAndLetsAlarmsGo() async throws {
        try await AgentHarness.run(
            folder,
            configure: { configuration, _, _ in configuration.uplink.dailyBytesMax = 2000 }
        ) { board in
            try await board.synchronize()
            try await board.answerUp()
            #expect(try await board.status()["uplink"]?["budget_left"]?.intValue ?? 0 > 0)
            // An alarm that takes more than the day's bytes.
            let note = String(repeating: "x", count: 3000)
            try await board.publish(
                "zigbee2mqtt/attic", #"{"smoke":true,"note":"\#(note)"}"#)
            #expect(board.sentRows("alarm").count == 1)
            #expect(try await board.status()["uplink"]?["budget_left"] == .int(0))

            let (telemetry, events) = (
                board.sentRows("telemetry").count, board.sentRows("event").count
            )
            try await board.publish("zigbee2mqtt/attic", calm)
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"ON"}"#)
            try await board.advance(5000)
            #expect(board.sentRows("telemetry").count == telemetry)
            #expect(board.sentRows("event").count == events)
            try await board.publish("zigbee2mqtt/cellar", smoke)
            #expect(board.sentRows("alarm").map(\.key).last == "devices/cellar")
        }
    }

    @Test func aNewDayRenewsTheBudget() async throws {
        try await AgentHarness.run(
            folder,
            configure: { configuration, _, _ in configuration.uplink.dailyBytesMax = 5000 }
        ) { board in
            try await board.publish(
                "zigbee2mqtt/attic",
                #"{"smoke":true,"note":"\#(String(repeating: "x", count: 3000))"}"#)
            try await board.publish("zigbee2mqtt/attic", calm)
            try await board.advance(5000)
            try await board.synchronize()
            let batch = try #require(board.sentBatches("alarm").first)
            try await board.deliver(
                .logAcknowledged(sequence: batch.sequence, upto: batch.last))
            #expect(board.sentRows("telemetry").isEmpty)
            board.clock.advance(86_400_000)
            try await board.synchronize()
            #expect(board.sentRows("alarm").count == 1)
            #expect(board.sentRows("event").contains { $0.key == "agent.started" })
        }
    }

    /// Another opening of the hub's store, from an older copy of it.
    private static let restored = Epoch(nonce: 0xCD01)

    private static func meetRestoredHub(_ board: AgentHarness) async throws {
        try await board.deliver(LinkEvent.disconnected(reason: "the hub restarts"))
        try await board.deliver(LinkEvent.connected)
        // It knows nothing of the session.
        try await board.deliver(Frame.reset)
        try await board.deliver(state: [], of: restored, commit: 1)
    }

    @Test func anAcknowledgementNotYetCommittedCountsForTheHubThatGaveItOnly() async throws {
        try await AgentHarness.run(folder) { board in
            for name in ["a", "b", "c"] {
                try await board.publish("zigbee2mqtt/\(name)", smoke)
            }
            try await board.synchronize()
            let batch = try #require(board.sentBatches("alarm").first)
            #expect(batch.last == 3)
            try await board.deliver(
                .logAcknowledged(sequence: batch.sequence, upto: 3))
            try await Self.meetRestoredHub(board)
            // This commit would have released all three.
            try await board.publish("zigbee2mqtt/d", smoke)
            #expect(try await board.agent.rows("alarm").count == 4)
            #expect(board.sentBatches("alarm").count { $0.first == 1 && $0.last == 3 } == 2)
        }
    }

    @Test func whatAHubLostAndTheBoardReleasedIsAGapAndAnEvent() async throws {
        try await AgentHarness.run(folder) { board in
            for name in ["a", "b", "c"] {
                try await board.publish("zigbee2mqtt/\(name)", smoke)
            }
            try await board.synchronize()
            let batch = try #require(board.sentBatches("alarm").first)
            try await board.deliver(
                .logAcknowledged(sequence: batch.sequence, upto: 3))
            _ = try await board.status()
            #expect(try await board.agent.rows("alarm").isEmpty)

            try await Self.meetRestoredHub(board)
            try await board.deliver(
                .logAcknowledged(sequence: batch.sequence, upto: 1))
            let gap = LogGap(first: 2, last: 3, reason: .lostByHub)
            #expect(board.sentBatches("alarm").last?.items == [.gap(gap)])
            try await board.advance(200)
            let lost = try await board.agent.rows("event").filter { $0.key == "hub.lost-rows" }
            #expect(lost.map { $0.value["kept"] } == [.int(1)])
        }
    }

    @Test func aHubThatWantsTheHistoryGetsAllOfIt() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/attic", smoke)
            try await board.deliver(LinkEvent.connected)
            let hello = try #require(board.greetings.last)
            try await board.deliver(
                Frame.want(request: hello.request, have: CausalContext()))
            guard case .seed(hello.request, let deltas, isLast: true) = board.sent.last else {
                Issue.record("no seed: \(board.sent)")
                return
            }
            let cells = deltas.flatMap(\.cells)
            #expect(cells.contains { $0.path.text == "reported/devices/attic/smoke" })
            #expect(deltas.map(\.upto) == [hello.recent[hello.epoch]])
        }
    }

    @Test func anUnreadableFrameIsAnEventAndNoHarm() async throws {
        try await AgentHarness.run(folder) { board in
            for _ in 0..<3 { try await board.deliver(LinkEvent.frame([1, 2, 3])) }
            try await board.advance(200)
            let keys = try await board.agent.eventKeys()
            #expect(keys.count { $0 == "uplink.unreadable" } == 1)
        }
    }

    @Test func aRefusalIsReportedAndNotHammered() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.deliver(LinkEvent.connected)
            try await board.deliver(Frame.refused(reason: "removed"))
            try await board.advance(60_000)
            #expect(board.sent.count == 1)
            #expect(
                board.lines.with { $0.contains { $0.hasSuffix("refuses this device: removed") } })
            try await board.advance(60_000)
            #expect(board.sent.count == 2)
        }
    }

    @Test(arguments: [true, false])
    func onlyASynchronizedClockSaysThatRowsAreTooOld(isDisciplined: Bool) async throws {
        try await AgentHarness.run(
            folder,
            configure: { configuration, clock, _ in
                configuration.state.logAgeMax = 3_600_000
                clock.state.with { $0.isDisciplined = isDisciplined }
            }
        ) { board in
            try await board.publish("zigbee2mqtt/attic", smoke)
            try await board.advance(3_500_000)
            #expect(try await board.agent.rows("alarm").count == 1)
            try await board.advance(200_000)
            #expect(try await board.agent.rows("alarm").count == (isDisciplined ? 0 : 1))
            let gap = try await board.status()["log"]?["gap"]?.intValue ?? 0
            #expect(gap > 0 ? isDisciplined : !isDisciplined)
        }
    }

    @Test func aLostUplinkIsAnEventOnceAMinute() async throws {
        try await AgentHarness.run(folder) { board in
            for _ in 0..<3 {
                try await board.deliver(LinkEvent.connected)
                try await board.deliver(LinkEvent.disconnected(reason: "gone"))
            }
            try await board.advance(200)
            let lost = try await board.agent.rows("event")
                .filter { $0.key == "uplink.disconnected" }
            #expect(lost.map { $0.value["reason"] } == [.string("gone")])
        }
    }

    @Test func theBoardTellsItsLabelsAndVersion() async throws {
        try await AgentHarness.run(
            folder,
            configure: { configuration, _, _ in configuration.device.labels = ["site": "barn"] }
        ) { board in
            try await board.advance(200)
            try await board.synchronize()
            let expected = Value.object([
                ("labels", .object([("site", .string("barn"))])), ("version", .string("test")),
            ])
            #expect(board.sentCells()["reported/agent"] == expected)
        }
    }

    @Test func theLogBoundEvictsTelemetryFirstAndSaysSo() async throws {
        try await AgentHarness.run(
            folder,
            configure: { configuration, _, _ in configuration.state.logBytesMax = 262_144 }
        ) { board in
            try await board.publish("zigbee2mqtt/attic", smoke)
            let note = String(repeating: "x", count: 8000)
            for number in 0..<80 {
                try await board.publish(
                    "zigbee2mqtt/attic", #"{"temperature":\#(number),"note":"\#(note)"}"#)
                try await board.deliver(BusEvent.commitRequested)
            }
            try await board.advance(5000)
            let log = try #require(try await board.status()["log"])
            let count = { (name: String) in log[name]?.intValue ?? -1 }
            #expect(count("gap") > 0)
            #expect(count("bytes") <= 262_144 + 32_768)
            #expect(count("written") == count("acked") + count("gap") + count("pending"))
            #expect(try await board.agent.rows("alarm").count == 1)
            let evicted = try await board.agent.rows("event").filter { $0.key == "log.evicted" }
            // One a minute, however often the bound is met.
            #expect(evicted.count == 1)
            #expect(evicted.first?.value["telemetry"]?.intValue ?? 0 > 0)

            // The hub gets the gap in place of the rows.
            try await board.synchronize()
            let gaps = board.sentBatches("telemetry").flatMap(\.items).compactMap { item in
                if case .gap(let gap) = item { gap } else { nil }
            }
            #expect(gaps.map(\.reason) == [.evicted])
            #expect(gaps.first?.count == UInt64(count("gap")))
        }
    }
}
