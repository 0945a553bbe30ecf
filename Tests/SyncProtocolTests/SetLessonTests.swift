import Platform
import SyncProtocol
import TestSupport
import Testing

private let x = Value.string("x")
private let y = Value.string("y")

extension TwinReplica {
    fileprivate func add(_ element: Value) throws {
        try write(.add(TwinPath("sets/s"), element))
    }

    fileprivate func remove(_ element: Value) throws {
        try write(.remove(TwinPath("sets/s"), element))
    }

    /// The set's elements; empty where there is none.
    fileprivate var set: [Value] {
        get throws { try value("sets/s")?.arrayValue ?? [] }
    }

    /// The whole of the other, as a state-based merge has it.
    fileprivate func merge(_ other: TwinReplica) { join(other.missing()) }
}

private func replicas() -> (a: TwinReplica, b: TwinReplica, c: TwinReplica) {
    (TwinReplica(2), TwinReplica(4), TwinReplica(6))
}

/// Faults that other engines had with sets, as scenarios for ours.
@Suite struct SetLessonTests {
    // riak_dt pull request 78: what was removed came back, as no add had moved the clock since.
    @Test func riak78RemovedElementsLeaveOnMerge() throws {
        let (a, b, c) = replicas()
        try a.add(x)
        try a.add(y)
        try b.add(.int(1))
        c.merge(a)
        c.merge(b)
        try a.remove(y)
        a.merge(c)
        #expect(try a.set == [x, .int(1)])
        c.merge(a)
        #expect(try c.set == [x, .int(1)])
    }

    // riak_dt pull request 82: an element on both sides of a merge was held to be in the set.
    @Test func riak82AnElementOnBothSidesMayBeRemovedAllTheSame() throws {
        let (a, b, c) = replicas()
        try a.add(x)
        try b.add(x)
        c.merge(a)
        try a.remove(x)
        a.merge(b)
        try b.remove(x)
        let orders: [[TwinReplica]] = [
            [a, c, b], [c, a, b], [b, c, a], [c, b, a], [a, b, c], [b, a, c],
        ]
        for order in orders {
            let merged = TwinReplica(100)
            for replica in order { merged.merge(replica) }
            #expect(try merged.set == [])
        }
    }

    // riak_dt pull request 82: the flag, which is a set of one element, was true where both were.
    @Test func riak82AFlagIsOffOnceAllThatTurnedItOnWasSeen() throws {
        let (a, b, c) = replicas()
        try a.add(.bool(true))
        b.merge(a)
        try b.add(.bool(true))
        c.merge(b)
        try c.remove(.bool(true))
        for replica in [a, b] {
            replica.merge(c)
            #expect(try replica.set == [])
        }
        // Turned on at the same time as off: it is on.
        try a.add(.bool(true))
        b.merge(a)
        try b.remove(.bool(true))
        try a.add(.bool(true))
        a.merge(b)
        b.merge(a)
        #expect(try a.set == [.bool(true)] && b.set == [.bool(true)])
    }

    // riak_dt pull request 82: a map's field under which two replicas wrote while one removed it.
    @Test func riak82RemovingAFieldTakesOnlyWhatWasSeenOfIt() throws {
        let (a, b, _) = replicas()
        try a.add(x)
        b.merge(a)
        try b.add(y)
        try a.write(.delete(TwinPath("sets/s")))
        try a.add(.int(3))
        a.merge(b)
        b.merge(a)
        #expect(try Set(a.set) == [y, .int(3)] && a.set == b.set)
    }

    // riak_dt, non-commute-counter-example: merges in another order gave another result.
    @Test func riakMergesOfRemovedAndReaddedElementsCommute() throws {
        let (a, b, c) = replicas()
        try a.add(x)
        b.merge(a)
        try a.remove(x)
        try b.add(x)
        c.merge(b)
        try c.remove(x)
        try a.add(y)
        let all = [a, b, c]
        var results: Set<[Value]> = []
        for (first, second, third) in [
            (0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0),
        ] {
            let merged = TwinReplica(100)
            for index in [first, second, third] { merged.merge(all[index]) }
            results.insert(try merged.set)
        }
        #expect(results == [[y]])
    }

