import Platform
import SyncProtocol
import Testing

@testable import SQLiteStore

private func cell(
    _ path: String, _ epoch: Epoch, _ counter: UInt64, _ value: Value = .int(1)
) throws -> Cell {
    Cell(
        path: try TwinPath(path), dot: Dot(epoch: epoch, counter: counter), stamp: counter,
        value: value)
}

extension HubStore {
    fileprivate func put(_ cells: [Cell], in name: String = board) throws {
        try write { () throws(SQLiteError) in
            let document = twin.document(name)
            for cell in cells {
                try document.put(cell)
                try document.advance(cell.dot.epoch, to: cell.dot.counter)
            }
        }
    }
}

@Suite struct TwinTablesTests {
    /// An epoch's number is given again where the transaction that gave it failed. What memory
    /// has of it must go, or one epoch's writes are another's after the next start.
    @Test func aFailedTransactionTakesTheNumbersOfItsEpochsBack() throws {
        let folder = try StoreFolder()
        let store = try HubStore(folder)
        let document = store.twin.document(board)
        #expect(throws: stop) {
            try store.write { () throws(SQLiteError) in
                try document.advance(epoch(1), to: 3)
                try document.keep(
                    Removal(
                        dot: Dot(epoch: epoch(2), counter: 1),
                        removed: [Dot(epoch: epoch(3), counter: 1)]))
                throw stop
            }
        }
        #expect(try document.causalContext().isEmpty)
        #expect(try document.seen(epoch(1)) == 0)

        let cells = try [epoch(4), epoch(5), epoch(6)].map { try cell("sets/a", $0, 1) }
        for cell in cells { try store.put([cell]) }
        let kept = Removal(dot: Dot(epoch: epoch(6), counter: 2), removed: cells.map(\.dot))
        try store.write { () throws(SQLiteError) in try document.keep(kept) }
        for store in [store, try HubStore(folder, epoch: hubEpoch(2))] {
            let document = store.twin.document(board)
            #expect(try Set(document.cells()) == Set(cells))
            #expect(try document.removals(epoch(6), since: 0, upto: 9) == [kept])
            #expect(
                try document.causalContext()
                    == CausalContext([epoch(4): 1, epoch(5): 1, epoch(6): 1]))
        }
    }

    @Test func aFailedCommitOfTheBoardGivesItsNumbersBackToo() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        #expect(throws: stop) {
            try store.write { () throws(SQLiteError) in
                try store.document.advance(hubEpoch(1), to: 4)
                throw stop
            }
        }
        try store.write([.add(try TwinPath("sets/a"), .int(1))])
        #expect(try store.context() == CausalContext([epoch(1): 1]))
        store.twin.forget()
        #expect(try store.context() == CausalContext([epoch(1): 1]))
        #expect(try store.document.cells().map(\.dot) == [Dot(epoch: epoch(1), counter: 1)])
    }

    /// The epochs of a few documents are in memory; the others' are read when they are asked for.
    @Test func documentsBeyondThoseInMemoryAreReadAgain() throws {
        let store = try HubStore(StoreFolder())
        let names = (0..<TwinTables.documentsInMemory * 2 + 3).map { "site/\($0)" }
        for round in 1...2 as ClosedRange<UInt64> {
            for (number, name) in names.enumerated() {
                try store.put(
                    [try cell("notes/a", epoch(UInt64(number) + round), 1)], in: name)
            }
        }
        for (number, name) in names.enumerated() {
            let epochs = [epoch(UInt64(number) + 1), epoch(UInt64(number) + 2)]
            let document = store.twin.document(name)
            #expect(try Set(document.cells().map(\.dot.epoch)) == Set(epochs))
            #expect(
                try document.causalContext()
                    == CausalContext([epochs[0]: 1, epochs[1]: 1]), "\(name)")
        }
    }

    @Test func whatMovedAfterACommitIsFoundByItsNumber() throws {
        let store = try HubStore(StoreFolder())
        let document = store.twin.document(board)
        try store.put([try cell("desired/a", epoch(1), 1)])
        let first = store.commit
        try store.put([try cell("desired/b", epoch(2), 4), try cell("desired/c", hubEpoch(1), 2)])
        let second = store.commit
        // Another document's writes, and nothing new, move nothing.
        try store.put([try cell("desired/a", epoch(3), 1)], in: "site/a")
        try store.write { () throws(SQLiteError) in try document.advance(epoch(2), to: 4) }
        func moved(_ sequence: UInt64) throws -> [Dot] {
            try document.epochs(movedAfter: sequence).map {
                Dot(epoch: $0.epoch, counter: $0.counter)
            }
        }
        let late = [Dot(epoch: hubEpoch(1), counter: 2), Dot(epoch: epoch(2), counter: 4)].sorted()
        #expect(try moved(first) == late)
        #expect(try moved(second).isEmpty)
        #expect(try moved(0) == (late + [Dot(epoch: epoch(1), counter: 1)]).sorted())
        try store.put([try cell("desired/d", epoch(1), 2)])
        #expect(try moved(second) == [Dot(epoch: epoch(1), counter: 2)])
        // The same from the rows.
        store.twin.forget()
        #expect(try moved(second) == [Dot(epoch: epoch(1), counter: 2)])
    }

    @Test func aDocumentThatIsRemovedIsGoneAndNoOther() throws {
        let store = try HubStore(StoreFolder())
        for name in [board, "site/a"] { try store.put([try cell("sets/a", epoch(1), 1)], in: name) }
        try store.write { () throws(SQLiteError) in try store.twin.remove(board) }
        #expect(try store.twin.document(board).cells().isEmpty)
        #expect(try store.twin.document(board).causalContext().isEmpty)
        #expect(try store.twin.document("site/a").count() == 1)
        // Numbers begin anew, and stand for others.
        try store.put([try cell("sets/a", epoch(9), 1)])
        store.twin.forget()
        #expect(try store.twin.document(board).cells().map(\.dot.epoch) == [epoch(9)])
    }
}

