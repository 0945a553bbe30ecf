import Foundation
import Platform

/// One fault: its name, and what provokes and judges it.
struct FaultCase: Sendable {
    let name: String
    /// Gives what was seen in one sentence; throws where that is not what is right.
    let run: @Sendable (World, BenchLink) async throws -> String

    /// All cases, in the order in which they run.
    static let all: [FaultCase] = [
        FaultCase(name: "wrong-yaml", run: wrongYAML),
        FaultCase(name: "port-in-use", run: portInUse),
        FaultCase(name: "no-broker", run: noBroker),
        FaultCase(name: "no-hub", run: noHub),
        FaultCase(name: "full-board-disk", run: fullBoardDisk),
        FaultCase(name: "full-hub-disk", run: fullHubDisk),
        FaultCase(name: "damaged-database", run: damagedDatabase),
        FaultCase(name: "read-only-state", run: readOnlyState),
        FaultCase(name: "unreadable-payloads", run: unreadablePayloads),
        FaultCase(name: "clock-1970", run: clockOf1970),
    ]

    /// Publishes numbers of a sensor and waits until the broker has them.
    static func publish(
        _ numbers: ClosedRange<Int>, to board: Site.Board, in world: World
    ) async throws {
        let publisher = try Publisher(
            "feed", topic: "zigbee2mqtt/counter", port: board.broker.port, logs: world.logs)
        for number in numbers { try publisher.publish(Payload.numbered(number)) }
        try await publisher.finish()
    }

    /// Waits until the hub has the numbers of a sensor, each once.
    static func expect(
        _ numbers: ClosedRange<Int>, from board: Site.Board, at site: Site
    ) async throws {
        let wanted = Set(numbers)
        try await waitUntil(
            "numbers \(numbers) to be at the hub", within: .seconds(60), every: .milliseconds(200),
            logs: board.agent.logPaths + site.hub.logPaths
        ) {
            guard try await site.reachedHub(board.agent) else { return false }
            return Payload.numbers(try await site.hub.reader.entries(board.agent.id))
                .isSuperset(of: wanted)
        }
    }

    /// Demands that a condition holds.
    static func demand(_ condition: Bool, _ otherwise: String) throws {
        guard condition else { throw BenchFailure(otherwise) }
    }
}
