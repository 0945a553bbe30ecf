import Platform
import SyncProtocol
import TestSupport
import Testing

/// The rules of a join one by one, where random histories would heal what a broken one did.
@Suite struct TwinJoinTests {
    /// The first part of an answer says that a write is gone, the next one what it lost to.
    @Test(arguments: ["config/k", "reported/k", "counters/k"])
    func whatOnlyYieldsToAWinnerStaysUntilItComes(text: String) throws {
        let (sender, receiver) = (TwinReplica(2), TwinReplica(4))
        let path = try TwinPath(text)
        let isCounter = path.kind == .counter
        try sender.write(isCounter ? .increment(path, by: 1) : .set(path, .int(1)))
        receiver.pull(from: sender)
        // Replaced by another epoch's write; a counter by a later one of the same.
        if !isCounter { sender.reopen(as: 8) }
        try sender.write(isCounter ? .increment(path, by: 1) : .set(path, .int(2)))
        let first = sender.twin.delta(Epoch(nonce: 2), since: 0, upto: 1, bytes: .max)
        #expect(first.cells.isEmpty)
        #expect(receiver.twin.join([first], keepsRemovals: false) == JoinOutcome())
        #expect(receiver.value(path) == .int(1))
        receiver.pull(from: sender)
        #expect(receiver.value(path) == .int(2))
    }

    /// Else the add, brought later by one who has not heard of the removal, would stay.
    @Test func aRemovalThatOvertakesItsAddWaits() throws {
        let (adder, remover, receiver) = (TwinReplica(2), TwinReplica(4), TwinReplica(6))
        let path = try TwinPath("sets/s")
        try adder.write(.add(path, .int(1)))
        remover.pull(from: adder)
        try remover.write(.remove(path, .int(1)))
        let removal = [remover.twin.delta(remover.epoch, since: 0, upto: 1, bytes: .max)]
        #expect(!receiver.join(removal))
        #expect(receiver.context.isEmpty)
        #expect(receiver.join(adder.missing()))
        #expect(receiver.join(removal))
        #expect(receiver.value(path) == nil)
    }

    /// Both in one frame are no gap, in either order.
    @Test func aRemovalMayComeWithItsAdd() throws {
        let (adder, remover) = (TwinReplica(2), TwinReplica(4))
        let path = try TwinPath("sets/s")
        try adder.write(.add(path, .int(1)))
        remover.pull(from: adder)
        try remover.write(.remove(path, .int(1)))
        for deltas in [remover.missing(), remover.missing().reversed()] {
            let receiver = TwinReplica(6)
            #expect(receiver.join(deltas))
            #expect(receiver.content == remover.content)
        }
    }

    /// A hub passes on what it found gone, as no record names it.
    @Test func whatWasDroppedIsTold() throws {
        let (sender, receiver) = (TwinReplica(2), TwinReplica(4))
        try sender.write(.add(TwinPath("sets/s"), .int(1)))
        try sender.write(.set(TwinPath("notes/n"), .int(2)))
        try sender.write(.set(TwinPath("config/k"), .int(3)))
        receiver.pull(from: sender)
        let nothing = IntervalDelta(epoch: sender.epoch, since: 0, upto: 3, cells: [])
        let outcome = receiver.twin.join([nothing], keepsRemovals: true)
        let dots = [1, 2].map { Dot(epoch: sender.epoch, counter: $0) }
        #expect(outcome?.dropped == dots && outcome?.removed.map(\.dot) == dots)
        #expect(outcome?.changed == [])
        #expect(receiver.twin.count == 1)
    }

    /// Who does not pass them on need not keep the records of others.
    @Test func recordsAreKeptWhereTheyAreAskedFor() throws {
        let sender = TwinReplica(2)
        let path = try TwinPath("sets/s")
        try sender.write(.add(path, .int(1)))
        try sender.write(.remove(path, .int(1)))
        for keeps in [true, false] {
            let receiver = TwinReplica(4)
            #expect(receiver.join(sender.missing(), keepsRemovals: keeps))
            #expect(
                receiver.twin.removals(sender.epoch, since: 0, upto: 9).count == (keeps ? 1 : 0))
        }
    }

    /// Of each kind the writes that it takes, and none for who may not write there.
    @Test func writesOfAnotherKindAreRefused() throws {
        let (device, hub) = (TwinReplica(2), TwinReplica(1))
        for kind in CellKind.all {
            let path = try TwinPath(SeededGenerator.prefix(kind) + "/a")
            let writes: [(TwinWrite, [CellKind])] = [
                (.set(path, .int(1)), [.singleWriter, .lastWriterWins, .multiValue]),
                (.add(path, .int(1)), [.addWinsSet]), (.remove(path, .int(1)), [.addWinsSet]),
                (.increment(path, by: 1), [.counter]), (.delete(path), CellKind.all),
            ]
            for (write, kinds) in writes {
                if kinds.contains(kind) {
                    try device.write(write)
                } else {
                    #expect(throws: TwinWriteFault.wrongKind(path)) { try device.write(write) }
                }
                guard kind == .singleWriter else { continue }
                #expect(throws: TwinWriteFault.notWritable(path)) { try hub.write(write) }
            }
        }
        #expect(hub.context.isEmpty)
    }

    /// What says nothing new is no write and takes no dot.
    @Test func whatSaysNothingNewIsNoWrite() throws {
        let replica = TwinReplica(2)
        try replica.write(.set(TwinPath("reported/k"), .int(1)))
        let before = replica.content
        try replica.write(.set(TwinPath("reported/k"), .int(1)))
        try replica.write(.delete(TwinPath("reported/none")))
        try replica.write(.remove(TwinPath("sets/s"), .int(1)))
        try replica.write(.delete(TwinPath("sets/s")))
        try replica.write(.delete(TwinPath("notes/n")))
        try replica.write(.delete(TwinPath("counters/c")))
        #expect(replica.content == before)
        // A wish is one all the same: it may have to win over another's.
        try replica.write(.set(TwinPath("config/k"), .int(1)))
        try replica.write(.set(TwinPath("config/k"), .int(1)))
        #expect(replica.context[replica.epoch] == 3)
    }
}
