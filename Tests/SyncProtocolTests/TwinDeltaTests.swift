import Platform
import SyncProtocol
import Testing

/// How much of what a replica has goes into one frame.
@Suite struct TwinDeltaTests {
    private static func intervals(
        _ replica: TwinReplica
    ) -> [(epoch: Epoch, since: UInt64, upto: UInt64)] {
        replica.context.sorted.map { (epoch: $0.epoch, since: 0, upto: $0.counter) }
    }

    /// Several epochs, each of some writes with long values.
    private static func replica(epochs: Int, writes: Int, bytes: Int) throws -> TwinReplica {
        let replica = TwinReplica(2)
        for epoch in 0..<epochs {
            replica.reopen(as: UInt64(2 + 2 * epoch))
            for index in 0..<writes {
                let text = String(repeating: "x", count: bytes)
                try replica.write(.set(TwinPath("config/k\(epoch)-\(index)"), .string(text)))
            }
        }
        return replica
    }

    /// Where records were collected only the whole tells what is gone: an answer ends between two
    /// epochs, not within one.
    @Test func anEpochWhoseRecordsAreGoneIsNotCut() throws {
        let replica = try Self.replica(epochs: 3, writes: 20, bytes: 100)
        let (deltas, isMore) = replica.twin.deltas(Self.intervals(replica), bytes: 500)
        #expect(deltas.map(\.upto) == [20] && isMore)
        let (all, isRest) = replica.twin.deltas(Self.intervals(replica), bytes: 1 << 20)
        #expect(all.map(\.upto) == [20, 20, 20] && !isRest)
    }

    /// One that no frame would hold is cut where it must be, and each part is a frame.
    @Test func anEpochTooLongForAFrameIsCut() throws {
        let replica = try Self.replica(epochs: 1, writes: 12, bytes: 100_000)
        var (since, parts): (UInt64, Int) = (0, 0)
        while since < 12 {
            let (deltas, isMore) = replica.twin.deltas(
                [(epoch: Epoch(nonce: 2), since: since, upto: 12)], bytes: 1000)
            let part = try #require(deltas.first)
            #expect(deltas.count == 1 && part.since == since && part.upto > since)
            #expect(isMore == (part.upto < 12))
            let frame = Frame.seed(request: 1, deltas: deltas, isLast: !isMore)
            var (device, hub) = frame.ends(in: .blank(Epoch(nonce: 2)))
            let bytes = device.write(frame)
            #expect(bytes.count <= FrameBounds.interval + 1000)
            #expect(try hub.read(bytes) == frame)
            (since, parts) = (part.upto, parts + 1)
        }
        #expect(parts == 3)
    }

    /// However long a write is, it goes: else nothing after it ever would.
    @Test func atLeastOneWriteIsInADelta() throws {
        let replica = try Self.replica(epochs: 1, writes: 3, bytes: 5000)
        for since: UInt64 in 0..<3 {
            let delta = replica.twin.delta(Epoch(nonce: 2), since: since, upto: 3, bytes: 10)
            #expect(delta.upto == since + 1 && delta.cells.count == 1)
        }
        // Counters without a write take nothing.
        let sparse = TwinReplica(2)
        for _ in 0..<50 { try sparse.write(.set(TwinPath("config/k"), .int(1))) }
        let delta = sparse.twin.delta(Epoch(nonce: 2), since: 0, upto: 50, bytes: 10)
        #expect(delta.upto == 50 && delta.cells.count == 1)
    }

    /// A write's cell and its record are one, however little room there is.
    @Test func aWriteIsNotParted() throws {
        let (adder, replica) = (TwinReplica(4), TwinReplica(2))
        for index in 0..<5 {
            try adder.write(.set(TwinPath("notes/n\(index)"), .int(1)))
        }
        replica.pull(from: adder)
        for index in 0..<5 {
            try replica.write(.set(TwinPath("notes/n\(index)"), .int(2)))
        }
        for since: UInt64 in 0..<5 {
            let delta = replica.twin.delta(Epoch(nonce: 2), since: since, upto: 5, bytes: 1)
            #expect(delta.cells.map(\.dot) == delta.removals.map(\.dot))
            #expect(delta.cells.count == 1)
        }
    }
}
