import Foundation
import Platform
import Testing

@testable import FleetSim

/// A third of 200 boards come and go for a day. `fleet-sim --storm` runs more seeds.
@Suite struct StormTests {
    static let seeds: [UInt64] =
        ProcessInfo.processInfo.environment["SEED"]
        .flatMap { UInt64($0) }.map { [$0] } ?? [1]

    @Test(arguments: seeds)
    func nothingMovesForABlipAndNoLeaseIsHeldTwice(seed: UInt64) {
        var storm = Storm(seed: seed)
        let report = storm.run()
        #expect(report.findings.isEmpty, "SEED=\(seed)\n\(report.value.json)")
        #expect(report.needlessRestarts == 0)
        #expect(report.leaseViolations == 0)
        #expect(report.flapping == 67)
        // What it is to be proof against did happen.
        #expect(report.silences > 500)
        #expect(report.leaseEnds > 0)
        #expect(!report.replicaSeconds.isEmpty)
        #expect(report.moves > report.movesForDeaths)
    }

    @Test(arguments: StormMutant.allCases)
    func aBrokenRuleIsFound(mutant: StormMutant) {
        var storm = Storm(seed: 1, mutant: mutant)
        #expect(!storm.run().findings.isEmpty)
    }

    @Test func theSameSeedIsTheSameStorm() {
        var (first, second, other) = (
            Storm(seed: 5, boards: 30), Storm(seed: 5, boards: 30), Storm(seed: 6, boards: 30)
        )
        let report = first.run().value.json
        #expect(second.run().value.json == report)
        #expect(other.run().value.json != report)
    }
}
