import Testing

@Suite struct ImportTests {
    @Test func theProjectsImportsPointDown() throws {
        let violations = try ImportRules.project.violations(in: .repository)
        #expect(violations.isEmpty, "\(violations.asLines)")
    }

    @Test func theRepositoryIsFound() {
        #expect(SourceTree.repository.has("Package.swift"))
        #expect(SourceTree.repository.folders(under: "Sources").contains("Platform"))
    }

    /// Whoever edits the table must not open it to what the agent's memory budget forbids.
    @Test func theTableKeepsTheAgentLight() {
        for module in ImportRules.agentModules {
            let permitted = ImportRules.project.allowed[module] ?? []
            let heavy = permitted.filter(ImportRules.isTooHeavyForTheAgent)
            #expect(heavy.isEmpty, "\(module) may import \(heavy.sorted())")
            let ours = permitted.filter { ImportRules.project.allowed[$0] != nil }
            #expect(
                ours.isSubset(of: ImportRules.agentModules),
                "\(module) reaches modules outside the agent")
        }
    }

    /// The table has no circle: each module imports only modules of a lower layer.
    @Test func theTableHasNoCircle() {
        var remaining = ImportRules.project.allowed
        for _ in remaining {
            let leaves = remaining.filter { entry in
                entry.value.allSatisfy { remaining[$0] == nil }
            }
            for leaf in leaves.keys { remaining[leaf] = nil }
        }
        #expect(remaining.isEmpty, "in a circle: \(remaining.keys.sorted())")
    }

    @Test(arguments: [
        ("Sources/SyncProtocol/A.swift", "import EdgeAgent"),
        ("Sources/Platform/A.swift", "public import SyncProtocol"),
        ("Sources/EdgeAgent/Deep/A.swift", "import struct Foundation.Date"),
        ("Sources/edge-agent/main.swift", "import NIOCore"),
        ("Sources/LinuxPlatform/A.swift", "#if canImport(Foundation)\n  import Foundation\n#endif"),
        ("Sources/SQLiteStore/A.swift", "@preconcurrency @_spi(X) internal import Glibc"),
        ("Sources/EdgeAgent/A.swift", "import CSQLite"),
        ("Sources/fleet-hub/main.swift", "let a = 1; import CSQLite"),
        ("Sources/Simulator/A.swift", "import Hummingbird"),
        ("Sources/Novelty/A.swift", "let a = 1"),
    ])
    func aPlantedViolationIsFound(path: String, source: String) throws {
        let files = [path: source + "\n", "Sources/CSQLite/module.modulemap": "module CSQLite {}"]
        let violations = try SourceTree.planted(files) {
            try ImportRules.project.violations(in: $0)
        }
        #expect(violations.count == 1)
        let module = path.split(separator: "/").prefix(2).joined(separator: "/")
        #expect(violations.first?.hasPrefix(module) == true)
    }

    @Test func permittedImportsAndMereTextPass() throws {
        let source = """
            import Platform
            public import SyncProtocol
            // import Foundation
            /* import NIOCore /* nested */ import NIOCore */
            let text = "import Foundation"
            let more = \"""
                import Foundation \\("and import NIOCore")
                \"""
            """
        let files = ["Sources/EdgeAgent/A.swift": source]
        let violations = try SourceTree.planted(files) {
            try ImportRules.project.violations(in: $0)
        }
        #expect(violations.isEmpty, "\(violations.asLines)")
    }
}
