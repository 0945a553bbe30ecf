import Platform
import SyncProtocol
import Testing

@testable import SQLiteStore

private let hub = hubEpoch(1)

private func delta(_ epoch: Epoch, upto: UInt64, _ cells: [Cell] = []) -> IntervalDelta {
    IntervalDelta(epoch: epoch, since: 0, upto: upto, cells: cells)
}

extension AgentStore {
    /// Rows that were written to the database since it was opened.
    fileprivate func changes() throws -> Int64 {
        try connection.integer("SELECT total_changes()")
    }
}

@Suite struct AgentSyncTests {
    /// A board that is idle hears its hub's commit numbers all day.
    @Test func acknowledgementsWithoutNewsCostNoWrite() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        let reference = HubReference(epoch: hub, commit: 3)
        #expect(try store.join(HubAnswer(deltas: [], reference: reference)) != nil)
        let changes = try store.changes()
        for commit in 4...9 as ClosedRange<UInt64> {
            let later = HubReference(epoch: hub, commit: commit)
            #expect(try store.join(HubAnswer(deltas: [], reference: later)) == JoinOutcome())
        }
        #expect(try store.join(HubAnswer(deltas: [])) == JoinOutcome())
        #expect(try store.changes() == changes)
        #expect(try store.hubReference() == reference)
        // Another opening of the hub's store is worth one: it may not know the one before.
        let other = HubReference(epoch: hubEpoch(2), commit: 1)
        #expect(try store.join(HubAnswer(deltas: [], reference: other)) != nil)
        #expect(try store.hubReference() == other)
    }

    /// Where a part was lost on the way, what came is kept but the hub's state is not reached.
    @Test func theReferenceWaitsForAllPartsOfAnAnswer() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        let reference = HubReference(epoch: hub, commit: 3)
        var answer = HubAnswer(deltas: [delta(hub, upto: 2)], reference: reference)
        answer.complete = CausalContext([hub: 2, hubEpoch(2): 1])
        #expect(try store.join(answer) != nil)
        #expect(try store.hubReference() == nil && store.context() == CausalContext([hub: 2]))
        #expect(try store.join(HubAnswer(deltas: [delta(hubEpoch(2), upto: 1)])) != nil)
        #expect(try store.join(answer) != nil)
        #expect(try store.hubReference() == reference)
    }

    /// Sixteen are told; with the reference they say what is missing.
    @Test func theEpochsThatMovedLastAreTheRecentOnes() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        for number in 1...40 as ClosedRange<UInt64> {
            #expect(try store.join(HubAnswer(deltas: [delta(hubEpoch(number), upto: 1)])) != nil)
        }
        #expect(try store.join(HubAnswer(deltas: [delta(hubEpoch(2), upto: 5)])) != nil)
        var expected = Dictionary(
            uniqueKeysWithValues: (26...40 as ClosedRange<UInt64>).map {
                (hubEpoch($0), UInt64(1))
            })
        expected[hubEpoch(2)] = 5
        #expect(try store.recent() == CausalContext(expected))
        #expect(try store.recent(limit: 1) == CausalContext([hubEpoch(2): 5]))
        #expect(try store.recent("site/a").isEmpty)
    }

    /// The hub takes what is not recent for seen at the reference: a copy must name the same.
    @Test func aCopyOfTheTwinHasTheSameRecentEpochs() throws {
        let folder = try StoreFolder()
        let store = try AgentStore(folder, epoch: epoch(1))
        for number in (1...40 as ClosedRange<UInt64>).reversed() {
            #expect(try store.join(HubAnswer(deltas: [delta(hubEpoch(number), upto: 1)])) != nil)
        }
        try store.copyTwin(to: folder.file("copy.db"))
        let copy = try AgentStore(folder, epoch: epoch(2), name: "copy.db")
        #expect(try copy.recent() == store.recent())
    }

    /// Also what a copy, as a damaged database's stand-in, has to tell of the openings before it.
    @Test func aCopyOfTheTwinKnowsWhatIsNotConfirmed() throws {
        let folder = try StoreFolder()
        let set = try TwinPath("sets/a")
        do {
            let store = try AgentStore(folder, epoch: epoch(1))
            try store.write([.add(set, .int(1)), .increment(try TwinPath("counters/a"), by: 5)])
        }
        let store = try AgentStore(folder, epoch: epoch(2))
        try store.write([.remove(set, .int(1)), .set(try TwinPath("notes/a"), .int(1))])
        var batch = AgentStore.Batch(now: now)
        batch.confirmed[AgentStore.own] = AgentStore.Confirmation(
            context: CausalContext([epoch(1): 1]), reference: HubReference(epoch: hub, commit: 1))
        _ = try store.commit(batch)
        try store.copyTwin(to: folder.file("copy.db"))
        let copy = try AgentStore(folder, epoch: epoch(3), name: "copy.db")
        #expect(try copy.confirmed() == store.confirmed())
        let (ours, theirs) = (
            try copy.unconfirmed(copy.confirmed(), bytes: 1 << 20).deltas,
            try store.unconfirmed(store.confirmed(), bytes: 1 << 20).deltas
        )
        #expect(ours == theirs && ours.flatMap(\.removals).count == 1)
    }

    @Test func writesOfOneCommitGoByPathUnderOneStamp() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        let committed = try store.write([
            .set(try TwinPath("desired/c"), .int(1)), .set(try TwinPath("desired/a"), .int(1)),
            .set(try TwinPath("desired/b"), .int(1)), .set(try TwinPath("desired/a"), .int(2)),
        ])
        let cells = try store.document.cells()
        #expect(cells.map(\.path.text) == ["desired/a", "desired/b", "desired/c"])
        #expect(cells.map(\.dot.counter) == [2, 3, 4])
        // The later of two writes to one path is the one that stays.
        #expect(cells.first?.value == .int(2))
        #expect(Set(cells.dropFirst().map(\.stamp)).count == 1)
        #expect(committed.documents == [AgentStore.own] && committed.refused.isEmpty)
    }

    @Test func aWriteThatIsNoneDoesNotStopTheOthers() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        let (set, counter) = (try TwinPath("sets/a"), try TwinPath("counters/a"))
        let committed = try store.write([
            .set(set, .int(1)), .add(counter, .int(1)), .increment(counter, by: .max),
            .increment(counter, by: 1), .add(set, .int(2)),
        ])
        #expect(committed.refused == [.wrongKind(counter), .overflow(counter), .wrongKind(set)])
        #expect(committed.changed.map(\.value) == [.int(.max), .int(2)])
        // Nothing new, nothing to tell.
        let idle = try store.write([.remove(set, .int(9)), .delete(try TwinPath("notes/a"))])
        #expect(idle.documents.isEmpty && idle.changed.isEmpty && idle.removed.isEmpty)
        #expect(try store.context() == CausalContext([epoch(1): 2]))
    }

    @Test func aSharedDocumentHasItsOwnDotsReferenceAndConfirmation() throws {
        let folder = try StoreFolder()
        let site = "site/a"
        let note = try TwinPath("notes/a")
        do {
            let store = try AgentStore(folder, epoch: epoch(1))
            try store.write([.set(note, .int(1)), .set(note, .int(2))])
            var batch = AgentStore.Batch(now: now)
            batch.writes = [AgentStore.Write(.set(note, .int(3)), document: site)]
            batch.confirmed[site] = AgentStore.Confirmation(
                context: CausalContext([epoch(1): 1]),
                reference: HubReference(epoch: hub, commit: 9))
            #expect(try store.commit(batch).documents == [site])
        }
        let store = try AgentStore(folder, epoch: epoch(2))
        #expect(
            try store.twin.document(site).cells().map(\.dot) == [Dot(epoch: epoch(1), counter: 1)])
        #expect(try store.hubReference(site) == HubReference(epoch: hub, commit: 9))
        #expect(try store.hubReference() == nil)
        #expect(try store.confirmed(site) == CausalContext([epoch(1): 1]))
        #expect(try store.confirmed().isEmpty)
        #expect(try store.unconfirmed(CausalContext(), bytes: 99).deltas.map(\.upto) == [2])
        let answer = HubAnswer(deltas: [delta(hub, upto: 3)])
        #expect(try store.join(answer, document: site) != nil)
        #expect(try store.twin.document(site).seen(hub) == 3 && store.document.seen(hub) == 0)
    }
}
