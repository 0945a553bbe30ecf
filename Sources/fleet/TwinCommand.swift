import ArgumentParser

struct TwinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "twin",
        abstract: "Read what a device reports, write what is desired of it.",
        subcommands: [
            TwinGetCommand.self, TwinSetCommand.self, TwinAddCommand.self, TwinRemoveCommand.self,
            TwinIncrementCommand.self, TwinDeleteCommand.self,
        ])
}
