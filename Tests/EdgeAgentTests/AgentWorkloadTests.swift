import Foundation
import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent

private let web = Value.object([("command", .array([.string("/bin/web")]))])

private func append(_ text: String, to path: String) throws {
    if !FileManager.default.fileExists(atPath: path) {
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
    }
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(text.utf8))
    try handle.close()
}

@Suite struct AgentWorkloadTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func set(
        _ board: AgentHarness, _ path: String, _ value: Value
    ) async throws {
        let answer = try await board.ask(
            ("op", .string("set")), ("path", .string(path)), ("value", value))
        #expect(answer["ok"] == .bool(true))
    }

    private static func started(_ board: AgentHarness) -> [[String]] {
        board.processes.state.with { $0.started.map(\.arguments) }
    }

    @Test func aWishOfTheHubIsStartedAnsweredAndReported() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.synchronize(deltas: [try board.wish("desired/workloads/web", web)])
            #expect(Self.started(board) == [["/bin/web"]])
            try await board.answerUp()
            try await board.advance(200)
            let answer = try await board.value("reported/desired/workloads/web")
            #expect(answer?["status"] == .string("applied"))
            #expect(answer?["epoch"] == .string(board.session.text))
            #expect(answer?["counter"] == .int(1))
            let report = try await board.value("reported/workloads/web")
            #expect(report?["state"] == .string("running"))
            #expect(report?["pid"] == .int(40))
            #expect(board.sentCells()["reported/workloads/web"] == report)
            let status = try await board.status()["workloads"]?.arrayValue
            #expect(status?.first?["name"] == .string("web"))
            #expect(status?.first?["restarts"] == .int(0))
        }
    }

    @Test func aWishThatCannotBeReadIsRefusedWithTheReason() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.synchronize(deltas: [
                try board.wish("desired/workloads/web", .object([("comand", .null)]))
            ])
            try await board.advance(200)
            let answer = try await board.value("reported/desired/workloads/web")
            #expect(answer?["status"] == .string("refused"))
            #expect(answer?["reason"]?.stringValue?.hasPrefix("comand is no field") == true)
            #expect(Self.started(board).isEmpty)
            let refused = try await board.agent.rows("event")
                .filter { $0.key == "workload.refused" }
            #expect(refused.map { $0.value["workload"] } == [.string("web")])
        }
    }

    @Test(arguments: ["desired/workloads/a b", "desired/sleep", "config/colour"])
    func whatTheAgentDoesNotKnowIsRefused(path: String) async throws {
        try await AgentHarness.run(folder) { board in
            try await Self.set(board, path, web)
            try await board.advance(200)
            let answer = try await board.value("reported/" + path)
            #expect(answer?["status"] == .string("refused"))
            #expect(answer?["reason"]?.stringValue?.isEmpty == false)
        }
    }

    @Test func aTypoDoesNotStopWhatRunsNorDoesARestartOfTheAgent() async throws {
        let folder = folder
        let adopted = try #require(try? WorkloadSpec(web))
        try await AgentHarness.run(folder) { board in
            try await Self.set(board, "desired/workloads/web", web)
            try await Self.set(board, "desired/workloads/web", .object([("comand", .null)]))
            try await board.advance(1000)
            #expect(board.processes.state.with { $0.signals }.isEmpty)
        }
        try await AgentHarness.run(
            folder, seed: 2,
            configure: { _, _, processes in
                processes.state.with {
                    $0.running = [
                        "web/" + adopted.hash: ProcessIdentity(pid: 40, startTicks: 1)
                    ]
                }
            }
        ) { board in
            try await board.advance(1000)
            #expect(board.processes.state.with { $0.signals }.isEmpty)
            // A wish that can be read takes over, and nothing restarts.
            try await Self.set(board, "desired/workloads/web", web)
            #expect(board.processes.state.with { $0.signals }.isEmpty)
            #expect(Self.started(board).isEmpty)
            try await board.advance(200)
            let report = try await board.value("reported/workloads/web")
            #expect(report?["pid"] == .int(40))
        }
    }

    @Test func whatWasDesiredStartsAfterARebootWithoutAnyNetwork() async throws {
        try await AgentHarness.run(folder) { board in
            try await Self.set(board, "desired/workloads/web", web)
        }
        try await AgentHarness.run(folder, seed: 2) { board in
            #expect(Self.started(board) == [["/bin/web"]])
            #expect(board.sent.isEmpty)
        }
    }

    @Test func anEndIsKeptUntilWhatWasSaidOfItIsDurable() async throws {
        try await AgentHarness.run(folder) { board in
            try await Self.set(board, "desired/workloads/web", web)
            let process = ProcessIdentity(pid: 40, startTicks: 1)
            board.processes.state.with { $0.exits[process] = .code(3) }
            var told: [LogRow] = []
            for _ in 0..<60 where told.isEmpty {
                try await board.advance(20)
                told = try await board.agent.rows("event").filter { $0.key == "workload.exited" }
                let forgotten = board.processes.state.with { $0.forgotten }
                #expect(forgotten == (told.isEmpty ? [] : [process]))
            }
            #expect(told.map { $0.value["reason"] } == [.string("exited with code 3")])
        }
    }

    @Test func anExitIsReportedAndTheProcessComesBackAfterItsWait() async throws {
        try await AgentHarness.run(folder) { board in
            try await Self.set(board, "desired/workloads/web", web)
            board.processes.state.with {
                $0.exits[ProcessIdentity(pid: 40, startTicks: 1)] = .signal(11)
            }
            try await board.advance(1000)
            try await board.advance(200)
            let waiting = try await board.value("reported/workloads/web")
            #expect(waiting?["state"] == .string("waiting"))
            #expect(waiting?["reason"] == .string("ended by signal 11"))
            try await board.advance(1000)
            try await board.advance(200)
            let running = try await board.value("reported/workloads/web")
            #expect(running?["pid"] == .int(41))
            #expect(running?["restarts"] == .int(1))
            #expect(
                try await board.agent.eventKeys().filter { $0.hasPrefix("workload.") }
                    == ["workload.started", "workload.exited", "workload.started"])
        }
    }

    @Test func aProgramThatIsMissingIsReportedWithTheReason() async throws {
        try await AgentHarness.run(folder) { board in
            try await Self.set(
                board, "desired/workloads/web",
                .object([("command", .array([.string("/missing")]))]))
            try await board.advance(200)
            let report = try await board.value("reported/workloads/web")
            #expect(report?["reason"] == .string("no such file"))
        }
    }

    @Test func aWishThatIsTakenBackStopsTheProcess() async throws {
        try await AgentHarness.run(folder) { board in
            try await Self.set(board, "desired/workloads/web", web)
            try await Self.set(board, "desired/workloads/web", .null)
            #expect(board.processes.state.with { $0.signals } == ["40:15"])
            try await board.advance(10_000)
            #expect(board.processes.state.with { $0.signals } == ["40:15", "40:9"])
            board.processes.state.with {
                $0.exits[ProcessIdentity(pid: 40, startTicks: 1)] = .signal(9)
            }
            try await board.advance(1000)
            try await board.advance(200)
            #expect(try await board.value("reported/workloads/web") == .null)
        }
    }

    @Test func outputGoesIntoTheLogLineByLineAcrossAgentRestarts() async throws {
        let log = folder.path + "/workloads/web.log"
        try await AgentHarness.run(folder) { board in
            try await Self.set(board, "desired/workloads/web", web)
            try append("one\ntwo\nthr", to: log)
            try await board.advance(1000)
            try await board.advance(5000)
            let rows = try await board.agent.rows("logs/web")
            #expect(rows.map(\.value) == [.string("one"), .string("two")])
        }
        try append("ee\n", to: log)
        try await AgentHarness.run(folder, seed: 2) { board in
            try await board.advance(1000)
            try await board.advance(5000)
            let rows = try await board.agent.rows("logs/web")
            #expect(rows.map(\.value) == [.string("one"), .string("two"), .string("three")])
        }
    }

    @Test func aChattyWorkloadNeitherFillsTheStageNorSilencesAnother() async throws {
        let directory = folder.path + "/workloads/"
        try await AgentHarness.run(folder) { board in
            for name in ["chatty", "quiet"] {
                try await Self.set(board, "desired/workloads/" + name, web)
            }
            try append(String(repeating: "\n", count: 5000), to: directory + "chatty.log")
            try append("here\n", to: directory + "quiet.log")
            try await board.advance(1000)
            #expect(await board.agent.stagedRows() <= Stage.rowsMaximum)
            try await board.advance(5000)
            #expect(try await board.agent.rows("logs/quiet").map(\.value) == [.string("here")])
            for _ in 0..<10 { try await board.advance(1000) }
            try await board.advance(5000)
            #expect(try await board.agent.rows("logs/chatty").count == 5000)
        }
    }

    @Test func aBacklogBeyondTheBoundIsSkippedAndCounted() async throws {
        let path = folder.path + "/workloads/web.log"
        try await AgentHarness.run(folder) { board in
            try await Self.set(board, "desired/workloads/web", web)
            let backlog = Int(WorkloadOutput.backlogMaximum)
            try append(String(repeating: "x", count: 99) + "\n", to: path)
            let handle = try #require(FileHandle(forWritingAtPath: path))
            // A hole reads as zero bytes and costs no disk.
            try handle.truncate(atOffset: UInt64(backlog + 100))
            try handle.close()
            try await board.advance(1000)
            try await board.advance(200)
            let skipped = try await board.agent.rows("event")
                .filter { $0.key == "workload.output-skipped" }
            #expect(skipped.map { $0.value["bytes"] } == [.int(100)])
        }
    }
}

