import ArgumentParser
import Placement
import Platform

/// `edge-bench vivaldi`: how well coordinates tell round trips that nobody measured.
struct VivaldiCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vivaldi",
        abstract:
            "Replays probes on a latency matrix and prints the error over pairs never probed.",
        discussion: """
            Each node sends so many probes, each to a random peer; only the prober learns of it. \
            Errors are |estimate - RTT| / RTT over pairs of which neither side probed the other. A \
            line a seed: the error while it converges, at the end, then after a fifth of the nodes \
            was replaced by such that know nothing. paper_median is that of Vivaldi as published, \
            each sample used once.
            """)

    @Option(help: "The latency matrix, plain or gzip.")
    var latency: String

    @Option(help: "Probes of each node.")
    var probes = 50

    @Option(help: "How many seeds, from 1 on.")
    var seeds = 3

    @Option(help: "Passes over remembered samples after each probe.")
    var rehearsals = 1

    @Flag(help: "Accepted for uniformity; the result is always one JSON line a seed.")
    var json = false

    func validate() throws {
        guard 1...10_000 ~= probes, 1...1_000 ~= seeds, 0...100 ~= rehearsals else {
            throw ValidationError("--probes 1-10000, --seeds 1-1000, --rehearsals 0-100")
        }
    }

    func run() throws {
        let matrix: LatencyMatrix
        do {
            matrix = try PlaceInput.matrix(latency)
        } catch let fault as PlaceFault {
            Terminal.say("vivaldi: \(fault)")
            throw ExitCode(2)
        }
        for seed in 1...UInt64(seeds) {
            Terminal.print(VivaldiReport(matrix, probes, rehearsals, seed).line.json)
        }
    }
}
