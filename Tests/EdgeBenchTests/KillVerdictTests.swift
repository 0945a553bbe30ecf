import Platform
import Testing

@testable import edge_bench

@Suite struct KillVerdictTests {
    /// Rows 1…count of one epoch, each with its own number, all acknowledged: nothing is wrong.
    private static func sound(_ count: Int, kills: Int = 1) -> KillVerdict.Evidence {
        var evidence = KillVerdict.Evidence()
        evidence.kills = kills
        evidence.window = 20
        evidence.published = count
        evidence.acknowledged = Set(1...count)
        evidence.rows = (1...count).map { row(seq: $0, number: $0) }
        evidence.cursors = [cursor(upto: count, rows: count)]
        evidence.written = count
        return evidence
    }

    private static func row(seq: Int, number: Int, epoch: String = "a") -> HubEntry {
        HubEntry(
            stream: "telemetry", epoch: epoch,
            content: .row(
                .init(
                    seq: seq, time: "", clock: "synchronized", key: "devices/counter",
                    value: .object([("n", .int(Int64(number)))]))))
    }

    private static func cursor(upto: Int, rows: Int, gaps: Int = 0) -> HubCursor {
        HubCursor(
            stream: "telemetry", epoch: "a", upto: upto, rows: rows, gapRows: gaps, trimmedRows: 0)
    }

    @Test func aSoundRunPasses() {
        let verdict = KillVerdict(Self.sound(100))
        #expect(verdict.failures.isEmpty)
        #expect(verdict.arrived == 100)
        #expect(verdict.redelivered == 0)
    }

    /// What ack-before-commit does: acknowledged, and then gone with the process.
    @Test func anAcknowledgedMessageThatIsMissingFails() {
        var evidence = Self.sound(100)
        evidence.rows.removeLast()
        evidence.cursors = [Self.cursor(upto: 99, rows: 99)]
        evidence.written = 99
        let verdict = KillVerdict(evidence)
        #expect(verdict.missing == [100])
        #expect(verdict.failures.count == 1)
        #expect(verdict.failures.first?.contains("number 100") == true)
    }

    @Test func aMessageThatWasNotAcknowledgedMayBeMissing() {
        var evidence = Self.sound(100)
        evidence.acknowledged.remove(100)
        evidence.rows.removeLast()
        evidence.cursors = [Self.cursor(upto: 99, rows: 99)]
        evidence.written = 99
        #expect(KillVerdict(evidence).failures.isEmpty)
    }

    /// What publish-before-commit does: the hub has numbers that the store never had.
    @Test func moreAtTheHubThanWasCommittedFails() {
        var evidence = Self.sound(100)
        evidence.written = 97
        let verdict = KillVerdict(evidence)
        #expect(verdict.failures.count == 1)
        #expect(verdict.failures.first?.contains("before they were durable") == true)
    }

    /// What release-on-puback does: released by the agent, never at the hub.
    @Test func lessAtTheHubThanWasCommittedFails() {
        var evidence = Self.sound(100)
        evidence.acknowledged = []
        evidence.rows.removeLast(3)
        evidence.cursors = [Self.cursor(upto: 97, rows: 97)]
        let verdict = KillVerdict(evidence)
        #expect(verdict.failures.count == 1)
        #expect(verdict.failures.first?.contains("released") == true)
    }

    @Test func redeliveriesWithinTheWindowOfEachKillPass() {
        for (kills, passes) in [(1, true), (0, false)] {
            var evidence = Self.sound(100, kills: kills)
            evidence.rows += (1...20).map { Self.row(seq: 100 + $0, number: $0) }
            evidence.cursors = [Self.cursor(upto: 120, rows: 120)]
            evidence.written = 120
            let verdict = KillVerdict(evidence)
            #expect(verdict.redelivered == 20)
            #expect(verdict.failures.isEmpty == passes)
        }
    }

    @Test func aRowThatIsThereTwiceFails() {
        var evidence = Self.sound(100)
        evidence.rows.append(Self.row(seq: 7, number: 7))
        let verdict = KillVerdict(evidence)
        #expect(verdict.repeatedDots == 1)
        #expect(verdict.redelivered == 0)
        #expect(verdict.failures.count == 1)
    }

    @Test func theSameNumberInAnotherEpochIsAnotherRow() {
        var evidence = Self.sound(100)
        evidence.rows.append(Self.row(seq: 7, number: 7, epoch: "b"))
        evidence.cursors.append(
            HubCursor(
                stream: "telemetry", epoch: "b", upto: 1, rows: 1, gapRows: 0, trimmedRows: 0))
        evidence.written = 101
        let verdict = KillVerdict(evidence)
        #expect(verdict.repeatedDots == 0)
        #expect(verdict.redelivered == 1)
        #expect(verdict.failures.isEmpty)
    }

    @Test func tooFewArrivalsFail() {
        var evidence = Self.sound(95)
        evidence.published = 100
        #expect(KillVerdict(evidence).failures.isEmpty)
        evidence.published = 101
        #expect(KillVerdict(evidence).failures.count == 1)
    }

    @Test func aHoleInACursorFails() {
        var evidence = Self.sound(100)
        evidence.cursors = [Self.cursor(upto: 101, rows: 100)]
        #expect(KillVerdict(evidence).failures.count == 1)
    }

    @Test func aBrokerLogThatCannotBeCountedFails() {
        var evidence = Self.sound(100)
        evidence.logFaults = ["the session of board was lost"]
        #expect(KillVerdict(evidence).failures.count == 1)
    }

    @Test func eachMutantNamesTheTargetThatRevealsIt() {
        #expect(Mutant.releaseOnPuback.target == .hub)
        #expect(Mutant.ackBeforeCommit.target == .agent)
        #expect(Mutant.publishBeforeCommit.target == .agent)
        #expect(Mutant(rawValue: "release-on-puback") == .releaseOnPuback)
    }
}
