import ArgumentParser
import FleetClient

struct TokenWithdrawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Take a token back. Who joined with it stays.")

    @Argument(help: "The token's id, as `fleet token list` shows it.")
    var id: String

    func run() async throws {
        try await Session.run { try await $0.withdrawToken(id) }
        Console.line("Nobody joins with \(Display.clean(id)) any more.")
    }
}
