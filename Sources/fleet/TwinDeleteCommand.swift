import ArgumentParser
import FleetClient

struct TwinDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete what is at a path, but not under reported/.",
        discussion: """
            A set loses the elements that the hub has seen, a note all its values, a counter \
            begins at 0. The board is told when it is next online.
            """)

    @Argument(help: "The device's id.")
    var id: String

    @Argument(help: "The path in its twin, such as config/site.")
    var path: String

    func run() async throws {
        try await Session.run { try await $0.removeCell(id, path) }
        Console.line("deleted  " + Display.clean(path))
    }
}
