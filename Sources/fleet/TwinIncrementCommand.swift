import ArgumentParser

struct TwinIncrementCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inc",
        abstract: "Add to a counter under counters/.",
        discussion: "What the board adds at the same time is counted too.")

    @OptionGroup var cell: CellOptions

    @Argument(help: "A whole number. Put -- before one that is less than 0.")
    var value: Int64 = 1

    @OptionGroup var output: OutputOptions

    func run() async throws { try await cell.make(.increment(value), output) }
}
