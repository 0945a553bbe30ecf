import ArgumentParser
import FleetSim

@main
struct FleetSimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet-sim",
        abstract: "Runs real agents and a real hub in a simulated world; one seed decides it all.",
        discussion: """
            Exit codes: 0 all held, 1 a finding, 64 wrong options. A finding is shrunk and printed \
            with the command that repeats it. The last line is JSON.
            """)

    @Option(help: "The first seed.")
    var seed: UInt64 = 1
    @Option(help: "How many seeds from it.")
    var seeds = 1
    @Option(help: "Boards (default: 3 to 8 by the seed).")
    var devices: Int?
    @Option(help: "Simulated days (default: six hours).")
    var days: Int?
    @Option(name: .customLong("ops"), help: "Operations (default: 300 each six hours).")
    var operations: Int?
    @Flag(help: "Each seed leaves some kinds of operations and faults out.")
    var swarm = false
    @Option(help: "These steps of the plan alone: numbers with commas.")
    var only: String?
    @Option(help: "Break one rule (builds with EDGE_MUTANTS).")
    var mutant: String?
    @Flag(help: "Break each rule in turn; every one must be found.")
    var mutants = false
    @Flag(help: "A day of placement on 200 boards, a third of which come and go.")
    var storm = false
    @Option(help: "Worlds at a time.")
    var jobs = 2
    @Option(help: "Seconds to shrink a failing seed.")
    var shrink = 20
    @Flag(help: "Tell what happens.")
    var verbose = false

    private var steps: [Int?]? {
        only.map { $0.split(separator: ",").map { Int($0) } }
    }

    func validate() throws {
        func check(_ name: String, _ value: Int?, _ range: ClosedRange<Int>) throws {
            guard let value, !range.contains(value) else { return }
            throw ValidationError(
                "--\(name) takes \(range.lowerBound) to \(range.upperBound), not \(value)")
        }
        try check("seeds", seeds, 1...10_000_000)
        try check("devices", devices, 1...1000)
        try check("days", days, 1...3650)
        try check("ops", operations, 0...10_000_000)
        try check("jobs", jobs, 1...256)
        try check("shrink", shrink, 0...86_400)
        guard steps?.contains(nil) != true else {
            throw ValidationError("--only takes numbers with commas, not \(only ?? "")")
        }
    }

    func run() async throws {
        if storm { return try runStorms() }
        var options = Options()
        options.seed = seed
        options.seeds = seeds
        options.devices = devices
        options.days = days
        options.operations = operations
        options.isSwarm = swarm
        options.only = steps.map { Set($0.compactMap(\.self)) }
        options.mutant = mutant
        options.jobs = jobs
        options.patience = shrink
        options.isVerbose = verbose
        let tool = FleetSim(options) { print($0) }
        do {
            guard try await mutants ? tool.runMutants() : tool.run() else { throw ExitCode(1) }
        } catch let fault as Options.Fault {
            throw ValidationError(fault.description)
        }
    }

    private func runStorms() throws {
        let last = seed &+ UInt64(seeds)
        var isSound = true
        for seed in seed..<last {
            guard mutants else {
                var storm = Storm(seed: seed)
                let report = storm.run()
                print(report.value.json)
                isSound = isSound && report.findings.isEmpty
                continue
            }
            for mutant in StormMutant.allCases {
                var storm = Storm(seed: seed, mutant: mutant)
                let report = storm.run()
                print("\(mutant.rawValue): \(report.findings.first ?? "not found")")
                isSound = isSound && !report.findings.isEmpty
            }
        }
        guard isSound else { throw ExitCode(1) }
    }
}
