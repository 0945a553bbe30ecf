import Platform
import Testing

@testable import edge_bench

@Suite struct BoundVerdictTests {
    private static func row(
        _ seq: Int, number: Int, stream: String = "telemetry", minute: Int
    ) -> HubEntry {
        HubEntry(
            stream: stream, epoch: "a",
            content: .row(
                .init(
                    seq: seq, time: "2026-11-23T05:\(minute):00.000Z", clock: "synchronized",
                    key: "devices/x", value: .object([("n", .int(Int64(number)))]))))
    }

    private static func gap(_ first: Int, _ last: Int, stream: String = "telemetry") -> HubEntry {
        HubEntry(
            stream: stream, epoch: "a", content: .gap(first: first, last: last, reason: "evicted"))
    }

    private static func status(written: Int, acked: Int, gap: Int) throws -> AgentStatus {
        try AgentStatus(
            .object([
                (
                    "uplink",
                    .object([("state", .string("synchronized")), ("bytes_sent", .int(0))])
                ),
                (
                    "local_broker",
                    .object([
                        ("messages_received", .int(0)), ("messages_acknowledged", .int(0)),
                        ("unreadable", .int(0)),
                    ])
                ),
                (
                    "log",
                    .object([
                        ("written", .int(Int64(written))), ("acked", .int(Int64(acked))),
                        ("gap", .int(Int64(gap))), ("pending", .int(0)),
                    ])
                ),
                ("twin", .object([("pending", .int(0))])),
            ]))
    }

    /// Ten telemetry rows of which 1…4 went, and two alarms.
    private static let entries =
        [gap(1, 4)] + (5...10).map { row($0, number: $0, minute: 10 + $0) }
        + [
            row(1, number: 11, stream: "alarm", minute: 11),
            row(2, number: 12, stream: "alarm", minute: 20),
        ]

    private static func verdict(
        _ entries: [HubEntry], written: Int = 12, acked: Int = 8, gap: Int = 4, alarms: Int = 2,
        mustDrop: Bool = true
    ) throws -> BoundVerdict {
        BoundVerdict(
            status: try status(written: written, acked: acked, gap: gap), cursors: [],
            entries: entries, published: 12, alarmsPublished: alarms, mustDrop: mustDrop)
    }

    @Test func aBoundKeptInOrderPasses() throws {
        #expect(try Self.verdict(Self.entries).failures.isEmpty)
    }

    @Test func aRunThatDroppedNothingProvesNothing() throws {
        #expect(try Self.verdict(Self.entries, mustDrop: false).failures.count == 1)
    }

    @Test func writtenMustBeAcknowledgedOrGap() throws {
        let failures = try Self.verdict(Self.entries, written: 13).failures
        #expect(failures.contains { $0.hasPrefix("the agent wrote 13") })
    }

    @Test func theHubHasAllThatTheAgentCountsAcknowledged() throws {
        let failures = try Self.verdict(Self.entries, written: 12, acked: 9, gap: 3).failures
        #expect(failures.count == 1)
    }

    /// It was on its way while the bound took it at the board.
    @Test func aDroppedRowMayArriveAllTheSame() throws {
        let verdict = try Self.verdict(Self.entries, written: 12, acked: 7, gap: 5)
        #expect(verdict.failures.isEmpty)
    }

    @Test func aHoleWithoutARecordFails() throws {
        let holed = Self.entries.filter { $0.row?.seq != 7 }
        let failures = try Self.verdict(holed, written: 11, acked: 7).failures
        #expect(failures.count == 1)
        #expect(failures.first?.contains("contiguous at 7") == true)
    }

    @Test func aRowThatIsAlsoInAGapFails() throws {
        let failures = try Self.verdict(Self.entries + [Self.gap(7, 7)], gap: 5).failures
        #expect(failures.contains { $0.contains("contiguous") })
    }

    /// The first alarm went although telemetry that is older than the next alarm is left.
    @Test func anAlarmThatWentBeforeTelemetryFails() throws {
        var entries = Self.entries.filter { $0.row?.value["n"] != .int(11) }
        entries.append(Self.gap(1, 1, stream: "alarm"))
        let failures = try Self.verdict(entries, acked: 7, gap: 5).failures
        #expect(failures.count == 1)
        #expect(failures.first?.contains("alarms are missing") == true)
    }

    @Test func anAlarmMayGoOnceAllOlderTelemetryIsGone() throws {
        let entries = [
            Self.gap(1, 9), Self.row(10, number: 10, minute: 30),
            Self.gap(1, 1, stream: "alarm"),
            Self.row(2, number: 12, stream: "alarm", minute: 20),
        ]
        #expect(try Self.verdict(entries, acked: 2, gap: 10).failures.isEmpty)
    }
}
