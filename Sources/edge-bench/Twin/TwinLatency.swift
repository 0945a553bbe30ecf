import ArgumentParser
import Foundation
import Platform

/// `edge-bench twin`: how long an operator waits for a board's answer.
struct TwinLatency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "twin",
        abstract: "Times `fleet twin set --wait` against a connected board.",
        discussion: """
            Each sample is the whole command, from the start of the process to its end: write at \
            the hub, hint, delta to the board, its commit and answer, and back. The figures \
            include the command's own start, which is printed beside them.
            """)

    @Option(help: "Writes to time.")
    var samples = 50

    @OptionGroup var link: LinkOptions

    @OptionGroup var options: WorldOptions

    func validate() throws {
        guard (5...10_000).contains(samples) else {
            throw ValidationError("--samples must be 5 to 10000")
        }
    }

    func run() async throws {
        let world = try World(options)
        defer { world.close() }
        let site = try Site(in: world, link: link.link)
        try await site.start()
        let board = try await site.board("board")
        try await board.agent.start()
        try await site.meet(board.agent)
        let fleet = try site.hub.fleet()

        var starts: [Double] = []
        var times: [Double] = []
        for number in 1...samples {
            starts.append(try await time { try await fleet.mustRun(["--help"]) })
            // A wish that the board can judge at once; that it refuses changes nothing else.
            let arguments = ["twin", "set", "board", "config/bench", "\(number)", "--wait", "10"]
            times.append(try await time { _ = try await fleet.run(arguments) })
        }
        let answered = try await site.hub.reader.cells("board", prefix: "reported/config/bench")
        guard answered.count == 1 else { throw BenchFailure("the board answered no write") }
        var line = ResultLine()
        line.add("samples", samples)
        line.add("link", link.link.rawValue)
        line.add("p50_ms", Self.percentile(times, 50))
        line.add("p95_ms", Self.percentile(times, 95))
        line.add("max_ms", Self.percentile(times, 100))
        line.add("command_start_p50_ms", Self.percentile(starts, 50))
        Terminal.print(line.json)
    }

    private func time(_ body: () async throws -> Void) async throws -> Double {
        let start = ContinuousClock.now
        try await body()
        return (ContinuousClock.now - start).seconds * 1000
    }

    /// The nearest-rank percentile.
    static func percentile(_ values: [Double], _ percent: Int) -> Double {
        let sorted = values.sorted()
        let rank = (sorted.count * percent + 99) / 100
        return sorted.isEmpty ? 0 : sorted[max(rank, 1) - 1]
    }
}
