import ArgumentParser

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, list or withdraw tokens with which boards join.",
        subcommands: [
            TokenCreateCommand.self, TokenListCommand.self, TokenWithdrawCommand.self,
        ])
}
