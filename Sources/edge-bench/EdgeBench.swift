import ArgumentParser

/// Measurements and proofs with real processes, one subcommand each. Every subcommand prints one
/// JSON line (or one line per case) on standard output and explains itself on standard error.
@main
struct EdgeBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edge-bench",
        abstract: "Proves and measures CloudOS Edge with real processes on this machine.",
        discussion: """
            Everything runs on 127.0.0.1 and in a folder of its own under the system's temporary \
            directory, and nothing is left running. Exit codes: 0 all held, 1 a check failed, \
            2 wrong usage.
            """,
        subcommands: [
            Demo.self, Kill.self, Offline.self, Bound.self, AgentFootprint.self, Faults.self,
            TwinLatency.self, ScriptCommand.self, SyncCommand.self, HubMemory.self,
            PlaceCommand.self, VivaldiCommand.self, PowerBench.self, WorkloadStart.self,
        ])

    static func main() async {
        Cleanup.installSignalHandlers()
        do {
            var command = try parseAsRoot()
            defer { Cleanup.run() }
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Cleanup.run()
            // ArgumentParser's own code for wrong usage is 64 (sysexits.h); ours is 2.
            let code = exitCode(for: error)
            if code == .validationFailure {
                Terminal.say(fullMessage(for: error))
                exit(withError: ExitCode(2))
            }
            exit(withError: error)
        }
    }
}

/// Where the programs under test are and what becomes of the traces.
struct WorldOptions: ParsableArguments {
    @Option(help: "Folder with edge-agent, fleet-hub and fleet (default: beside edge-bench).")
    var bin: String?

    @Flag(help: "Keep the run's folder with all logs and stores, and say where it is.")
    var keep = false
}
