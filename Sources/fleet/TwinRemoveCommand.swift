import ArgumentParser

struct TwinRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take an element out of a set under sets/.",
        discussion: "Where it is not in the set, nothing changes, and that is no error.")

    @OptionGroup var cell: CellOptions

    @Argument(
        help: "JSON, or else taken as a string. Put -- before what begins with a minus sign.")
    var value: String

    @OptionGroup var output: OutputOptions

    func run() async throws { try await cell.make(.remove(TwinText.value(value)), output) }
}
