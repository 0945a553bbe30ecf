import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent

private let calm = #"{"temperature":21.5}"#
/// Larger than what is free in the database's last pages.
private let smoke = #"{"smoke":true,"note":""# + String(repeating: "x", count: 12_000) + "\"}"

/// What a board that cannot write loses is counted, and what it has received when it stops is not
/// lost.
@Suite struct AgentLossTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func publish(
        _ board: AgentHarness, _ device: String, _ payload: String, isRetained: Bool = false,
        isKept: Bool = false
    ) async throws {
        try await board.publish(
            [("zigbee2mqtt/" + device, payload)], isRetained: isRetained, isKept: isKept)
    }

    /// The local broker goes and comes back.
    private static func reconnect(_ board: AgentHarness) async throws {
        try await board.deliver(BusEvent.disconnected(reason: "gone"))
        try await board.deliver(BusEvent.connected)
    }

    private static func dropped(_ board: AgentHarness) async throws -> [Value?] {
        try await board.agent.rows("event").filter { $0.key == "store.dropped" }
            .map { $0.value["messages"] }
    }

    @Test(arguments: StoreFailure.allCases)
    func messagesThatComeOnceAndCouldNotBeStoredAreCounted(failure: StoreFailure) async throws {
        try await AgentHarness.run(folder) { board in
            try await board.advance(5000)
            try await board.deliver(BusEvent.connected)
            try await board.agent.begin(failure)
            try await Self.publish(board, "attic", smoke)
            try await board.advance(1000)
            try await Self.publish(board, "cellar", calm)
            // The broker has these still.
            try await Self.publish(board, "kept", calm, isKept: true)
            try await Self.publish(board, "retained", calm, isRetained: true)
            try await Self.reconnect(board)
            // What broke is not over, and neither is the loss.
            try await Self.publish(board, "attic", smoke)
            try await Self.publish(board, "kept", calm, isKept: true)
            try await Self.publish(board, "retained", calm, isRetained: true)
            try await board.advance(1000)
            try await Self.reconnect(board)
            try await Self.publish(board, "kept", calm, isKept: true)
            #expect(await board.agent.stagedRows() < 8)

            try await board.agent.end(failure)
            try await board.advance(1000)
            #expect(try await Self.dropped(board) == [.int(3)])
            let keys = try await board.agent.rows("telemetry").map(\.key)
            #expect(keys.filter { $0 != "board" } == ["devices/kept"])
            #expect(try await board.agent.rows("alarm").isEmpty)
            let row = try await board.agent.rows("event").first { $0.key == "store.dropped" }
            #expect(row?.value["reason"]?.stringValue?.contains("QoS 0") == true)

            // Told once.
            try await Self.publish(board, "attic", calm)
            try await Self.reconnect(board)
            try await board.advance(5000)
            #expect(try await Self.dropped(board) == [.int(3)])
        }
    }

    @Test func whereTheConnectionHoldsNothingIsLost() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.advance(5000)
            try await board.agent.begin(.full)
            try await Self.publish(board, "attic", smoke)
            for _ in 0..<3 { try await board.advance(1000) }
            try await board.agent.end(.full)
            try await board.advance(1000)
            #expect(try await board.agent.rows("alarm").count == 1)
            #expect(try await Self.dropped(board).isEmpty)
        }
    }

    /// Neither the message before the stop nor the one that came with it was due for a commit.
    @Test func whoIsToldToStopCommitsWhatHasCome() async throws {
        let kept = Kept()
        try await AgentHarness.run(folder) { board in
            kept.board = board
            try await board.advance(5000)
            try await board.publish("zigbee2mqtt/attic", calm)
            #expect(board.acknowledged == 0)
            let message = BusMessage(
                topic: "zigbee2mqtt/cellar", payload: Array(calm.utf8), isRetained: false)
            board.bus.yield(.messages([message], through: 2))
        }
        let probe = AgentStoreProbe(folder: folder)
        for device in ["attic", "cellar"] {
            #expect(try probe.value("reported/devices/\(device)/temperature") == .double(21.5))
        }
        // The broker need not send them to the next run.
        #expect(kept.board?.acknowledged == 2)
        try await AgentHarness.run(folder, seed: 2) { board in
            try await board.advance(5000)
            let rows = try await board.agent.rows("telemetry").map(\.key)
            #expect(rows.filter { $0 != "board" } == ["devices/attic", "devices/cellar"])
            let started = try await board.agent.rows("event").filter { $0.key == "agent.started" }
            #expect(started.last?.value["clean"] == .bool(true))
        }
    }
}

/// The board of a run, for a look at it afterwards.
private final class Kept: @unchecked Sendable {
    // @unchecked: set during the run, read after it.
    var board: AgentHarness?
}