@Suite struct RemovalRecordTests {
    private let set: TwinPath

    init() throws { set = try TwinPath("sets/a") }

    /// A board whose second opening takes back what the first had put.
    private func removing(_ folder: StoreFolder) throws -> AgentStore {
        do {
            let first = try AgentStore(folder, epoch: epoch(1))
            try first.write([.add(set, .int(1)), .add(set, .int(2)), .add(set, .int(3))])
        }
        let store = try AgentStore(folder, epoch: epoch(2))
        try store.write([.remove(set, .int(1))])
        try store.write([.remove(set, .int(2))])
        return store
    }

    private func confirm(
        _ store: AgentStore, _ counters: [Epoch: UInt64], commit: UInt64 = 1
    ) throws {
        var batch = AgentStore.Batch(now: now)
        batch.confirmed[AgentStore.own] = AgentStore.Confirmation(
            context: CausalContext(counters),
            reference: HubReference(epoch: hubEpoch(1), commit: commit))
        _ = try store.commit(batch)
    }

    @Test func aBoardKeepsItsRecordsUntilTheHubHasThem() throws {
        let folder = try StoreFolder()
        let store = try removing(folder)
        let records = try store.document.removals(epoch(2), since: 0, upto: 9)
        #expect(records.map(\.dot.counter) == [1, 2])
        #expect(
            records.map(\.removed)
                == [[Dot(epoch: epoch(1), counter: 1)], [Dot(epoch: epoch(1), counter: 2)]])
        let (deltas, _) = try store.unconfirmed(CausalContext(), bytes: 1 << 20)
        #expect(deltas.flatMap(\.removals) == records)

        try confirm(store, [epoch(1): 3, epoch(2): 1])
        #expect(try store.document.removals(epoch(2), since: 0, upto: 9) == [records[1]])
        let confirmed = try store.confirmed()
        #expect(confirmed == CausalContext([epoch(1): 3, epoch(2): 1]))
        let rest = try store.unconfirmed(confirmed, bytes: 1 << 20).deltas
        #expect(rest.flatMap(\.removals) == [records[1]] && rest.flatMap(\.cells).isEmpty)
        #expect(rest.map(\.since) == [1])

