import ArgumentParser

struct TwinAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Put an element into a set under sets/.",
        discussion: """
            Where the board removes the same element at the same time, it stays: an add wins over \
            a remove that has not seen it.
            """)

    @OptionGroup var cell: CellOptions

    @Argument(
        help: "JSON, or else taken as a string. Put -- before what begins with a minus sign.")
    var value: String

    @OptionGroup var output: OutputOptions

    func run() async throws { try await cell.make(.add(TwinText.value(value)), output) }
}
