import ArgumentParser
import FleetClient

struct DeviceApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Let a device join that waits, or be heard again that is in quarantine.")

    @Argument(help: "The device's id.")
    var id: String

    func run() async throws {
        _ = try await Session.run { try await $0.decide(id, .approve) }
        Console.line("\(Display.clean(id)) is approved.")
    }
}