@Suite struct AgentDeviceCommandTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func aDesiredPropertyIsPublishedOnceAndAnswered() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"OFF"}"#)
            try await board.synchronize(deltas: [
                try board.wish("desired/devices/lamp/state", .string("ON"))
            ])
            let expected = BusMessage(
                topic: "zigbee2mqtt/lamp/set", payload: Array(#"{"state":"ON"}"#.utf8),
                isRetained: false)
            #expect(board.bus.state.with { $0.published } == [expected])
            try await board.deliver(.published(1, .confirmed))
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"ON"}"#)
            try await board.advance(200)
            let answer = try await board.value("reported/desired/devices/lamp/state")
            #expect(answer?["status"] == .string("applied"))
            // Reconciling again does not ask the device again.
            _ = try await board.ask(
                ("op", .string("set")), ("path", .string("config/x")), ("value", .int(1)))
            #expect(board.bus.state.with { $0.published.count } == 1)
        }
    }

    @Test func aDeviceThatIsNeverHeardIsRefusedInTheEnd() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.synchronize(deltas: [
                try board.wish("desired/devices/ghost/state", .string("ON"))
            ])
            try await board.advance(60_000)
            try await board.advance(200)
            #expect(try await board.value("reported/desired/devices/ghost/state") == nil)
            try await board.advance(60_000)
            try await board.advance(200)
            let answer = try await board.value("reported/desired/devices/ghost/state")
            #expect(answer?["status"] == .string("refused"))
            #expect(
                answer?["reason"]?.stringValue?.hasPrefix("no device ghost is known")
                    == true)
        }
    }

    @Test func aWishWaitsForItsDeviceAndForTheBroker() async throws {
        try await AgentHarness.run(folder) { board in
            board.bus.state.with { $0.isConnected = false }
            try await board.synchronize(deltas: [
                try board.wish("desired/devices/lamp/state", .string("ON"))
            ])
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"OFF"}"#)
            // The broker has no such limit as a device: it belongs to the board.
            for _ in 0..<4 { try await board.advance(60_000) }
            #expect(try await board.value("reported/desired/devices/lamp/state") == nil)
            board.bus.state.with { $0.isConnected = true }
            try await board.advance(2000)
            #expect(board.bus.state.with { $0.published.map(\.topic) } == ["zigbee2mqtt/lamp/set"])
            try await board.deliver(.published(1, .confirmed))
            try await board.publish("zigbee2mqtt/lamp", #"{"state":"ON"}"#)
            try await board.advance(200)
            let answer = try await board.value("reported/desired/devices/lamp/state")
            #expect(answer?["status"] == .string("applied"))
        }
    }

    @Test func whatCannotBeSetIsRefusedAtOnce() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("shellies/plug/relay/0", "off")
            try await board.synchronize(deltas: [
                try board.wish("desired/devices/plug/relay.7", .bool(true))
            ])
            try await board.advance(200)
            let answer = try await board.value("reported/desired/devices/plug/relay.7")
            #expect(answer?["status"] == .string("refused"))
            #expect(board.bus.state.with { $0.published }.isEmpty)
        }
    }
}
