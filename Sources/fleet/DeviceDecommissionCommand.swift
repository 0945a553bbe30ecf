import ArgumentParser
import FleetClient

struct DeviceDecommissionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decommission",
        abstract: "End a device's membership: revoke its key and remove it.",
        discussion: """
            The hub deletes what it holds of the device and refuses it from then on. Its id is \
            free again after `fleet device rm --forget`.
            """)

    @Argument(help: "The device's id.")
    var id: String

    func run() async throws {
        _ = try await Session.run { try await $0.decide(id, .decommission) }
        Console.line("\(Display.clean(id)) has left the fleet.")
    }
}
