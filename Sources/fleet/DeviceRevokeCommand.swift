import ArgumentParser
import FleetClient

struct DeviceRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Take back the belief in a device's key.",
        discussion: """
            The hub refuses the device from then on. With a new key and a new token it may come \
            back: `edge-agent enroll --new-key TOKEN` on the board.
            """)

    @Argument(help: "The device's id.")
    var id: String

    func run() async throws {
        _ = try await Session.run { try await $0.decide(id, .revoke) }
        let name = Display.clean(id)
        Console.line(
            "The key of \(name) is revoked. To let the board come back with a new one, make a "
                + "token with `fleet token create`.")
    }
}
