import Platform
import SyncProtocol
import Testing

@testable import SQLiteStore

@Suite struct AgentStoreTests {
    @Test func anUnchangedReportWritesNothing() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        #expect(try store.write("reported/a", .int(1)).count == 1)
        #expect(try store.write("reported/a", .int(1)).isEmpty)
        #expect(try store.context() == CausalContext([epoch(1): 1]))
        #expect(try store.write("reported/a", .double(1)).count == 1)
        #expect(try store.cell("reported/a")?.stamp == 2)
        #expect(try store.context() == CausalContext([epoch(1): 2]))
    }

    @Test func twoSpellingsOfAReportAreAChange() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        try store.write("reported/a", .string("\u{E9}"))
        #expect(try store.write("reported/a", .string("e\u{301}")).count == 1)
    }

    /// A wish may have to win over another replica's, so it counts each time.
    @Test func anUnchangedWishIsAWriteOfItsOwn() throws {
        let store = try AgentStore(StoreFolder(), epoch: epoch(1))
        let first = try store.write("desired/a", .int(1))
        let second = try store.write("desired/a", .int(1), at: WallTime(milliseconds: 0))
        #expect(second.first.map { $0.wins(over: first[0]) } == true)
        #expect(second.first?.dot.counter == 2)
    }

    @Test func aCommitIsAllOrNothing() throws {
        let folder = try StoreFolder()
        let store = try AgentStore(folder, epoch: epoch(1))
        try store.append([row(1), row(2)])
        try store.write("desired/a", .int(1))
        let before = (
            store.totals, store.outbox.streams, store.clock, try store.context(),
            try store.document.cells()
        )
        try store.connection.execute(
            "CREATE TRIGGER stop BEFORE INSERT ON meta WHEN NEW.name='mark.last' "
                + "BEGIN SELECT RAISE(ABORT, 'stopped by the test'); END")
        var batch = AgentStore.Batch(now: now)
        batch.writes = [
            .init(.set(try TwinPath("desired/a"), .int(3))),
            .init(.set(try TwinPath("reported/b"), .int(2))),
        ]
        batch.rows = [
            .init(stream: "telemetry", priority: .telemetry, rows: [row(3)]),
            .init(stream: "alarm", priority: .alarm, rows: [row(1)]),
        ]
        batch.acknowledgements = [sequence("telemetry", epoch(1)): 2]
        batch.clock = BootClock(boot: BootID(rawValue: 1), offset: 5, quality: .plausible)
        batch.clockFloor = now
        batch.marks = ["last": 1]
        #expect(throws: SQLiteError.self) { try store.commit(batch) }
        #expect(store.totals == before.0)
        #expect(store.outbox.streams == before.1)
        #expect(store.clock == before.2)
        #expect(try store.context() == before.3)
        #expect(try store.document.cells() == before.4)
        #expect(try store.items(sequence("telemetry", epoch(1))).compactMap(\.number) == [1, 2])
        #expect(try store.clockFloor() == nil)

        // The next commit goes on where the last good one ended.
        try store.connection.execute("DROP TRIGGER stop")
        let cells = try store.commit(batch).changed
        #expect(cells.map(\.dot.counter) == [2, 3])
        #expect(
            try store.items(sequence("telemetry", epoch(1)), from: 3).compactMap(\.number) == [3])
        #expect(try store.items(sequence("alarm", epoch(1))).compactMap(\.number) == [1])
        #expect(try store.mark("last") == 1)
        #expect(try store.clockFloor() == now)
        #expect(store.totals.written == 4 && store.totals.acknowledged == 2)
    }

    @Test func aFullDiskLosesNothingAndTheStoreGoesOn() throws {
        let folder = try StoreFolder()
        let store = try AgentStore(folder, epoch: epoch(1))
        try store.append([row(1)])
        let totals = store.totals
        let pages = try store.connection.integer("PRAGMA page_count")
        try store.connection.execute("PRAGMA max_page_count=\(pages)")
        let error = #expect(throws: SQLiteError.self) {
            try store.append((2..<100).map { row($0, bytes: 1000) })
        }
        #expect(error?.kind == .full)
        #expect(store.totals == totals)
        try store.connection.execute("PRAGMA max_page_count=100000")
        try store.append([row(2)])
        #expect(try store.items(sequence("telemetry", epoch(1))).compactMap(\.number) == [1, 2])
    }

    @Test func whatWasCommittedIsThereAfterACrash() throws {
        let folder = try StoreFolder()
        let store = try AgentStore(folder, epoch: epoch(1))
        try store.write("desired/a", .int(1), at: WallTime(milliseconds: now.milliseconds + day))
        try store.append([row(1), row(2)])
        try store.acknowledge(sequence("telemetry", epoch(1)), upto: 1)
        try folder.copy("store.db", to: "crashed.db")
        let again = try AgentStore(folder, epoch: epoch(2), name: "crashed.db")
        #expect(try again.value("desired/a") == .int(1))
        #expect(try again.context() == CausalContext([epoch(1): 1]))
        #expect(again.totals == store.totals)
        #expect(again.clock == store.clock)
        // A new epoch: no dot and no sequence of the old one is continued.
        let cells = try again.write("desired/a", .int(2), at: now)
        #expect(cells.first?.dot == Dot(epoch: epoch(2), counter: 1))
        #expect(cells.first.map { $0.stamp > store.clock.latest.rawValue } == true)
        try again.append([row(3)])
        #expect(
            try again.items(sequence("telemetry", epoch(1)), from: 2).compactMap(\.number) == [2])
        #expect(try again.items(sequence("telemetry", epoch(2))).compactMap(\.number) == [3])
    }

    @Test func anUncleanStopIsNoticed() throws {
        let folder = try StoreFolder()
        let first = try AgentStore(folder, epoch: epoch(1))
        #expect(!first.wasUnclean)
        try first.append([row(1)])
        try folder.copy("store.db", to: "crashed.db")
        #expect(try AgentStore(folder, epoch: epoch(2), name: "crashed.db").wasUnclean)
        try first.close()
        try folder.copy("store.db", to: "closed.db")
        #expect(try !AgentStore(folder, epoch: epoch(2), name: "closed.db").wasUnclean)
    }

    @Test func anUncleanStopIsNoticedWhereTheFirstCommitFailed() throws {
        let folder = try StoreFolder()
        let store = try AgentStore(folder, epoch: epoch(1))
        // A deferred constraint fails at COMMIT itself, as a full disk does.
        try store.connection.execute(
            "PRAGMA foreign_keys=ON; CREATE TABLE parent(a PRIMARY KEY); "
                + "CREATE TABLE child(a REFERENCES parent DEFERRABLE INITIALLY DEFERRED); "
                + "CREATE TRIGGER stop BEFORE INSERT ON log BEGIN INSERT INTO child VALUES(1); END")
        #expect(throws: SQLiteError.self) { try store.append([row(1)]) }
        try store.connection.execute("DROP TRIGGER stop")
        try store.append([row(1)])
        try folder.copy("store.db", to: "crashed.db")
        #expect(try AgentStore(folder, epoch: epoch(2), name: "crashed.db").wasUnclean)
    }

    @Test func marksAndTheClockFloorAreKept() throws {
        let folder = try StoreFolder()
        do {
            let store = try AgentStore(folder, epoch: epoch(1))
            #expect(try store.mark("logs/web") == nil && store.clockFloor() == nil)
            var batch = AgentStore.Batch(now: now)
            batch.marks = ["logs/web": 4096, "logs/db": -1]
            batch.clockFloor = now
            _ = try store.commit(batch)
        }
        let store = try AgentStore(folder, epoch: epoch(2))
        #expect(try store.mark("logs/web") == 4096 && store.mark("logs/db") == -1)
        #expect(try store.clockFloor() == now)
    }

    /// The copy is what a board goes on with where its database is damaged.
    @Test func aCopyOfTheTwinOpensByItself() throws {
        let folder = try StoreFolder()
        let store = try AgentStore(folder, epoch: epoch(1))
        let reference = HubReference(epoch: hubEpoch(1), commit: 7)
        let delta = IntervalDelta(epoch: hubEpoch(1), since: 0, upto: 3, cells: [])
        #expect(
            try store.join(HubAnswer(deltas: [delta], reference: reference)) != nil)
        try store.write("desired/a", .int(1), at: WallTime(milliseconds: now.milliseconds + day))
        try store.append([row(1)])
        try store.copyTwin(to: folder.file("copy.db"))
        let copy = try AgentStore(folder, epoch: epoch(2), name: "copy.db")
        #expect(try copy.quickCheck() == [])
        #expect(try copy.document.cells() == store.document.cells())
        #expect(try copy.context() == store.context())
        #expect(try copy.hubReference() == reference)
        #expect(copy.clock == store.clock)
        #expect(copy.outbox.streams.isEmpty && copy.totals.written == 0 && !copy.wasUnclean)
    }

    /// The wire carries any 64 bits as a stamp; none may keep a board from starting.
    @Test func theHighestStampsFromAHubDoNotStopTheBoard() throws {
        let folder = try StoreFolder()
        let hub = hubEpoch(1)
        do {
            let store = try AgentStore(folder, epoch: epoch(1))
            let cells = try ["desired/a", "reported/a"].enumerated().map { number, path in
                Cell(
                    path: try TwinPath(path), dot: Dot(epoch: hub, counter: UInt64(number + 1)),
                    stamp: .max, value: .int(1))
            }
            let delta = IntervalDelta(epoch: hub, since: 0, upto: 2, cells: cells)
            let reference = HubReference(epoch: hub, commit: .max)
            #expect(
                try store.join(HubAnswer(deltas: [delta], reference: reference)) != nil)
            try store.write("reported/a", .int(2))
            try store.write("desired/a", .int(2))
        }
        let store = try AgentStore(folder, epoch: epoch(2))
        #expect(try store.hubReference() == HubReference(epoch: hub, commit: .max))
        #expect(store.clock.latest.rawValue == .max)
        #expect(try store.value("reported/a") == .int(2))
        try store.write("reported/a", .int(3))
    }
}
