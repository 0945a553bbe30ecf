import Foundation
import Testing

/// Documents show commands that exist and link to files that exist.
enum Documents {
    static func paths(in tree: SourceTree) throws -> [String] {
        let top = try FileManager.default.contentsOfDirectory(atPath: tree.root)
        return top.filter { $0.hasSuffix(".md") }.sorted()
            + tree.files(under: "docs", endingWith: ".md")
    }

    static func vocabularies(in tree: SourceTree) throws -> [String: ToolVocabulary] {
        [
            "make": try .targets(of: "Makefile", in: tree),
            "edge-agent": try .literals(of: "Sources/edge-agent", in: tree),
            "fleet": try .parsedArguments(of: "Sources/fleet", in: tree),
            "fleet-hub": try .parsedArguments(of: "Sources/fleet-hub", in: tree),
            "edge-bench": try .parsedArguments(of: "Sources/edge-bench", in: tree),
        ]
    }

    /// Subcommands that only hold others.
    static let groups: [String: Set<String>] = [
        "edge-agent": ["twin", "i2c", "image"],
        "fleet": ["twin", "device", "token", "profile", "workload"],
    ]

    /// One line for each command of ours in a document that our programs would refuse.
    static func wrongCommands(in tree: SourceTree) throws -> [String] {
        let vocabularies = try vocabularies(in: tree)
        var found: [String] = []
        for path in try paths(in: tree) {
            for command in ShellFence.commands(in: try tree.text(path)) {
                let tool = String(command[0].split(separator: "/").last ?? "")
                guard let vocabulary = vocabularies[tool] else { continue }
                let arguments =
                    tool == "make"
                    ? command.dropFirst().filter { !$0.contains("=") } : Array(command.dropFirst())
                let complaints =
                    tool == "make"
                    ? arguments.compactMap { vocabulary.complaint(about: [$0]) }
                    : [vocabulary.complaint(about: arguments, groups: groups[tool] ?? [])]
                        .compactMap { $0 }
                let shown = command.joined(separator: " ")
                found += complaints.map { "\(path): `\(shown)`: \($0)" }
            }
        }
        return found
    }

    /// One line for each link to a file of the repository that is not there.
    static func deadLinks(in tree: SourceTree) throws -> [String] {
        var found: [String] = []
        for path in try paths(in: tree) {
            let folder = path.split(separator: "/").dropLast().joined(separator: "/")
            for match in try tree.text(path).matches(of: #/\]\(([^)#\s]+)/#) {
                let target = String(match.1)
                if target.contains(":") { continue }
                if !tree.has(folder.isEmpty ? target : "\(folder)/\(target)") {
                    found.append("\(path): \(target)")
                }
            }
        }
        return found
    }
}

@Suite struct DocumentTests {
    @Test func commandsShownExist() throws {
        let violations = try Documents.wrongCommands(in: .repository)
        #expect(violations.isEmpty, "\(violations.asLines)")
    }

    @Test func linksLeadSomewhere() throws {
        let violations = try Documents.deadLinks(in: .repository)
        #expect(violations.isEmpty, "\(violations.asLines)")
    }

    /// A tree with one program of each kind.
    private static func tree(readme: String) -> [String: String] {
        [
            "README.md": readme,
            "Makefile": "stage := x\ntest: build ## runs\n\tswift test\nbuild:\n",
            "Sources/edge-agent/main.swift":
                #"case "run": x; case "twin": y; case "get", "--json": z"#,
            "Sources/fleet/A.swift": """
            struct Fleet: AsyncParsableCommand { }
            struct Devices: AsyncParsableCommand {
                @Option(name: [.customShort("l"), .long], help: "k=v (all must hold)")
                var selector: String?
                @Flag var json = false
            }
            struct TwinCommand: ParsableCommand {
                static let configuration = CommandConfiguration(commandName: "twin")
            }
            struct Get: ParsableCommand { @Option var logRowsMax: Int }
            """,
        ]
    }

    @Test(arguments: [
        "make tset", "make build tset", "sudo -u fleet fleet nosuch",
        ".build/release/edge-agent fly", "edge-agent run --jsno",
        "edge-agent twin fetch x", "fleet twin", "sudo fleet devcies", "fleet devices -q",
        "FLEET_URL=x fleet get --log-rows-min=3", "fleet devices |\\\n  fleet nosuch",
        "echo \"$(fleet nosuch a)\"", "true && fleet nosuch",
    ])
    func aWrongCommandIsFound(command: String) throws {
        let files = Self.tree(readme: "x\n```sh\n\(command)\n```\n")
        let violations = try SourceTree.planted(files, Documents.wrongCommands)
        #expect(violations.count == 1)
    }

    @Test(arguments: [
        "make", "make test build V=1", "edge-agent run --json", "edge-agent twin get reported/x",
        "fleet devices -l site=barn --json  # fleet nosuch", "fleet twin get --log-rows-max=3 a",
        "sudo .build/release/fleet devices --selector a | jq nosuch", "fleet --help",
        "cat > x <<'EOF'\nfleet nosuch\nEOF", "mosquitto_pub -m 'fleet nosuch; fleet nosuch'",
    ])
    func aRightCommandPasses(command: String) throws {
        let files = Self.tree(readme: "```sh\n\(command)\n```\n```text\nfleet nosuch\n```\n")
        let violations = try SourceTree.planted(files, Documents.wrongCommands)
        #expect(violations.isEmpty, "\(violations.asLines)")
    }

    @Test func aDeadLinkIsFound() throws {
        let files = [
            "README.md": "[a](docs/a.md#part) [b](docs/b.md) [c](https://example.org/x)",
            "docs/a.md": "[up](../README.md) [b](b.md)",
        ]
        let violations = try SourceTree.planted(files, Documents.deadLinks)
        #expect(violations == ["README.md: docs/b.md", "docs/a.md: b.md"])
    }
}