        try confirm(store, [epoch(1): 3, epoch(2): 2], commit: 2)
        #expect(try store.connection.integer("SELECT count(*) FROM removal") == 0)
        let again = try AgentStore(folder, epoch: epoch(3))
        #expect(try again.confirmed() == CausalContext([epoch(1): 3, epoch(2): 2]))
        #expect(try again.unconfirmed(again.confirmed(), bytes: 1 << 20).deltas.isEmpty)
        #expect(try again.hubReference() == HubReference(epoch: hubEpoch(1), commit: 2))
    }

    /// An older confirmation, or one of writes that are not this board's, takes nothing back.
    @Test func confirmationsOnlyGrowAndOnlyOfTheBoardsOwn() throws {
        let store = try removing(StoreFolder())
        try confirm(store, [epoch(1): 3, epoch(2): 2])
        try confirm(store, [epoch(1): 1, epoch(9): 7, hubEpoch(1): 7])
        #expect(try store.confirmed() == CausalContext([epoch(1): 3, epoch(2): 2]))
    }

    @Test func aFailedCommitConfirmsNothing() throws {
        let store = try removing(StoreFolder())
        try store.connection.execute(
            "CREATE TRIGGER stop BEFORE INSERT ON meta WHEN NEW.name='hub.commit' "
                + "BEGIN SELECT RAISE(ABORT, 'stopped by the test'); END")
        #expect(throws: SQLiteError.self) { try confirm(store, [epoch(1): 3, epoch(2): 2]) }
        #expect(try store.confirmed().isEmpty)
        #expect(try store.document.removals(epoch(2), since: 0, upto: 9).count == 2)
    }

    /// Others' records have done their work once they are joined: a board passes none on.
    @Test func aBoardKeepsNoRecordsOfOthers() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        try store.write([.add(set, .int(1))])
        let record = Removal(
            dot: Dot(epoch: hubEpoch(1), counter: 1), removed: [Dot(epoch: epoch(1), counter: 1)])
        let delta = IntervalDelta(
            epoch: hubEpoch(1), since: 0, upto: 1, cells: [], removals: [record])
        let outcome = try store.join(HubAnswer(deltas: [delta]))
        #expect(outcome?.removed.map(\.dot) == record.removed)
        #expect(try store.document.cells().isEmpty)
        #expect(try store.connection.integer("SELECT count(*) FROM removal") == 0)
    }

    /// A hub keeps so many. Who has not seen what went, gets everything: the floor says so.
    @Test func aHubCollectsTheOldestAndRaisesTheFloor() throws {
        let store = try HubStore(StoreFolder())
        let document = store.twin.document(board)
        func keep(_ epoch: Epoch, _ counters: ClosedRange<UInt64>) throws {
            for counter in counters {
                try store.write { () throws(SQLiteError) in
                    let dot = Dot(epoch: epoch, counter: counter)
                    try document.keep(
                        Removal(dot: dot, removed: [Dot(epoch: hubEpoch(9), counter: counter)]))
                    try document.advance(epoch, to: counter)
                }
            }
        }
        func collect(_ maximum: Int64) throws {
            try store.write { () throws(SQLiteError) in
                try document.collectRemovals(maximum: maximum)
            }
        }
        func floors() throws -> [Epoch: UInt64] {
            let entries = try document.epochs(movedAfter: 0).filter { $0.floor > 0 }
            return Dictionary(uniqueKeysWithValues: entries.map { ($0.epoch, $0.floor) })
        }
        func held(_ epoch: Epoch) throws -> [UInt64] {
            try document.removals(epoch, since: 0, upto: 99).map(\.dot.counter)
        }
        try keep(epoch(2), 1...4)
        try keep(epoch(1), 1...4)
        try collect(8)
        #expect(try floors().isEmpty && held(epoch(2)).count == 4)
        try collect(6)
        // Down to half of the bound at once, in the order of their arrival.
        #expect(try held(epoch(2)) == [] && held(epoch(1)) == [2, 3, 4])
        #expect(try floors() == [epoch(2): 4, epoch(1): 1])
        // Another document's records are another's.
        try keep(epoch(2), 5...7)
        try store.write { () throws(SQLiteError) in
            try store.twin.document("site/a").collectRemovals(maximum: 0)
        }
        #expect(try held(epoch(2)) == [5, 6, 7])
        store.twin.forget()
        #expect(try floors() == [epoch(2): 4, epoch(1): 1])
    }
}
