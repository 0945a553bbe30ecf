import ArgumentParser
import FleetClient

/// `fleet workload`: what works on manifests of workloads, without a hub.
struct WorkloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workload", abstract: "Checks manifests of workloads.",
        subcommands: [WorkloadLintCommand.self])
}

/// `fleet workload lint FILE…`.
struct WorkloadLintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Checks manifests as fleet apply and a board would.")

    @Argument(help: "Manifests; - reads standard input.")
    var files: [String]

    func run() async throws {
        var faults: [String] = []
        for file in files {
            do {
                let manifest = try ManifestFile.read(file)
                let kind = manifest.spec["image"]?.stringValue.map { "container of \($0)" }
                Console.line("\(file): \(manifest.name), \(kind ?? "process")")
            } catch {
                faults.append("\(file): \(error)")
            }
        }
        guard faults.isEmpty else {
            throw FleetClientError(
                .usage, faults.joined(separator: "\n"),
                hint: "docs/workloads.md and docs/workload.schema.json have all fields")
        }
    }
}
