import ArgumentParser
import FleetClient
import Platform

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what a workload printed.",
        discussion: """
            What the hub holds of it, oldest line first; -f goes on with what comes. Lines that \
            were lost are counted on standard error. With --json each row is one line.
            """)

    @Argument(help: "The device's id.")
    var id: String

    @Argument(help: "The workload's name.")
    var workload: String

    @Flag(name: [.customShort("f"), .customLong("follow")], help: "Go on with new lines.")
    var isFollowing = false

    @OptionGroup var output: OutputOptions

    private static let delayMin = Duration.milliseconds(250)
    private static let delayMax = Duration.seconds(2)

    func run() async throws {
        try await Session.run { client in
            var next: Int64 = 0
            var delay = Self.delayMin
            var isEmpty = true
            while true {
                let page = try await client.log(id, stream: "logs/\(workload)", after: next).content
                page.rows.forEach(show)
                if !page.rows.isEmpty {
                    isEmpty = false
                    delay = Self.delayMin
                }
                let isAdvancing = page.next > next
                next = max(next, page.next)
                if page.rows.count == FleetClient.logPageRowsMax, isAdvancing { continue }
                guard isFollowing else { break }
                try await ContinuousClock().sleep(for: delay)
                delay = min(delay * 2, Self.delayMax)
            }
            if isEmpty, !output.isJSON {
                Console.note("\(Display.clean(workload)) has printed nothing that reached the hub.")
            }
        }
    }

    private func show(_ row: LogRow) {
        if output.isJSON { return Console.json(row.object) }
        switch row.content {
        case .entry(let entry): Console.line(shown(text(entry.value)))
        case .gap(let gap): Console.note("fleet: lost \(Display.clean(gap.summary))")
        }
    }

    /// A program gets the bytes as they were; a terminal gets no control characters.
    private func shown(_ line: String) -> String {
        Console.isTerminal ? Display.clean(line) : line
    }

    /// The line, whether the row holds it bare or in a field.
    private func text(_ value: Value) -> String {
        if let text = value.stringValue { return text }
        for key in ["line", "text", "message"] {
            if let text = value[key]?.stringValue { return text }
        }
        return value.json
    }
}
