import Platform

/// Runs seeds, shrinks what fails, and sums up in one line of JSON.
package struct FleetSim: Sendable {
    let options: Options
    let write: @Sendable (String) -> Void

    /// - Parameter write: Takes the lines of the report.
    package init(_ options: Options, write: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.write = write
    }

    /// Runs the seeds, with the rule broken that the options name.
    ///
    /// - Returns: Whether all held.
    package func run() async throws(Options.Fault) -> Bool {
        try Self.activate(options.mutant)
        return await runSeeds()
    }

    func plan(_ seed: UInt64, mutant: String? = nil) -> Plan {
        var plan = options.planner.plan(seed: seed)
        if let only = options.only { plan = plan.only(only) }
        if options.isVerbose { plan.trace = write }
        #if EDGE_MUTANTS
            plan.agentMutant = (mutant ?? options.mutant).flatMap { Mutants.agent[$0] }
        #endif
        return plan
    }

    private func runSeeds() async -> Bool {
        let clock = ContinuousClock()
        let started = clock.now
        var total = Total()
        var failing: [Run] = []
        var results: [UInt64: Run] = [:]
        var next = options.seed
        let last = options.seed + UInt64(options.seeds)
        await withTaskGroup(of: Run.self) { group in
            for _ in 0..<options.jobs where next < last {
                group.addTask { [next] in Run(plan(next)) }
                next += 1
            }
            for await run in group {
                results[run.seed] = run
                if !run.findings.isEmpty { failing.append(run) }
                // One finding is worth more than all that would follow.
                guard next < last, failing.count < 5 else { continue }
                group.addTask { [next] in Run(plan(next)) }
                next += 1
            }
        }
        for seed in results.keys.sorted() { if let run = results[seed] { total.add(run) } }
        for run in failing.sorted(by: { $0.seed < $1.seed }) { report(run) }
        write(total.json(seconds: clock.now - started))
        return failing.isEmpty
    }

    private func report(_ run: Run) {
        write("seed \(run.seed) fails:")
        for finding in run.findings.prefix(12) { write("  \(finding)") }
        guard options.patience > 0, options.only == nil else { return }
        let smallest = Shrink(patience: .seconds(options.patience)).shrink(
            plan(run.seed), run.rules)
        write("  shrunk to \(smallest.steps.count) steps:")
        for step in smallest.steps.prefix(40) {
            write("    \(step.number) at \(step.time.count) ms: \(step.act.text)")
        }
        write("  replay: \(options.replay(smallest))")
    }
}

/// The sums over all runs.
private struct Total {
    private var seeds = 0
    private var devices = 0
    private var operations = 0
    private var findings = 0
    private var simulated: Int64 = 0
    private var faults: [String: Int] = [:]
    private var trace: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ run: Run) {
        seeds += 1
        devices += run.devices
        operations += run.operations
        findings += run.findings.count
        simulated += run.simulated.count
        faults.merge(run.faults, uniquingKeysWith: +)
        trace = (trace ^ run.trace) &* 0x100_0000_01B3
    }

    func json(seconds: Duration) -> String {
        let spent = seconds / .seconds(1)
        return Value.object([
            ("seeds", .int(Int64(seeds))), ("devices", .int(Int64(devices))),
            ("simulated_hours", .int(simulated / 3_600_000)),
            ("operations", .int(Int64(operations))),
            (
                "faults",
                .object(faults.sorted { $0.key < $1.key }.map { ($0.key, .int(Int64($0.value))) })
            ),
            ("findings", .int(Int64(findings))),
            ("trace", .string(String(trace, radix: 16))),
            ("seconds", .double((spent * 100).rounded() / 100)),
        ]).json
    }
}
