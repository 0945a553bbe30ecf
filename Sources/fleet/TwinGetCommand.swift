import ArgumentParser
import FleetClient

struct TwinGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Show a device's twin, the part under a path, or one cell.")

    @Argument(help: "The device's id.")
    var id: String

    @Argument(help: "A cell, such as reported/board/temperature, or the path above some.")
    var path: String?

    @Option(help: "Seconds to wait for a device or hub that is only starting.")
    var wait = 0.0

    @OptionGroup var output: OutputOptions

    private enum Found {
        case cell(Answer<TwinCell>)
        case cells(Answer<[TwinCell]>)
    }

    func validate() throws {
        guard 0...3600 ~= wait else { throw ValidationError("--wait takes 0 to 3600 seconds.") }
    }

    func run() async throws {
        let found = try await Session.run { client in
            try await client.patiently(within: .seconds(wait)) {
                () async throws(FleetClientError) in try await find(client)
            }
        }
        switch found {
        case .cell(let answer): show(answer)
        case .cells(let answer): show(answer)
        }
    }

    private func find(_ client: FleetClient) async throws(FleetClientError) -> Found {
        guard let path else { return .cells(try await client.twin(id)) }
        if path.hasSuffix("/") { return .cells(try await client.twin(id, prefix: path)) }
        do {
            return .cell(try await client.cell(id, path))
        } catch  where error.code == .notFound {
            let below = try await client.twin(id, prefix: path + "/")
            guard !below.content.isEmpty else { throw error }
            return .cells(below)
        }
    }

    private func show(_ answer: Answer<TwinCell>) {
        if output.isJSON { return Console.json(answer.object) }
        let cell = answer.content
        Console.line("path    \(Display.clean(cell.path))")
        // Whole and as JSON, so that it can be edited and given to `twin set`.
        Console.line("value   \(Display.clean(cell.value.json))")
        if let writer = cell.writer { Console.line("writer  \(Display.clean(writer))") }
        if let status = cell.status {
            let reason = cell.reason.map { ": \(Display.clean($0))" } ?? ""
            Console.line("status  \(status)\(reason)")
        }
    }

    private func show(_ answer: Answer<[TwinCell]>) {
        if output.isJSON { return Console.json(answer.object) }
        guard !answer.content.isEmpty else {
            Console.line("Nothing there yet.")
            return
        }
        var table = Table([
            .init("PATH", comfortableWidth: 30), .init("VALUE", comfortableWidth: 14),
            .init("WRITER", comfortableWidth: 6), .init("STATUS"),
            .init("REASON", comfortableWidth: 14),
        ])
        for cell in answer.content {
            table.add([
                .init(cell.path), .init(Display.compact(cell.value)), .init(cell.writer ?? ""),
                .init(cell.status), .init(cell.reason ?? ""),
            ])
        }
        Console.table(table)
    }
}
