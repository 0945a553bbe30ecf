import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent

private let path = "desired/devices/lamp/state"

/// A wish for a local device is answered with what the broker said of its command.
@Suite struct AgentCommandTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func set(
        _ board: AgentHarness, _ path: String, _ value: Value
    ) async throws {
        let answer = try await board.ask(
            ("op", .string("set")), ("path", .string(path)), ("value", value))
        #expect(answer["ok"] == .bool(true))
    }

    private static func wish(_ board: AgentHarness, _ value: String) async throws {
        try await set(board, path, .string(value))
    }

    private static func answer(
        _ board: AgentHarness, _ path: String = path
    ) async throws -> Value? {
        try await board.advance(200)
        return try await board.value("reported/" + path)
    }

    private static func published(_ board: AgentHarness) -> [String] {
        board.bus.state.with { $0.published.map { String(decoding: $0.payload, as: UTF8.self) } }
    }

    private static func lamp(_ board: AgentHarness) async throws {
        try await board.publish("zigbee2mqtt/lamp", #"{"state":"OFF"}"#)
    }

    @Test func itIsPendingUntilTheBrokerHasTheCommand() async throws {
        try await AgentHarness.run(folder) { board in
            try await Self.lamp(board)
            try await Self.wish(board, "ON")
            // However long that takes, and whatever else makes the agent look at its wishes.
            for _ in 0..<5 { try await board.advance(60_000) }
            try await Self.set(board, "config/x", .int(1))
            #expect(try await Self.answer(board) == nil)
            #expect(Self.published(board) == [#"{"state":"ON"}"#])
            try await board.deliver(.published(1, .confirmed))
            // The broker has it; the lamp has said nothing yet, and then something else.
            #expect(try await Self.answer(board) == nil)
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"OFF"}"#)
            #expect(try await Self.answer(board) == nil)
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"ON"}"#)
            #expect(try await Self.answer(board)?["status"] == .string("applied"))
            // Answers to what the agent never asked change nothing.
            try await board.deliver(.published(1, .refused(reason: "late")))
            try await board.deliver(.published(99, .lost))
            #expect(try await Self.answer(board)?["status"] == .string("applied"))
            try await board.advance(60_000)
            #expect(Self.published(board).count == 1)
        }
    }

    @Test func aRefusalIsAnsweredWithTheBrokersReasonAndNotTriedAgain() async throws {
        try await AgentHarness.run(folder) { board in
            try await Self.lamp(board)
            try await Self.wish(board, "ON")
            try await board.deliver(.published(1, .refused(reason: "Not authorized")))
            let answer = try await Self.answer(board)
            #expect(answer?["status"] == .string("refused"))
            #expect(
                answer?["reason"]
                    == .string("the local broker refused the command: Not authorized"))
            try await board.advance(60_000)
            #expect(Self.published(board).count == 1)
        }
    }

    @Test func whatAConnectionTookWithItIsSentAgain() async throws {
        try await AgentHarness.run(folder) { board in
            try await Self.lamp(board)
            try await Self.wish(board, "ON")
            board.bus.state.with { $0.isConnected = false }
            try await board.deliver(.published(1, .lost))
            try await board.deliver(BusEvent.disconnected(reason: "gone"))
            try await board.advance(2000)
            #expect(try await Self.answer(board) == nil)
            #expect(Self.published(board).count == 1)
            board.bus.state.with { $0.isConnected = true }
            try await board.deliver(BusEvent.connected)
            try await board.advance(2000)
            #expect(Self.published(board) == [#"{"state":"ON"}"#, #"{"state":"ON"}"#])
            #expect(try await Self.answer(board) == nil)
            try await board.deliver(.published(2, .confirmed))
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"ON"}"#)
            #expect(try await Self.answer(board)?["status"] == .string("applied"))
        }
    }

    @Test func aDeviceThatSaysNothingIsATimeout() async throws {
        try await AgentHarness.run(folder) { board in
            try await Self.lamp(board)
            try await Self.wish(board, "ON")
            try await board.deliver(.published(1, .confirmed))
            try await board.advance(Milliseconds(DeviceCommands.patience.count - 1000))
            #expect(try await Self.answer(board) == nil)
            try await board.advance(1000)
            let answer = try await Self.answer(board)
            #expect(answer?["status"] == .string("refused"))
            #expect(answer?["reason"]?.stringValue?.hasPrefix("timeout: ") == true)
            // What it says later is state, and no answer.
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"ON"}"#)
            #expect(try await Self.answer(board) == answer)
            // A state that is the wished one already needs no second word.
            try await Self.set(board, path, .string("on"))
            try await board.deliver(.published(2, .confirmed))
            #expect(try await Self.answer(board)?["status"] == .string("applied"))
        }
    }

    @Test func aRestartKeepsTheDevicesAndNobodyIsThereUntilHeard() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/lamp/availability", #"{"state":"online"}"#)
            try await board.publish(
                "homeassistant/switch/garden/pump/config", #"{"stat_t":"g/p","cmd_t":"g/s"}"#)
            try await board.advance(6000)
            let presence = try await board.value("reported/presence/lamp")
            #expect(presence?["state"] == .string("online"))
            #expect(presence?["last_heard"]?.stringValue?.isEmpty == false)
        }
        try await AgentHarness.run(folder, seed: 2) { board in
            try await board.advance(6000)
            #expect(
                try await board.value("reported/presence/lamp")?["state"] == .string("remembered"))
            // Without an announcement: the broker may have lost it.
            try await board.publish("g/p", "OFF")
            try await Self.set(board, "desired/devices/garden/switch.pump", .bool(true))
            #expect(Self.published(board) == ["ON"])
            try await board.publish("homeassistant/switch/garden/pump/config", "")
            try await board.advance(6000)
            #expect(
                try await board.value("reported/registry/garden")
                    == .object([("forgotten", .bool(true))]))
        }
    }

    @Test func anAgentThatDiedBeforeTheAnswerSendsTheCommandAgain() async throws {
        try await AgentHarness.run(folder) { board in
            try await Self.lamp(board)
            try await Self.wish(board, "ON")
            #expect(Self.published(board).count == 1)
        }
        try await AgentHarness.run(folder, seed: 2) { board in
            try await Self.lamp(board)
            try await board.advance(2000)
            #expect(Self.published(board) == [#"{"state":"ON"}"#])
        }
    }

    @Test func theLastWishForOnePathWins() async throws {
        try await AgentHarness.run(folder) { board in
            try await Self.lamp(board)
            try await Self.wish(board, "ON")
            try await Self.wish(board, "OFF")
            #expect(Self.published(board) == [#"{"state":"ON"}"#, #"{"state":"OFF"}"#])
            // The answer to the first is none to the second.
            try await board.deliver(.published(1, .refused(reason: "no")))
            #expect(try await Self.answer(board) == nil)
            try await board.deliver(.published(2, .confirmed))
            #expect(try await Self.answer(board)?["status"] == .string("applied"))
            #expect(Self.published(board).count == 2)
        }
    }

    @Test func aWishThatWasTakenBackKeepsItsOwnAnswer() async throws {
        try await AgentHarness.run(folder) { board in
            try await Self.lamp(board)
            try await Self.wish(board, "ON")
            try await Self.set(board, path, .null)
            let answer = try await Self.answer(board)
            #expect(answer?["status"] == .string("applied"))
            try await board.deliver(.published(1, .refused(reason: "no")))
            #expect(try await Self.answer(board) == answer)
        }
    }

    @Test func commandsWithoutAnAnswerAreBoundedAndTheRestFollows() async throws {
        try await AgentHarness.run(folder) { board in
            let most = DeviceCommands.outstandingMaximum
            func path(_ number: Int) -> String { "desired/devices/lamp/p\(number)" }
            try await Self.lamp(board)
            for number in 0..<most + 2 {
                try await Self.set(board, path(number), .int(Int64(number)))
            }
            // Of those that wait only the last value is sent.
            for value in 100...103 as ClosedRange<Int64> {
                try await Self.set(board, path(most), .int(value))
            }
            #expect(Self.published(board).count == most)
            try await board.deliver(.published(1, .confirmed))
            try await board.advance(1)
            #expect(Self.published(board).count == most + 1)
            #expect(Self.published(board).last == #"{"p\#(most)":103}"#)
            // Also those that a later wish replaced count until their answer.
            try await board.deliver(.published(2, .confirmed))
            try await board.advance(1)
            try await Self.set(board, path(2), .int(7))
            #expect(Self.published(board).count == most + 2)
            for number in 3...UInt64(most + 2) {
                try await board.deliver(.published(number, .confirmed))
            }
            try await board.advance(1)
            #expect(Self.published(board).count == most + 3)
            #expect(Self.published(board).last == #"{"p2":7}"#)
            try await board.deliver(.published(UInt64(most + 3), .confirmed))
            for number in 0..<most + 2 {
                let value = number == most ? 103 : number == 2 ? 7 : number
                try await board.publish("zigbee2mqtt/lamp", #"{"p\#(number)":\#(value)}"#)
                let answer = try await Self.answer(board, path(number))
                #expect(answer?["status"] == .string("applied"))
            }
        }
    }
}