    // Found here by the oracle: a cell that replaced another in its slot was removed before a
    // third replica saw it, which then kept the first for good.
    @Test func aRemovalTakesAlongWhatTheRemovedCellHadReplaced() throws {
        for isNote in [false, true] {
            let (a, b, c) = replicas()
            let path = try TwinPath(isNote ? "notes/n" : "sets/s")
            let write = isNote ? TwinWrite.set(path, x) : .add(path, x)
            try a.write(write)
            c.pull(from: a)
            try a.write(write)
            b.pull(from: a)
            try b.write(.delete(path))
            c.pull(from: b)
            #expect(c.value(path) == nil)
            #expect(c.content == b.content)
        }
    }

    // riak_kv issue 679: a replica that lost its disk gave its first dots again, and what it wrote
    // was taken for what the others had long seen.
    @Test func kv679AWriteAfterALostDiskIsNotTakenForAnOldOne() throws {
        let (a, b, _) = replicas()
        for number in 0..<5 { try a.add(.int(Int64(number))) }
        b.merge(a)
        let wiped = TwinReplica(8)
        try wiped.add(x)
        b.merge(wiped)
        wiped.merge(b)
        #expect(try b.set.contains(x) && b.set.count == 6)
        #expect(try wiped.set == b.set)
    }

    // riak_kv issue 679 and OpenRiak riak_kv issue 47: the same with a backup put back.
    @Test func kv679WritesBeforeAndAfterARestoredBackupBothStay() throws {
        let (a, b, _) = replicas()
        try a.add(.int(1))
        let backup = a.copy(as: 10)
        try a.add(.int(2))
        b.merge(a)
        // Opened again, the backup has an epoch of its own and goes on beside the lost one.
        try backup.add(.int(3))
        b.merge(backup)
        backup.merge(b)
        #expect(try b.set == [.int(1), .int(2), .int(3)] && backup.set == b.set)
    }

    // riak_kv issue 679, "doomstone": an old removal that was still on its way took a new value.
    @Test func kv679ALateRemovalDoesNotTakeWhatWasAddedSince() throws {
        let (a, b, _) = replicas()
        try a.add(x)
        b.merge(a)
        try b.remove(x)
        let removal = b.missing(at: a.context)
        a.join(removal)
        try a.add(x)
        a.join(removal)
        b.join(removal)
        b.pull(from: a)
        #expect(try a.set == [x] && b.set == [x])
    }

    // Pekko ORSetSpec: an add that the remover had not seen survives; one that it had does not.
    @Test func pekkoAConcurrentAddWinsOverARemove() throws {
        let (a, b, c) = replicas()
        try a.add(x)
        b.merge(a)
        c.merge(a)
        try b.remove(x)
        try c.add(x)
        for (first, second) in [(b, c), (c, b)] {
            let merged = first.copy()
            merged.merge(second)
            #expect(try merged.set == [x])
        }
        b.merge(c)
        try b.remove(x)
        c.merge(b)
        #expect(try b.set == [] && c.set == [])
    }

    // Pekko ORSetSpec: a set emptied at once, while others add.
    @Test func pekkoEmptyingASetLeavesWhatItHadNotSeen() throws {
        let (a, b, _) = replicas()
        for number in 0..<4 { try a.add(.int(Int64(number))) }
        b.merge(a)
        try b.write(.delete(TwinPath("sets/s")))
        try a.add(.int(2))
        try a.add(.int(9))
        a.merge(b)
        b.merge(a)
        #expect(try a.set == [.int(2), .int(9)] && b.set == a.set)
    }

