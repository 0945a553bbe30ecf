import ArgumentParser
import FleetClient

struct DeviceRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove a device from the fleet.",
        discussion: """
            The hub remembers the removal and refuses the device from then on. With --forget it \
            does not remember, and the device may join again.
            """)

    @Argument(help: "The device's id.")
    var id: String

    @Flag(name: .customLong("forget"), help: "Let the device join again as a new one.")
    var isForgotten = false

    func run() async throws {
        try await Session.run { try await $0.remove(id, isForgotten: isForgotten) }
        let name = Display.clean(id)
        Console.line(
            isForgotten
                ? "Removed \(name) and forgot it; it may join again."
                : "Removed \(name). Let it join again with `fleet device rm \(name) --forget`.")
    }
}
