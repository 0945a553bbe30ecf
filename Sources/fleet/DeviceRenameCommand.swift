import ArgumentParser
import FleetClient

struct DeviceRenameCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename", abstract: "Give a device another name; its id stays.")

    @Argument(help: "The device's id.")
    var id: String

    @Argument(help: "The new name.")
    var name: String

    func run() async throws {
        try await Session.run { try await $0.rename(id, to: name) }
        Console.line("\(Display.clean(id)) is now called \(Display.clean(name)).")
    }
}
