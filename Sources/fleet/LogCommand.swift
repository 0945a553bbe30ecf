import ArgumentParser
import FleetClient

struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Show the log of a device: telemetry, events, alarms.",
        discussion: """
            Rows come oldest first. Go on where it ended with --after and the last N. What was \
            lost shows as a row of its own. A time with ? is of a clock that was not set. With \
            --json each row is one line.
            """)

    @Argument(help: "The device's id.")
    var id: String

    @Argument(help: "alarm, event, telemetry or logs/WORKLOAD. Default: all.")
    var stream: String?

    @Option(help: "Only rows with a greater N.")
    var after: Int64 = 0

    @Option(help: "At most so many rows.")
    var limit = 100

    @OptionGroup var output: OutputOptions

    private static let limitMax = 100_000

    func validate() throws {
        guard 1...Self.limitMax ~= limit else {
            throw ValidationError("--limit takes 1 to \(Self.limitMax) rows.")
        }
        guard after >= 0 else { throw ValidationError("--after takes 0 or more.") }
    }

    func run() async throws {
        let rows = try await Session.run { client in try await read(client) }
        if output.isJSON { return }
        guard let last = rows.last else {
            Console.line("No rows\(after > 0 ? " after \(after)" : "").")
            return
        }
        Console.table(table(rows))
        if rows.count == limit {
            Console.note("There may be more: add --after \(last.n).")
        }
    }

    /// Reads page by page; as JSON each page is printed when it is there.
    private func read(_ client: FleetClient) async throws -> [LogRow] {
        var rows: [LogRow] = []
        var count = 0
        var next = after
        while count < limit {
            let asked = min(limit - count, FleetClient.logPageRowsMax)
            let page = try await client.log(id, stream: stream, after: next, limit: asked).content
            count += page.rows.count
            if output.isJSON {
                for row in page.rows { Console.json(row.object) }
            } else {
                rows += page.rows
            }
            guard page.rows.count == asked, page.next > next else { break }
            next = page.next
        }
        return rows
    }

    private func table(_ rows: [LogRow]) -> Table {
        var table = Table([
            .init("N", .right), .init("TIME", comfortableWidth: 20), .init("STREAM"),
            .init("KEY", comfortableWidth: 16), .init("VALUE", comfortableWidth: 16),
        ])
        for row in rows {
            switch row.content {
            case .entry(let entry):
                let doubt = entry.clock == "unset" ? "?" : ""
                table.add([
                    .init(String(row.n)), .init((entry.time.map(Times.brief) ?? "") + doubt),
                    .init(row.stream), .init(entry.key), .init(Display.compact(entry.value)),
                ])
            case .gap(let gap):
                table.add([
                    .init(String(row.n)), "", .init(row.stream), .init("lost", .caution),
                    .init(gap.summary, .caution),
                ])
            }
        }
        return table
    }
}

extension LogGap {
    /// `5 rows (10 to 14): age`.
    var summary: String {
        let (count, overflow) = last.subtractingReportingOverflow(first)
        let rows = overflow || count == .max ? "many rows" : "\(count + 1) rows"
        return "\(rows) (\(first) to \(last)): \(reason)"
    }
}
