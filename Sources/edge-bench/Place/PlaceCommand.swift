import ArgumentParser
import Placement

/// `edge-bench place`: plans an instance on a latency matrix.
struct PlaceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "place",
        abstract: "Plans workloads on boards by latency and prints cost and lower bound.",
        discussion: """
            The matrix is text, n × n milliseconds, row = user, column = board's site, unknown \
            entries negative or nan (they count as the greatest). The instance is JSON: \
            {"boards":[{"site":0,"slots":1}],"workloads":[{"users":[0],"size":1}]}. Costs are sums \
            of the mean RTT from a workload's users to its board's site; bound is a proven lower \
            bound, gap (cost - bound) / bound, seconds are without reading the files. Exit code 1 \
            where not all workloads have room, 2 where the input cannot be used.
            """)

    @Option(help: "The latency matrix, plain or gzip.")
    var latency: String

    @Option(help: "The instance, JSON.")
    var instance: String

    @Option(help: "An earlier result: the fewest workloads are moved from there.")
    var planBefore: String?

    @Option(
        help: "With --plan-before, what staying may cost, as a share of the stateless plan's cost.")
    var gapMax = 0.005

    @Option(help: "Seed of the search, which only instances of several sizes need.")
    var seed: UInt64 = 1

    @Option(help: "Times so many single decisions on the planned fleet.")
    var decisions = 0

    @Flag(help: "Accepted for uniformity; the result is always one JSON line.")
    var json = false

    func validate() throws {
        guard 0...1_000_000 ~= decisions else {
            throw ValidationError("--decisions is 0 to 1000000")
        }
        guard gapMax.isFinite, gapMax >= 0 else {
            throw ValidationError("--gap-max is a share, 0 or more, as in 0.005")
        }
    }

    func run() throws {
        let run: PlaceRun
        do {
            let matrix = try PlaceInput.matrix(latency)
            let instance = try PlaceInput.instance(instance, sites: matrix.sites)
            let before = try planBefore.map { try PlaceInput.assignment($0, for: instance) }
            run = PlaceRun(
                matrix: matrix, instance: instance, before: before, gapMax: gapMax, seed: seed,
                decisions: decisions)
        } catch let fault as PlaceFault {
            Terminal.say("place: \(fault)")
            throw ExitCode(2)
        }
        let (line, complaint) = run.result()
        Terminal.print(line.json)
        if let complaint {
            Terminal.say("place: \(complaint)")
            throw ExitCode(1)
        }
    }
}
