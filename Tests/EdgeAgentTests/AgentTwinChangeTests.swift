import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent
@testable import SQLiteStore

/// Notes, sets and counters as the operator at the board writes and sees them.
@Suite struct AgentTwinChangeTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func change(
        _ board: AgentHarness, _ op: String, _ path: String, _ value: Value? = nil
    ) async throws -> Value {
        var request: [(String, Value)] = [("op", .string(op)), ("path", .string(path))]
        if let value { request.append(("value", value)) }
        return await board.control.ask(.object(request))
    }

    private static func shown(_ board: AgentHarness, _ path: String) async throws -> Value? {
        let answer = try await change(board, "get", path)
        return answer["cells"]?.arrayValue?.first?["value"]
    }

    @Test func aSetTakesElementsAndGivesThemBack() async throws {
        try await AgentHarness.run(folder) { board in
            for element in ["north", "east", "north"] {
                _ = try await Self.change(board, "add", "sets/x", .string(element))
            }
            let both = Value.array([.string("east"), .string("north")])
            #expect(try await Self.shown(board, "sets/x") == both)
            let one = try await Self.change(board, "remove", "sets/x", .string("north"))
            #expect(one["ok"] == .bool(true))
            #expect(one["value"] == .array([.string("east")]))
            // What is not there can be removed as well.
            let same = try await Self.change(board, "remove", "sets/x", .string("west"))
            #expect(same["value"] == .array([.string("east")]))
            #expect(try await Self.change(board, "delete", "sets/x")["value"] == .null)
            #expect(try await Self.change(board, "get", "sets/x")["exit"] == .int(3))
        }
    }

    /// Each is one of its own: two increments of one path are not one.
    @Test func incrementsAddUpAndOutliveTheAgent() async throws {
        try await AgentHarness.run(folder) { board in
            for number in [Int64(3), 4, -2] {
                _ = try await Self.change(board, "inc", "counters/x", .int(number))
            }
            #expect(try await Self.shown(board, "counters/x") == .int(5))
        }
        try await AgentHarness.run(folder, seed: 2) { board in
            let more = try await Self.change(board, "inc", "counters/x", .int(1))
            #expect(more["value"] == .int(6))
            _ = try await Self.change(board, "delete", "counters/x")
            #expect(try await Self.change(board, "get", "counters/x")["exit"] == .int(3))
            let anew = try await Self.change(board, "inc", "counters/x", .int(2))
            #expect(anew["value"] == .int(2))
        }
    }

    @Test func aNoteIsSetAndShownAsAnArray() async throws {
        try await AgentHarness.run(folder) { board in
            let first = try await Self.change(board, "set", "notes/x", .string("a"))
            #expect(first["value"] == .array([.string("a")]))
            let second = try await Self.change(board, "set", "notes/x", .string("b"))
            #expect(second["value"] == .array([.string("b")]))
            #expect(try await Self.shown(board, "notes/x") == .array([.string("b")]))
            #expect(try await Self.change(board, "set", "notes/x", .null)["value"] == .null)
            #expect(try await Self.change(board, "get", "notes/x")["exit"] == .int(3))
        }
    }

    @Test func aWishIsDeleted() async throws {
        try await AgentHarness.run(folder) { board in
            _ = try await Self.change(board, "set", "config/x", .int(1))
            #expect(try await Self.change(board, "delete", "config/x")["value"] == .null)
            #expect(try await Self.shown(board, "config/x") == .null)
        }
    }

    @Test func aCounterDoesNotPassItsRange() async throws {
        try await AgentHarness.run(folder) { board in
            _ = try await Self.change(board, "inc", "counters/x", .int(.max))
            let answer = try await Self.change(board, "inc", "counters/x", .int(1))
            #expect(answer["exit"] == .int(5))
            #expect(answer["error"]?.stringValue?.contains("64 bits") == true)
            #expect(try await Self.shown(board, "counters/x") == .int(.max))
        }
    }

    @Test(arguments: [
        ("add", "config/x"), ("add", "notes/x"), ("add", "counters/x"), ("inc", "sets/x"),
        ("remove", "counters/x"), ("add", "reported/x"), ("inc", "reported/x"),
        ("delete", "reported/x"), ("set", "sets/x"), ("set", "counters/x"),
    ])
    func aChangeOfAnotherKindIsRefused(op: String, path: String) async throws {
        try await AgentHarness.run(folder) { board in
            let answer = try await Self.change(board, op, path, .int(1))
            #expect(answer["ok"] == .bool(false))
            #expect(answer["exit"] == .int(5))
            #expect(answer["error"]?.stringValue?.contains(path) == true)
            #expect(try await Self.change(board, "get", path)["exit"] == .int(3))
        }
    }

    @Test(
        arguments: [
            ("add", "sets/x", nil), ("remove", "sets/x", nil), ("inc", "counters/x", nil),
            ("inc", "counters/x", .string("1")), ("inc", "counters/x", .double(1.5)),
            ("add", "sets", .int(1)), ("delete", "", nil),
        ] as [(String, String, Value?)])
    func aWrongRequestIsAUsageError(op: String, path: String, value: Value?) async throws {
        try await AgentHarness.run(folder) { board in
            let answer = try await Self.change(board, op, path, value)
            #expect(answer["exit"] == .int(2))
        }
    }

    @Test(arguments: StoreFailure.allCases)
    func whatCannotBeStoredIsRefusedAndStaysUndone(failure: StoreFailure) async throws {
        try await AgentHarness.run(folder) { board in
            try await board.advance(5000)
            try await board.agent.begin(failure)
            let large = Value.string(String(repeating: "x", count: 12_000))
            let answer = try await Self.change(board, "add", "sets/x", large)
            #expect(answer["exit"] == .int(1))
            try await board.agent.end(failure)
            try await board.advance(5000)
            #expect(try await Self.change(board, "get", "sets/x")["exit"] == .int(3))
            let later = try await Self.change(board, "add", "sets/x", .int(1))
            #expect(later["value"] == .array([.int(1)]))
        }
    }

    /// Another connection sees it: it was committed before the answer.
    @Test func aChangeIsDurableBeforeTheAnswer() async throws {
        try await AgentHarness.run(folder) { board in
            _ = try await Self.change(board, "add", "sets/x", .int(7))
            var options = Connection.Options()
            options.isReadOnly = true
            let connection = try Connection.open(folder.path + "/agent.db", options: options)
            let document = TwinTables(connection).document(AgentStore.own)
            #expect(try document.cells(at: TwinPath("sets/x")).map(\.value) == [.int(7)])
        }
    }
}
