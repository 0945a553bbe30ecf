import Platform
import TestSupport
import Testing

@testable import EdgeAgent

private let box = Value.object([
    ("image", .string("hub.example/app:1")), ("command", .array([.string("/bin/reboot")])),
    ("environment", .object([("A", .string("1"))])), ("working_directory", .string("/srv")),
])

@Suite struct AgentContainerTests {
    private let folder: TemporaryFolder
    private let first = ProcessIdentity(pid: 40, startTicks: 1)

    init() throws { folder = try TemporaryFolder() }

    private static func set(_ board: AgentHarness, _ value: Value) async throws {
        let answer = try await board.ask(
            ("op", .string("set")), ("path", .string("desired/workloads/box")), ("value", value))
        #expect(answer["ok"] == .bool(true))
    }

    /// An agent without containers must not take the command for one of the board's.
    @Test func whereThereAreNoContainersOneIsRefused() async throws {
        try await AgentHarness.run(folder) { board in
            try await Self.set(board, box)
            try await board.advance(200)
            #expect(board.processes.state.with { $0.started }.isEmpty)
            let answer = try await board.value("reported/desired/workloads/box")
            #expect(answer?["status"] == .string("refused"))
            #expect(answer?["reason"]?.stringValue?.hasPrefix("image needs containers") == true)
        }
    }

    @Test func aContainerIsPreparedAndWhatWasPreparedIsStarted() async throws {
        let containers = FakeContainers()
        try await AgentHarness.run(folder, containers: containers) { board in
            try await Self.set(board, box)
            let order = try #require(containers.state.with { $0.prepared }.first)
            #expect(order.name == "box")
            #expect(order.container.image == "hub.example/app:1")
            #expect(order.command == ["/bin/reboot"])
            #expect(order.environment == ["A": "1"])
            #expect(order.workingDirectory == "/srv")
            let started = board.processes.state.with { $0.started }
            #expect(started.map(\.arguments) == [["/crun", "box"]])
            // These are for inside.
            #expect(started.map(\.environment) == [[:]])
            #expect(started.map(\.workingDirectory) == [nil])
            #expect(containers.state.with { $0.kept }.last == ["box"])
        }
    }

    @Test func whatHasEndedIsCleanedBeforeItComesBack() async throws {
        let containers = FakeContainers()
        let first = first
        try await AgentHarness.run(folder, containers: containers) { board in
            try await Self.set(board, box)
            board.processes.state.with { $0.exits[first] = .code(1) }
            try await board.advance(1000)
            #expect(containers.state.with { $0.cleaned } == ["box"])
            #expect(containers.state.with { $0.prepared }.count == 1)
            try await board.advance(1000)
            #expect(containers.state.with { $0.prepared }.count == 2)
        }
    }

    @Test func ofAWorkloadThatIsGoneNothingIsKept() async throws {
        let containers = FakeContainers()
        let first = first
        try await AgentHarness.run(folder, containers: containers) { board in
            try await Self.set(board, box)
            try await Self.set(board, .null)
            // It has not ended yet.
            #expect(containers.state.with { $0.kept }.last == ["box"])
            board.processes.state.with { $0.exits[first] = .signal(15) }
            try await board.advance(1000)
            #expect(containers.state.with { $0.kept }.last == [])
        }
    }

    @Test func whatCannotBePreparedSaysWhyAndIsTriedAgain() async throws {
        let containers = FakeContainers()
        containers.state.with { $0.fault = "there is no image" }
        try await AgentHarness.run(folder, containers: containers) { board in
            try await Self.set(board, box)
            try await board.advance(200)
            let report = try await board.value("reported/workloads/box")
            #expect(report?["state"] == .string("waiting"))
            #expect(report?["reason"] == .string("there is no image"))
            containers.state.with { $0.fault = nil }
            try await board.advance(1000)
            #expect(board.processes.state.with { $0.started }.count == 1)
        }
    }

    /// A slip in an image's name must not stop what runs.
    @Test func anUpdateWaitsForItsImage() async throws {
        let containers = FakeContainers()
        let first = first
        try await AgentHarness.run(folder, containers: containers) { board in
            try await Self.set(board, box)
            containers.state.with { $0.missing = ["hub.example/app:2"] }
            try await Self.set(board, .object([("image", .string("hub.example/app:2"))]))
            try await board.advance(200)
            let answer = try await board.value("reported/desired/workloads/box")
            #expect(answer?["status"] == .string("refused"))
            #expect(answer?["reason"] == .string("there is no image"))
            #expect(board.processes.state.with { $0.signals }.isEmpty)
            containers.state.with { $0.missing = [] }
            try await board.advance(30_000)
            #expect(!board.processes.state.with { $0.signals }.isEmpty)
            board.processes.state.with { $0.exits[first] = .signal(15) }
            try await board.advance(1200)
            #expect(
                containers.state.with { $0.prepared.map(\.container.image) }
                    == ["hub.example/app:1", "hub.example/app:2"])
            let later = try await board.value("reported/desired/workloads/box")
            #expect(later?["status"] == .string("applied"))
        }
    }
}
