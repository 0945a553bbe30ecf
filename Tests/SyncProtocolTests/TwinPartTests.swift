import Platform
import SyncProtocol
import TestSupport
import Testing

/// Intervals that are cut to fit a small frame: each part joins by itself, and whoever is left with
/// some of them has lost nothing that it held.
@Suite struct TwinPartTests {
    /// Random histories of one kind in two replicas that have read each other, and a reader that
    /// has what the first had at some time.
    ///
    /// - Parameter alone: Only the first writes after a while, and nobody removes anything: what
    ///   takes a value's place is of one epoch.
    private static func run(
        _ name: String, _ kind: CellKind, alone: Bool,
        _ body: (inout SeededGenerator, TwinReplica, TwinReplica) throws -> Void
    ) throws {
        var generator = SeededGenerator.announced(for: "\(name)(\(kind))")
        for _ in 0..<100 {
            let (sender, other, reader) = (TwinReplica(2), TwinReplica(4), TwinReplica(6))
            let readAt = generator.number((alone ? 16 : 0)...30)
            for step in 0..<40 {
                let write = try generator.write(to: kind)
                let isRemoval =
                    switch write {
                    case .remove, .delete: true
                    default: false
                    }
                let isOthers = generator.number(0...2) == 0 && !(alone && step > 15)
                if alone && step == 16 { sender.pull(from: other) }
                if !alone || !isRemoval { try (isOthers ? other : sender).write(write) }
                if generator.number(0...5) == 0 { sender.pull(from: other) }
                if generator.number(0...5) == 0 { other.pull(from: sender) }
                if step == readAt { reader.pull(from: sender) }
            }
            sender.pull(from: other)
            try body(&generator, sender, reader)
        }
    }

    /// The next frame of about `bytes` for the reader, as a replica that holds all records cuts it.
    private static func frame(
        _ sender: TwinReplica, _ reader: TwinReplica, bytes: Int
    ) -> (deltas: [IntervalDelta], isMore: Bool) {
        let intervals = sender.context.sorted.filter { $0.counter > reader.context[$0.epoch] }.map {
            (epoch: $0.epoch, since: reader.context[$0.epoch], upto: $0.counter)
        }
        return sender.twin.deltas(intervals, bytes: bytes) { _ in 0 }
    }

    @Test(arguments: CellKind.all)
    func partsOfAnyLengthMakeTheWhole(kind: CellKind) throws {
        try Self.run("partsOfAnyLengthMakeTheWhole", kind, alone: false) {
            generator, sender, reader in
            var (frames, old): (Int, [IntervalDelta]) = (0, [])
            var isMore = true
            while isMore {
                let frame = Self.frame(sender, reader, bytes: generator.number(1...120))
                #expect(reader.join(frame.deltas))
                old += frame.deltas
                // The network brings some of them again.
                if let late = old.randomElement(using: &generator) { _ = reader.join([late]) }
                (isMore, frames) = (frame.isMore, frames + 1)
                guard frames < 500 else { break }
            }
            #expect(frames < 500)
            #expect(reader.content == sender.content)
        }
    }

    /// What was there and is there is there all the time: a part does not take ahead what the rest
    /// has to bring.
    @Test(arguments: [CellKind.multiValue, .addWinsSet])
    func noPartTakesWhatItsSuccessorsHaveToBring(kind: CellKind) throws {
        try Self.run("noPartTakesWhatItsSuccessorsHaveToBring", kind, alone: true) {
            generator, sender, reader in
            var isMore = true
            while isMore {
                let before = Self.values(reader)
                let frame = Self.frame(sender, reader, bytes: generator.number(1...60))
                #expect(reader.join(frame.deltas))
                #expect(before.isSubset(of: Self.values(reader)))
                isMore = frame.isMore
            }
        }
    }

    /// The notes that have a value, and the elements of the sets.
    private static func values(_ replica: TwinReplica) -> Set<[String]> {
        Set(
            replica.content.cells.map { cell in
                [cell.path.text] + (cell.kind == .addWinsSet ? ["\(cell.value)"] : [])
            })
    }

    /// What a record takes along may be in another epoch's interval: no frame ends between them.
    @Test func aFrameThatOwesWritesIsNotEnded() throws {
        let (writer, remover, reader) = (TwinReplica(4), TwinReplica(2), TwinReplica(6))
        for index in 0..<20 { try writer.write(.set(TwinPath("notes/n\(index)"), .int(1))) }
        remover.pull(from: writer)
        try remover.write(.delete(TwinPath("notes/n19")))
        let frame = Self.frame(remover, reader, bytes: 20)
        #expect(reader.join(frame.deltas))
        #expect(!frame.isMore && reader.content == remover.content)
    }
}
