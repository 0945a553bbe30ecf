import ArgumentParser
import FleetClient
import Identity
import Platform

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Show what operators did, or check that the record of it is whole.",
        discussion: """
            Each row carries a hash over itself and the row before. --verify computes them all \
            anew and prints the last one: note it elsewhere, and give it with --head the next \
            time, for rows that were cut off at the end are not missed otherwise. With --json \
            each row is one line.
            """)

    @Option(help: "Only rows from then on: a time (2026-11-23T05:27:16Z), or how long ago (7d).")
    var since: String?

    @Flag(help: "Check the whole log.")
    var verify = false

    @Option(help: "With --verify: a hash that has to be in the log.")
    var head: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard head == nil || verify else { throw ValidationError("--head needs --verify.") }
        guard since == nil || !verify else {
            throw ValidationError("--verify checks the whole log; leave --since out.")
        }
    }

    func run() async throws {
        if verify { return try await check() }
        let start = try startTime()
        var rows: [AuditEntry] = []
        try await Session.run { client in
            var after: Int64 = 0
            while true {
                let page = try await client.audit(after: after, since: start).rows
                guard let last = page.last else { break }
                after = last.row.number
                if output.isJSON {
                    for entry in page { Console.json(entry.object) }
                } else {
                    rows += page
                }
            }
        }
        if output.isJSON { return }
        guard !rows.isEmpty else { return Console.line("No rows.") }
        Console.table(table(rows))
    }

    private func check() async throws {
        var noted: [UInt8]?
        if let head {
            noted = AuditHead.hash(head)
            guard noted != nil else {
                throw FleetClientError(
                    .usage, "`\(Display.clean(head))` is no hash of the audit log",
                    hint: "Give the 64 digits that `fleet audit --verify` printed")
            }
        }
        let known = noted
        let (end, rows) = try await Session.run { try await $0.verifyAudit(noted: known) }
        if output.isJSON {
            return Console.json(
                .object([
                    ("ok", .bool(true)), ("rows", .int(Int64(rows))), ("n", .int(end.number)),
                    ("head", .string(end.description)),
                ]))
        }
        Console.line("\(rows) rows, each as it was written. The last is \(end.number):")
        Console.line(end.description)
    }

    private func startTime() throws -> WallTime {
        guard let since else { return WallTime(milliseconds: 0) }
        if let time = Times.rfc3339(since) { return time }
        return WallTime(
            milliseconds: Console.now().milliseconds - (try Span(since)).milliseconds.count)
    }

    private func table(_ rows: [AuditEntry]) -> Table {
        var table = Table([
            .init("N"), .init("TIME", comfortableWidth: 19), .init("WHO", comfortableWidth: 12),
            .init("FROM", comfortableWidth: 9), .init("ACTION", comfortableWidth: 12),
            .init("TARGET", comfortableWidth: 12), .init("DETAIL", comfortableWidth: 12),
            .init("RESULT"),
        ])
        for entry in rows {
            let row = entry.row
            table.add([
                .init(String(row.number)), .init(Times.brief(RFC3339.text(row.time))),
                .init(row.who), .init(row.origin), .init(row.action), .init(row.target),
                .init(row.detail),
                row.result == "done" ? .init(row.result, .good) : .init(row.result, .bad),
            ])
        }
        return table
    }
}
