import Foundation
import Simulator
import Testing

/// The real agent and the real hub with the real SQL, in a simulated world.
@Suite struct SimulationTests {
    /// `SEED` in the environment repeats one run, `SEEDS` asks for the first so many; every
    /// finding names its seed.
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SEED"].flatMap(UInt64.init) { return [seed] }
        return Array(1...max(1, environment["SEEDS"].flatMap(UInt64.init) ?? 20))
    }()

    @Test(arguments: seeds)
    func trouble(seed: UInt64) throws {
        let run = try Run(seed: seed, boards: 3)
        #expect(run.findings.isEmpty, "SEED=\(seed)\n\(run.findings.joined(separator: "\n"))")
    }

    /// The hub's database is replaced by an empty one or by an older copy, again and again.
    @Test(arguments: seeds)
    func hubLoss(seed: UInt64) throws {
        let run = try Run(seed: seed, boards: 2, losesHub: true)
        #expect(run.findings.isEmpty, "SEED=\(seed)\n\(run.findings.joined(separator: "\n"))")
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func theSameSeedIsTheSameRun(seed: UInt64) throws {
        let first = try Run(seed: seed, boards: 3, losesHub: true)
        let second = try Run(seed: seed, boards: 3, losesHub: true)
        #expect(first.trace == second.trace)
        #expect(try Run(seed: seed + 100, boards: 3).trace != first.trace)
    }

    /// Runs must be worth their time: something is lost, dies, and gets through all the same.
    @Test func theSeedsMakeTrouble() throws {
        let runs = try (1...10 as ClosedRange<UInt64>).map { try Run(seed: $0, boards: 3) }
        #expect(runs.contains { $0.framesLost > 0 })
        #expect(runs.contains { $0.boardCrashes > 0 })
        #expect(runs.contains { $0.hubCrashes > 0 })
        #expect(runs.allSatisfy { $0.messages > 0 })
    }

    @Test(arguments: [Mutant.hastyBus, .forgetfulHub])
    func mutantsAreFound(mutant: Mutant) throws {
        let isFound = try (1...20 as ClosedRange<UInt64>).contains { seed in
            let findings = try Run(seed: seed, boards: 3, mutant: mutant).findings
            return findings.contains { $0.contains("is not at the hub") }
        }
        #expect(isFound)
    }
}

/// One finished run.
struct Run {
    let findings: [String]
    let trace: UInt64
    let messages: Int
    let framesLost: Int
    let boardCrashes: Int
    let hubCrashes: Int

    init(
        seed: UInt64, boards: Int, losesHub: Bool = false, mutant: Mutant? = nil
    ) throws {
        let site = try Site(seed: seed, boards: boards, mutant: mutant)
        var story = Story()
        story.losesHub = losesHub
        try story.play(site)
        findings = try Checkers(site: site).findings()
        trace = site.world.trace.hash
        messages = site.published.count
        framesLost = site.network.lost
        boardCrashes = site.boards.reduce(0) { $0 + $1.crashes }
        hubCrashes = site.hub.crashes
        try site.end()
    }
}
