import ArgumentParser
import FleetClient

struct TokenListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the tokens, without their secrets.")

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let answer = try await Session.run { try await $0.tokens() }
        if output.isJSON { return Console.json(answer.object) }
        guard !answer.content.isEmpty else {
            return Console.line("No token. Make one with `fleet token create`.")
        }
        var table = Table([
            .init("ID"), .init("STATE"), .init("EXPIRES", comfortableWidth: 19),
            .init("DEVICE", comfortableWidth: 20), .init("LABELS", comfortableWidth: 9),
        ])
        for token in answer.content {
            table.add([
                .init(token.id), token.stateCell, .init(Times.brief(token.expiresAt)),
                .init(token.device ?? ""), .init(token.labelText),
            ])
        }
        Console.table(table)
    }
}

extension EnrolmentTokenEntry {
    var stateCell: Table.Cell {
        let shown = needsApproval ? state + ", asks" : state
        return state == "open" ? .init(shown, .good) : .init(shown, .faint)
    }

    /// `rack=2,site=barn`.
    var labelText: String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
}
