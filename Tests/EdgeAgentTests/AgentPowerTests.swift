import DeviceDrivers
import Foundation
import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent

/// Power on a running agent, over a board's files in a folder.
@Suite struct AgentPowerTests {
    private static let governor = PaperBoard.clock + "scaling_governor"
    private let folder: TemporaryFolder
    private let board: PaperBoard

    init() throws {
        folder = try TemporaryFolder()
        board = try PaperBoard(folder)
    }

    private func run(
        configure: @escaping (inout AgentConfiguration.Power) -> Void = { _ in },
        body: @escaping @Sendable (AgentHarness) async throws -> Void
    ) async throws {
        try await AgentHarness.run(
            folder,
            configure: { configuration, _, _ in
                configuration.power.isEnabled = true
                configuration.power.group = PaperBoard.group
                // The hub of these tests answers when it is told to.
                configuration.uplink.ackTimeout = .seconds(7200)
                configure(&configuration.power)
            }, body: body)
    }

    private static func order(_ state: String, _ span: String? = nil) -> Value {
        .object(
            [("state", .string(state))] + (span.map { [("for", .string($0))] } ?? []))
    }

    private static func set(_ agent: AgentHarness, _ value: Value) async throws {
        let answer = try await agent.ask(
            ("op", .string("set")), ("path", .string(Agent.powerPath)), ("value", value))
        #expect(answer["ok"] == .bool(true))
        try await agent.advance(200)
    }

    private static func state(_ agent: AgentHarness) async throws -> String? {
        try await agent.value("reported/power/state")?.stringValue
    }

    private static func refusal(_ agent: AgentHarness) async throws -> String? {
        try await agent.value("reported/" + Agent.powerPath)?["reason"]?.stringValue
    }

