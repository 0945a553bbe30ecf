import Testing

/// What leaves the executor that the simulator injects, and so makes a run irreproducible.
enum ConcurrencyEscape: String, CaseIterable {
    case unstructuredTask = "Task {"
    case sleep = "Task.sleep"
    case mainActor = "@MainActor"

    /// The places in code that escape in this way, each as it is written there.
    func occurrences(in code: String) -> [String] {
        let pattern =
            switch self {
            // Also `Task(`, `Task<Void, Never> {` and `Task.init`; not the type `Task<Void, Never>`.
            case .unstructuredTask:
                #/\bTask\s*(?:<[^<>]*>)?\s*[({]|\bTask\s*\.\s*(?:detached|immediate|init)\b/#
            case .sleep: #/\bTask\s*(?:<[^<>]*>)?\s*\.\s*sleep\b/#
            case .mainActor: #/@MainActor\b|\bMainActor\s*\./#
            }
        return code.matches(of: pattern).map { String($0.0) }
    }

    /// Modules that never run in the simulator. A web face may wait, but its tasks stay structured.
    static let permitted: [String: Set<Self>] = [
        "LinuxPlatform": Set(allCases),
        // Its one task is how a world begins.
        "Simulator": [.unstructuredTask],
        "fleet-sim": Set(allCases),
        "FleetHubAPI": [.sleep],
        "FleetClient": [.sleep],
        "fleet-hub": Set(allCases),
        "fleet": Set(allCases),
        "edge-bench": Set(allCases),
    ]

    /// One line for each escape from a module that may not.
    static func violations(in tree: SourceTree) throws -> [String] {
        var found: [String] = []
        for module in tree.folders(under: "Sources") {
            let forbidden = Set(allCases).subtracting(permitted[module] ?? [])
            for path in tree.files(under: "Sources/\(module)", endingWith: ".swift") {
                let code = SwiftCode.strippingText(of: try tree.text(path))
                for escape in forbidden {
                    found += escape.occurrences(in: code).map { "\(path): \($0)" }
                }
            }
        }
        return found
    }
}

@Suite struct ConcurrencyTests {
    @Test func nothingEscapesTheSimulator() throws {
        let violations = try ConcurrencyEscape.violations(in: .repository)
        #expect(violations.isEmpty, "\(violations.asLines)")
    }

    @Test(arguments: [
        "Task { }", "Task{}", "Task(priority: .low) { }", "Task<Void, Never> { }",
        "Task.detached { }", "let t = Task.init { }", "Task(operation: run)",
        "try await Task.sleep(for: .seconds(1))", "try await Task<Never, Never>.sleep(for: x)",
        "@MainActor func f() {}", "await MainActor.run { }",
    ])
    func aPlantedEscapeIsFound(source: String) throws {
        let files = ["Sources/EdgeAgent/A.swift": source]
        let violations = try SourceTree.planted(files, ConcurrencyEscape.violations)
        #expect(violations.count == 1)
    }

    @Test(arguments: [
        "await withTaskGroup(of: Int.self) { group in group.addTask { 1 } }",
        "let task: Task<Void, Never>", "// Task { }", "let s = \"Task.sleep\"",
        "await Task.yield()", "try Task.checkCancellation()", "struct SyncTask { }",
    ])
    func structuredConcurrencyPasses(source: String) throws {
        let files = ["Sources/EdgeAgent/A.swift": source]
        let violations = try SourceTree.planted(files, ConcurrencyEscape.violations)
        #expect(violations.isEmpty, "\(violations.asLines)")
    }

    @Test func aWebFaceMayWaitButNotDetach() throws {
        let files = ["Sources/FleetHubAPI/A.swift": "Task.sleep(); Task.detached { }"]
        let violations = try SourceTree.planted(files, ConcurrencyEscape.violations)
        #expect(violations == ["Sources/FleetHubAPI/A.swift: Task.detached"])
    }
}