    // Pekko ORSetSpec, deltas: one that overtakes another is not to be applied without it.
    @Test func pekkoADeltaThatOvertakesAnotherWaits() throws {
        let (a, b, _) = replicas()
        try a.add(x)
        let first = a.missing()
        try a.remove(x)
        try a.add(y)
        let second = a.missing(at: CausalContext([a.epoch: 1]))
        #expect(!b.join(second))
        #expect(try b.set == [])
        #expect(b.join(first) && b.join(second) && b.join(first))
        #expect(try b.set == [y])
    }

    // Pekko PruningStateSpec, and its manual on durable nodes: what a node that is gone wrote stays,
    // and what was removed does not come back with a node that was away for long.
    @Test func pekkoANodeThatIsGoneIsNotForgotten() throws {
        let (a, b, away) = replicas()
        try a.add(x)
        try a.add(y)
        b.merge(a)
        away.merge(a)
        // a never comes back; its dots are known for ever, so no removal needs it.
        try b.remove(x)
        for epoch in stride(from: UInt64(20), to: 60, by: 2) {
            b.reopen(as: epoch)
            try b.add(.int(Int64(epoch)))
        }
        away.merge(b)
        b.merge(away)
        #expect(try !b.set.contains(x) && !away.set.contains(x))
        #expect(try b.set.contains(y) && b.set.count == 21 && away.set == b.set)
    }

    // Ditto: a device that was away for longer than tombstones are kept brought deletions back.
    @Test func dittoNothingComesBackAfterItsRemovalIsForgotten() throws {
        let (hub, other, away) = replicas()
        try other.add(x)
        try other.add(y)
        hub.merge(other)
        away.merge(other)
        try hub.remove(x)
        // The hub has collected its records: whoever needs one gets the whole without them.
        let whole = hub.missing().map {
            IntervalDelta(epoch: $0.epoch, since: $0.since, upto: $0.upto, cells: $0.cells)
        }
        #expect(away.join(whole))
        #expect(try away.set == [y])
        hub.merge(away)
        #expect(try hub.set == [y])
    }

    // cr-sqlite, Corrosion pull request 352: two deleted one row, and a third never heard of it.
    @Test func crsqlite352WhatTwoDeletedIsGoneForTheThird() throws {
        for isFirst in [true, false] {
            let (a, b, c) = replicas()
            try a.add(x)
            try a.write(.set(TwinPath("config/k"), x))
            b.pull(from: a)
            c.pull(from: a)
            for replica in [a, b] {
                try replica.remove(x)
                try replica.write(.delete(TwinPath("config/k")))
            }
            a.pull(from: b)
            b.pull(from: a)
            #expect(a.content == b.content)
            // It hears of both from one of them alone.
            c.pull(from: isFirst ? a : b)
            #expect(try c.set == [] && c.value("config/k") == nil)
            #expect(c.content == a.content)
        }
    }

    // cr-sqlite, test_cl_merging: rows deleted and made again by turns, states arriving late.
    @Test func crsqliteDeletedAndMadeAgainByTurns() throws {
        let (a, b, late) = replicas()
        var states: [[IntervalDelta]] = []
        for round in 0..<6 {
            let (writer, reader) = round % 2 == 0 ? (a, b) : (b, a)
            try writer.add(x)
            states.append(writer.missing())
            reader.pull(from: writer)
            try reader.remove(x)
            states.append(reader.missing())
            writer.pull(from: reader)
        }
        #expect(try a.set == [] && b.set == [])
        for state in states.reversed() { #expect(late.join(state)) }
        #expect(late.content == a.content)
        // Made again on one side while the other deletes once more what both had: it is there.
        try a.add(x)
        b.pull(from: a)
        try a.add(x)
        try b.remove(x)
        for replica in [a, b, late] {
            for other in [a, b, late] { replica.pull(from: other) }
            #expect(try replica.set == [x])
        }
    }
}
