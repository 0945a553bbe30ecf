import Platform
import SQLiteStore
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent

private let smoke = #"{"smoke":true}"#

extension Agent {
    /// What a reader of the board's document sees at a path.
    fileprivate func view(_ path: String) throws -> Value? {
        TwinView.value(try store.document.cells(at: TwinPath(path)))
    }

    /// A commit of this board's own.
    fileprivate func put(_ writes: [TwinWrite]) throws {
        var batch = AgentStore.Batch(now: WallTime(milliseconds: 0))
        batch.writes = writes.map { AgentStore.Write($0) }
        _ = try store.commit(batch)
        carryOut(sync.onChanged(store, now))
    }

}

extension AgentHarness {
    static func delta(
        _ epoch: Epoch, since: UInt64 = 0, upto: UInt64, _ cells: [(String, UInt64, Value)] = [],
        removals: [Removal] = []
    ) throws -> IntervalDelta {
        IntervalDelta(
            epoch: epoch, since: since, upto: upto,
            cells: try cells.map { path, counter, value in
                Cell(
                    path: try TwinPath(path), dot: Dot(epoch: epoch, counter: counter), stamp: 0,
                    value: value)
            }, removals: removals)
    }

    /// How many events of a kind are in the log, after what is staged was committed.
    func events(_ key: String) async throws -> Int {
        try await advance(200)
        return try await agent.eventKeys().count { $0 == key }
    }
}

