import ArgumentParser
import FleetClient
import Platform

struct TwinSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Write a cell under desired/, config/ or notes/.",
        discussion: """
            A note is stored, and done. Of a wish, under desired/ or config/, the write is safe once this prints `pending`: the device gets it when it is next \
            online. Then this waits for the device's answer. A refusal ends with exit code 5; \
            with --wait, so does no answer in time with exit code 1.
            """)

    @Argument(help: "The device's id.")
    var id: String

    @Argument(help: "The cell, such as config/board/sample_interval_ms.")
    var path: String

    @Argument(
        help: "JSON, or else taken as a string. Put -- before what begins with a minus sign.")
    var value: String

    @Option(
        help: "Seconds to wait for the device's answer. Default: 10 on a terminal, else 0.")
    var wait: Double?

    @OptionGroup var output: OutputOptions

    private static let waitMax = 86_400.0

    func validate() throws {
        guard let wait, !(0...Self.waitMax ~= wait) else { return }
        throw ValidationError("--wait takes 0 to \(Int(Self.waitMax)) seconds.")
    }

    func run() async throws {
        let desired = TwinText.value(value)
        let seconds = wait ?? (Console.isTerminal ? 10 : 0)
        let answer = try await Session.run { client in
            let accepted = try await client.setCell(id, path, desired)
            // The device answers wishes only.
            guard accepted.content.status != nil else { return accepted }
            say("pending")
            guard seconds > 0 else { return accepted }
            return try await client.settledCell(id, path, within: .seconds(seconds))
        }
        guard answer.content.status != nil else {
            return TwinText.stored(answer, isJSON: output.isJSON)
        }
        if output.isJSON { Console.json(answer.object) }
        switch answer.content.status {
        case .applied: say("applied", .good)
        case .refused: throw refusal(answer.content)
        default: try stillPending(seconds)
        }
    }

    private func say(_ status: String, _ tone: Table.Tone = .caution) {
        if output.isJSON { return }
        let shown = Console.isColored ? Table.colored(status, tone) : status
        let text = "\(path) = \(value)"
        Console.line(shown + "  " + Display.truncated(Display.clean(text), to: Console.width - 9))
    }

    private func refusal(_ cell: TwinCell) -> FleetClientError {
        FleetClientError(
            .refused, "\(id) refused \(path): \(cell.reason ?? "it gave no reason")",
            hint: "The value before stays in force on the device; write one that it accepts")
    }

    /// A device may be offline for months, so only somebody who asked to wait hears of a failure.
    private func stillPending(_ seconds: Double) throws {
        guard seconds > 0 else { return }
        let error = FleetClientError(
            .failed, "\(id) did not answer within \(Display.compact(.number(seconds))) s",
            hint: "The write is kept and applied when the device is online; "
                + "see `fleet twin get \(id) \(path)`")
        guard wait == nil else { throw error }
        Console.note("fleet: \(Display.clean(error.description))")
    }
}
