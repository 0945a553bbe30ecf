import Foundation
import Simulator
import Testing

@Suite struct SimulationTests {
    /// `SEED` in the environment repeats one run; otherwise these.
    static let seeds: [UInt64] =
        ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init).map { [$0] }
        ?? Array(1...(UInt64(ProcessInfo.processInfo.environment["SEEDS"] ?? "") ?? 20))

    @Test(arguments: seeds)
    func hubLoss(seed: UInt64) throws {
        let site = try Site(seed: seed, boards: 2)
        var story = Story()
        story.losesHub = true
        try story.play(site)
        let findings = try Checkers(site: site).findings()
        try site.end()
        #expect(findings.isEmpty, "seed \(seed): \(findings.joined(separator: "\n"))")
    }

    @Test(arguments: seeds)
    func trouble(seed: UInt64) throws {
        let site = try Site(seed: seed, boards: 3)
        try Story().play(site)
        let findings = try Checkers(site: site).findings()
        try site.end()
        print("seed \(seed): \(site.published.count) messages, jobs \(site.world.executor.jobsRun) arrived \(site.network.arrived) lost \(site.network.lost) crashes \(site.boards.map(\.crashes)) hub \(site.hub.crashes)")
        #expect(findings.isEmpty, "seed \(seed): \(findings.joined(separator: "\n"))")
    }
}