/// The board's end of the sync: what it says to its hub, and what becomes of the answers.
@Suite struct AgentSyncTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    // MARK: Kinds

    @Test func setsNotesAndCountersArriveAndMerge() async throws {
        try await AgentHarness.run(folder) { board in
            let (hub, epoch) = (board.session, await board.agent.epoch)
            try await board.agent.put([
                .add(try TwinPath("sets/tags"), .string("own")),
                .add(try TwinPath("sets/tags"), .string("shared")),
                .set(try TwinPath("notes/a"), .int(1)),
                .increment(try TwinPath("counters/a"), by: 5),
            ])
            try await board.synchronize(deltas: [
                try AgentHarness.delta(
                    hub, upto: 4,
                    [
                        ("counters/a", 1, .int(30)), ("notes/a", 2, .int(2)),
                        ("sets/tags", 3, .string("hub")), ("sets/tags", 4, .string("shared")),
                    ])
            ])
            let tags = Value.array(["hub", "own", "shared"].map { .string($0) })
            #expect(try await board.agent.view("sets/tags") == tags)
            #expect(try await board.agent.view("notes/a") == .array([.int(1), .int(2)]))
            #expect(try await board.agent.view("counters/a") == .int(35))
            try await board.answerUp()

            // The hub takes back what the board had put, and settles on one note.
            let own = try await board.agent.cells()
            func dot(_ path: String, _ value: Value) throws -> Dot {
                try #require(
                    own.first {
                        $0.path.text == path && $0.value == value && $0.dot.epoch == epoch
                    }
                ).dot
            }
            try await board.deliver(
                .down(
                    Frame.Down(
                        question: nil, commit: 3,
                        deltas: [
                            try AgentHarness.delta(
                                hub, since: 4, upto: 6, [("notes/a", 6, .int(3))],
                                removals: [
                                    Removal(
                                        dot: Dot(epoch: hub, counter: 5),
                                        removed: [
                                            try dot("sets/tags", .string("own")),
                                            try dot("sets/tags", .string("shared")),
                                        ]),
                                    Removal(
                                        dot: Dot(epoch: hub, counter: 6),
                                        removed: [try dot("notes/a", .int(1))]),
                                ])
                        ])))
            // The hub's own add of the same element stays.
            #expect(
                try await board.agent.view("sets/tags")
                    == .array([.string("hub"), .string("shared")]))
            #expect(try await board.agent.view("notes/a") == .array([.int(3)]))
            #expect(try await board.agent.view("counters/a") == .int(35))
        }
    }

    @Test func aBoardsRemovalOfTheHubsElementIsTold() async throws {
        try await AgentHarness.run(folder) { board in
            let path = try TwinPath("sets/tags")
            try await board.synchronize(deltas: [
                try AgentHarness.delta(board.session, upto: 1, [("sets/tags", 1, .int(7))])
            ])
            try await board.answerUp()
            let before = board.sentDeltas.count
            try await board.agent.put([.remove(path, .int(7))])
            let removals = board.sentDeltas.dropFirst(before).flatMap(\.removals)
            #expect(removals.map(\.removed) == [[Dot(epoch: board.session, counter: 1)]])
            #expect(try await board.agent.view("sets/tags") == nil)
        }
    }

    /// What the hub has seen replaced or removed meanwhile comes back as dead.
    @Test func whatIsDeadAtTheHubGoes() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.agent.put([.add(try TwinPath("sets/tags"), .int(1))])
            try await board.synchronize()
            let dots = board.sentDeltas.flatMap(\.cells)
                .filter { $0.kind == .addWinsSet }.map(\.dot)
            #expect(dots.count == 1)
            try await board.deliver(
                .down(
                    Frame.Down(
                        question: try #require(board.questions.last).question, commit: 2,
                        deltas: [], dead: dots)))
            #expect(try await board.agent.view("sets/tags") == nil)
        }
    }

    // MARK: Claims of the hub

    /// Somebody spoke in this opening's name: what the hub took for seen is written again.
    @Test func aHubThatClaimsMoreThanWasWrittenIsToldAllAgain() async throws {
        try await AgentHarness.run(folder) { board in
            let epoch = await board.agent.epoch
            try await board.synchronize()
            try await board.answerUp()
            try await board.agent.put([.set(try TwinPath("config/a"), .int(1))])
            try await board.answerUp(acknowledged: CausalContext([epoch: 1000]))
            #expect(try await board.events("device.forked") == 1)
            let again = try #require(board.questions.last?.deltas.first { $0.epoch == epoch })
            let cell = try #require(again.cells.first { $0.path.text == "config/a" })
            #expect(cell.dot.counter > 1000 && cell.value == .int(1))
            try await board.answerUp()
            #expect(try await board.events("device.forked") == 1)
        }
    }

    @Test func aClaimBeyondAllReasonIsRefused() async throws {
        try await AgentHarness.run(folder) { board in
            let epoch = await board.agent.epoch
            try await board.synchronize()
            try await board.answerUp()
            try await board.agent.put([.set(try TwinPath("config/a"), .int(1))])
            try await board.answerUp(acknowledged: CausalContext([epoch: .max]))
            #expect(try await board.events("uplink.unreadable") == 1)
            #expect(try await board.events("device.forked") == 0)
            let cells = try await board.agent.cells()
            #expect(cells.allSatisfy { $0.dot.counter < 1000 })
        }
    }

    // MARK: Memory of the hub

    @Test func aHubThatWasResetIsAnEvent() async throws {
        try await AgentHarness.run(folder) { board in
            for _ in 0..<2 {
                try await board.deliver(LinkEvent.connected)
                let hello = try #require(board.greetings.last)
                try await board.deliver(
                    Frame.want(request: hello.request, have: CausalContext()))
                try await board.deliver(LinkEvent.disconnected(reason: "gone"))
            }
            // Once a minute at most, as any complaint.
            #expect(try await board.events("hub.reset") == 1)
            try await board.advance(60_000)
            try await board.deliver(LinkEvent.connected)
            let hello = try #require(board.greetings.last)
            try await board.deliver(Frame.want(request: hello.request, have: CausalContext()))
            #expect(try await board.events("hub.reset") == 2)
        }
    }

    @Test func theHistoryIsSentPartByPartAsTheHubAsksForIt() async throws {
        let note = String(repeating: "x", count: 300)
        for opening in 0..<10 {
            try await AgentHarness.run(folder) { board in
                try await board.agent.put(
                    try (0..<2).map {
                        .set(try TwinPath("notes/\(opening * 2 + $0)"), .string(note))
                    })
            }
        }
        try await AgentHarness.run(
            folder,
            configure: { configuration, _, _ in configuration.uplink.frameBytesMax = 1024 }
        ) { board in
            try await board.deliver(LinkEvent.connected)
            let hello = try #require(board.greetings.last)
            var (have, parts, paths) = (CausalContext(), 0, Set<String>())
            var isLast = false
            while !isLast, parts < 50 {
                try await board.deliver(Frame.want(request: hello.request, have: have))
                guard case .seed(hello.request, let deltas, let last)? = board.sent.last else {
                    Issue.record("no seed")
                    return
                }
                for delta in deltas {
                    #expect(delta.since == have[delta.epoch])
                    have.advance(delta.epoch, to: delta.upto)
                }
                paths.formUnion(deltas.flatMap(\.cells).map(\.path.text))
                (isLast, parts) = (last, parts + 1)
            }
            #expect(isLast)
            #expect(paths.isSuperset(of: (0..<20).map { "notes/\($0)" }))
            // Only the first part was news of a reset.
            #expect(try await board.events("hub.reset") == 1)
        }
    }

    /// Rows of a run that is over, which the hub has confirmed, are there alone: their number is
    /// all that is left to tell when it loses them.
    @Test func aResetSaysHowManyRowsOfEarlierRunsTheHubHad() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/attic", smoke)
            try await board.synchronize()
            try await board.advance(200)
            let alarm = try #require(board.sentBatches("alarm").last)
            try await board.deliver(
                .logAcknowledged(sequence: alarm.sequence, upto: alarm.last))
            try await board.advance(60_000)
        }
        try await AgentHarness.run(folder, seed: 2) { board in
            try await board.deliver(LinkEvent.connected)
            let hello = try #require(board.greetings.last)
            try await board.deliver(Frame.want(request: hello.request, have: CausalContext()))
            try await board.advance(200)
            let event = try #require(
                try await board.agent.rows("event").first { $0.key == "hub.reset" })
            #expect(event.value["rows_of_earlier_runs"]?["alarm"] == .int(1))
        }
    }

    @Test func whatWasConfirmedIsNotToldAgainByTheNextRun() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/attic", smoke)
            try await board.synchronize()
            try await board.answerUp()
        }
        try await AgentHarness.run(folder, seed: 2) { board in
            try await board.deliver(LinkEvent.connected)
            let hello = try #require(board.greetings.last)
            #expect(hello.reference?.epoch == board.session)
            #expect(hello.deltas.allSatisfy { $0.epoch == hello.epoch })
            #expect(hello.recent.counters.contains { $0.key != hello.epoch && $0.value > 1 })
        }
    }

    @Test func whatWasNotConfirmedIsToldAgainByTheNextRun() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/attic", smoke)
            try await board.synchronize()
            try await board.publish("zigbee2mqtt/cellar", smoke)
        }
        try await AgentHarness.run(folder, seed: 2) { board in
            try await board.deliver(LinkEvent.connected)
            let hello = try #require(board.greetings.last)
            let paths = Set(hello.deltas.flatMap(\.cells).map(\.path.text))
            #expect(paths.contains("reported/devices/cellar/smoke"))
        }
    }

    /// An answer that found the disk full is as if it had not come.
    @Test(arguments: StoreFailure.allCases)
    func anAnswerThatCouldNotBeStoredComesAgain(failure: StoreFailure) async throws {
        try await AgentHarness.run(folder) { board in
            try await board.synchronize()
            try await board.answerUp()
            let large = Value.string(String(repeating: "x", count: 12_000))
            let wish = try board.wish("desired/x", large)
            try await board.deliver(Frame.hint(hub: board.session))
            try await board.agent.begin(failure)
            try await board.answerUp([wish])
            #expect(try await board.value("desired/x") == nil)
            try await board.agent.end(failure)
            try await board.advance(120_000)
            let hello = try #require(board.greetings.last)
            #expect(board.greetings.count == 2)
            #expect(hello.recent[board.session] == 0)
            try await board.deliver(state: [wish], of: board.session, commit: 3)
            #expect(try await board.value("desired/x") == large)
        }
    }
}