    @Test func aWishOfTheHubIsCarriedOutAndEnds() async throws {
        let board = self.board
        try await run { agent in
            try await agent.synchronize(deltas: [
                try agent.wish(Agent.powerPath, Self.order("saver", "2h"))
            ])
            try await agent.advance(200)
            #expect(try await Self.state(agent) == "saver")
            #expect(try board.says(Self.governor) == "schedutil")
            let answer = try await agent.value("reported/" + Agent.powerPath)
            #expect(answer?["status"] == .string("applied"))
            #expect(
                try await agent.value("reported/power/reason") == .string("an operator wished it"))
            #expect(try await agent.value("reported/power/until") != .null)
            try await agent.advance(.seconds(7199))
            #expect(try await Self.state(agent) == "saver")
            // At its end, not with the next sample.
            let end = try #require(agent.timer.state.with { $0.deadline })
            #expect(end - agent.clock.now().monotonic <= 1000)
            try await agent.advance(1000)
            try await agent.advance(200)
            #expect(try await Self.state(agent) == "balanced")
            #expect(try await agent.value("reported/power/until") == .null)
            #expect(try board.says(Self.governor) == "ondemand")
            let events = try await agent.agent.rows("event").filter { $0.key == "power.changed" }
            #expect(
                events.map { $0.value["to"] } == [.string("saver"), .string("balanced")])
        }
    }

    @Test func aWishGoesOnAfterARestartForWhatIsLeftOfIt() async throws {
        try await run { agent in
            try await Self.set(agent, Self.order("critical", "1h"))
            try await agent.advance(.seconds(600))
            #expect(try await Self.state(agent) == "critical")
        }
        let board = self.board
        // A stop in good order puts back what was found.
        #expect(try board.says(Self.governor) == "ondemand")
        // The harness's clock begins where it began before: the wish has its whole time.
        try await run { agent in
            try await agent.advance(200)
            #expect(try await Self.state(agent) == "critical")
            #expect(try await agent.value("reported/power/wish") == .string("critical"))
            #expect(try board.says(Self.governor) == "powersave")
            try await agent.advance(.seconds(3600))
            try await agent.advance(200)
            #expect(try await agent.value("reported/power/wish") == .null)
        }
    }

    @Test(arguments: [
        (order("off", "1h"), "power.halt"), (order("off"), "off needs for"),
        (order("sleepy"), "auto, performance, balanced, saver, critical, off"),
        (order("saver", "soon"), "for: expected a span of time"),
        (order("saver", "721h"), "out of range"), (.int(3), "state is none of"),
        (.object([("state", .string("saver")), ("until", .int(1))]), "until is no field"),
    ])
    func whatCannotBeIsRefusedWithTheReason(value: Value, words: String) async throws {
        try await run { agent in
            try await Self.set(agent, value)
            let reason = try await Self.refusal(agent)
            #expect(reason?.contains(words) == true, "\(reason ?? "none")")
            #expect(try await Self.state(agent) == "balanced")
        }
    }

    @Test func aBoardThatIsNotManagedSaysSo() async throws {
        let board = self.board
        try await run(configure: { $0.isEnabled = false }) { agent in
            try await Self.set(agent, .string("saver"))
            #expect(try await Self.refusal(agent)?.contains("power.enabled") == true)
            #expect(try await Self.state(agent) == nil)
            #expect(try await agent.ask(("op", .string("power")))["exit"] == .int(3))
            #expect(try board.says(Self.governor) == "ondemand")
        }
    }

    @Test func aBoardThatIsNoLongerManagedGetsBackWhatWasFound() async throws {
        let board = self.board
        let found = try board.knobs()
        try await run(configure: { $0.restoresOnExit = false }) { agent in
            try await Self.set(agent, .string("critical"))
        }
        #expect(try board.knobs() != found)
        try await run(configure: { $0.isEnabled = false }) { _ in }
        #expect(try board.knobs() == found)
        #expect(!board.hasRecord)
    }

    @Test func heatSpreadsSamplesAndBatchesTelemetry() async throws {
        let board = self.board
        try await run { agent in
            try await agent.synchronize()
            try await agent.answerUp()
            try board.heat(90)
            try await agent.advance(.seconds(30))
            try await agent.advance(200)
            #expect(try await Self.state(agent) == "critical")
            let due = await agent.agent.sampleDue
            #expect(due - agent.clock.now().monotonic > .seconds(290))
            // The first batch goes out; then telemetry waits and events do not.
            try await agent.advance(.seconds(10))
            for batch in agent.sentBatches("telemetry") + agent.sentBatches("event") {
                try await agent.deliver(
                    .logAcknowledged(sequence: batch.sequence, upto: batch.last))
            }
            let before = agent.sentRows("telemetry").count
            try await agent.publish("zigbee2mqtt/meter", #"{"temperature":20.5}"#)
            try await agent.advance(.seconds(60))
            #expect(agent.sentRows("telemetry").count == before)
            let events = agent.sentRows("event").count
            try await Self.set(agent, .string("saver"))
            try await agent.advance(.seconds(600))
            #expect(agent.sentRows("telemetry").count > before)
            #expect(agent.sentRows("event").count >= events)
        }
    }

    @Test func aDeclaredBatteryCounts() async throws {
        try await run(configure: { $0.batteryDevice = "ups" }) { agent in
            await agent.agent.heardBattery(3.38)
            try await agent.advance(.seconds(30))
            try await agent.advance(200)
            #expect(try await Self.state(agent) == "critical")
            let status = try await agent.ask(("op", .string("power")))
            #expect(status["readings"]?["battery_percent"]?.doubleValue.map { Int($0) } == 10)
            #expect(status["knobs"]?.arrayValue?.isEmpty == false)
        }
    }

    @Test func anOrderToHaltSetsTheAlarmFirst() async throws {
        let board = self.board
        try board.put("/sys/class/rtc/rtc0/wakealarm", "")
        try await run(configure: { $0.mayHalt = true }) { agent in
            try await Self.set(agent, Self.order("off", "8h"))
            #expect(try board.says("/sys/class/rtc/rtc0/wakealarm") == "+28800")
            let started = agent.processes.state.with { $0.started.map(\.arguments) }
            #expect(started == [["systemctl", "poweroff"]])
            #expect(try await agent.agent.eventKeys().contains("power.halting"))
            // Once, not with every sample.
            try await agent.advance(.seconds(300))
            #expect(agent.processes.state.with { $0.started.count } == 1)
        }
        // After the halt the order is done: the board that woke stays on.
        try await run(configure: { $0.mayHalt = true }) { agent in
            try await agent.advance(.seconds(300))
            #expect(agent.processes.state.with { $0.started.isEmpty })
        }
    }

    @Test func withoutAnAlarmNobodyHalts() async throws {
        try await run(configure: { $0.mayHalt = true }) { agent in
            try await Self.set(agent, Self.order("off", "8h"))
            #expect(try await Self.refusal(agent)?.contains("no wake alarm") == true)
            #expect(agent.processes.state.with { $0.started.isEmpty })
        }
    }

    @Test func aWorkloadsClassAndDeadlineCount() async throws {
        try await run { agent in
            let spec = Value.object([
                ("command", .array([.string("/bin/control")])), ("deadline_ms", .int(100)),
            ])
            let answer = try await agent.ask(
                ("op", .string("set")), ("path", .string("desired/workloads/control")),
                ("value", spec))
            #expect(answer["ok"] == .bool(true))
            #expect(
                agent.processes.state.with { $0.started.map(\.group) }
                    == [PaperBoard.group + "/work-urgent"])
            try await Self.set(agent, .string("saver"))
            #expect(try await Self.state(agent) == "balanced")
            let reason = try await agent.value("reported/power/reason")
            #expect(reason?.stringValue?.contains("deadline is short") == true)
        }
    }

    @Test func anotherOwnerIsAnEvent() async throws {
        let board = self.board
        try await run { agent in
            try await Self.set(agent, .string("critical"))
            try board.put(Self.governor, "ondemand")
            try await agent.advance(.seconds(300))
            try await agent.advance(200)
            let events = try await agent.agent.rows("event").filter { $0.key == "power.knob" }
            #expect(events.map { $0.value["knob"] } == [.string("policy0/scaling_governor")])
        }
    }
}

extension Agent {
    /// As a reading of a declared device does.
    func heardBattery(_ volts: Double) {
        perform([
            DevicePoller.Directive.report(
                device: configuration.power.batteryDevice,
                properties: [("voltage", .number(volts))])
        ])
    }
}
