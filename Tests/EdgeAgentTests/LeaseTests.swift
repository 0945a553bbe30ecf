import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent

@Suite struct LeaseTests {
    private func time(_ seconds: Int64) -> MonotonicTime {
        MonotonicTime(milliseconds: seconds * 1000)
    }

    @Test func aLeaseCountsFromTheQuestionAndIsNeverRevived() {
        var lease = HeldLease(term: 1, span: 60_000, sent: time(10), now: time(20))
        #expect(lease.ends == time(70))
        lease.onAnswer(sent: time(40), now: time(69))
        #expect(lease.ends == time(100))
        // An answer to an older question shortens nothing.
        lease.onAnswer(sent: time(30), now: time(70))
        #expect(lease.ends == time(100))
        lease.onAnswer(sent: time(99), now: time(100))
        #expect(lease.isOver)
        lease.onAnswer(sent: time(101), now: time(102))
        #expect(lease.isOver)
    }

    @Test func whoWasNeverAnsweredHoldsNothing() {
        #expect(HeldLease(term: 1, span: 60_000, sent: nil, now: time(5)).isOver)
        #expect(HeldLease(term: 1, span: 60_000, sent: time(0), now: time(60)).isOver)
    }

    private static func spec(_ term: Int64) -> Value {
        .object([
            ("command", .array([.string("/bin/db")])), ("stop_grace_ms", .int(1000)),
            ("lease", .object([("span_ms", .int(900_000)), ("term", .int(term))])),
        ])
    }

    @Test func aNewTermIsNoOtherWorkload() throws {
        let first = try WorkloadSpec(Self.spec(1))
        #expect(try WorkloadSpec(Self.spec(2)).hash == first.hash)
        #expect(first.lease == WorkloadSpec.Lease(term: 1, span: 900_000))
        #expect(throws: WorkloadSpec.Fault.self) { try WorkloadSpec(Self.spec(0)) }
    }

    /// No message comes, and none is needed.
    @Test func theBoardStopsALeasedWorkloadByItsOwnClock() async throws {
        let folder = try TemporaryFolder()
        try await AgentHarness.run(folder) { board in
            try await board.synchronize(
                deltas: [try board.wish("desired/workloads/db", Self.spec(4))])
            #expect(board.processes.state.with { $0.started.map(\.arguments) } == [["/bin/db"]])
            try await board.advance(200)
            #expect(try await board.value("reported/leases/db")?["state"] == .string("held"))
            try await board.deliver(LinkEvent.disconnected(reason: "cut"))
            try await board.advance(800_000)
            #expect(try await board.value("reported/workloads/db")?["state"] == .string("running"))
            try await board.advance(97_500)
            try await board.advance(200)
            #expect(try await board.value("reported/workloads/db")?["state"] == .string("stopping"))
            let lease = try await board.value("reported/leases/db")
            #expect(lease?["state"] == .string("ended"))
            #expect(lease?["term"] == .int(4))
        }
    }
}
