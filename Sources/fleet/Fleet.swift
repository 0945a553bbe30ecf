import ArgumentParser
import FleetClient
import Glibc

/// The operator's command line.
@main
struct Fleet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet",
        abstract: "Operate a fleet of boards through its hub.",
        discussion: """
            Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 hub unreachable, \
            5 refused or not authorised.

            The hub and the token come from FLEET_URL and FLEET_TOKEN, else from \
            `fleet login`. NO_COLOR turns colours off, COLUMNS sets the width of tables.
            """,
        subcommands: [
            LoginCommand.self, OperatorCommand.self, AuditCommand.self, TokenCommand.self,
            DevicesCommand.self, DeviceCommand.self, SetCommand.self,
            TwinCommand.self, ApplyCommand.self, PlaceCommand.self, WorkloadsCommand.self,
            LogsCommand.self, LogCommand.self, WorkloadCommand.self,
            EventsCommand.self, PowerCommand.self, ProfileCommand.self, DoctorCommand.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as FleetClientError {
            Console.note("fleet: \(Display.clean(error.description))")
            Glibc.exit(error.exitCode)
        } catch {
            // The parser's own exit code for usage is 64 (sysexits.h); ours is 2 for all tools.
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            Console.note("fleet: \(usageMessage(error))")
            Glibc.exit(2)
        }
    }

    private static func usageMessage(_ error: any Error) -> String {
        let text = fullMessage(for: error)
        let prefix = "Error: "
        return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
    }
}
