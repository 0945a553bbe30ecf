import Platform
import SQLiteStore
import SyncModel
import SyncProtocol

/// Judges a run of the engine that has come to rest.
struct EngineOracle {
    let world: EngineWorld
    let list: ActionList

    /// The first thing that is wrong, or nil.
    func fault() throws -> String? {
        let view = try world.hubView
        for (index, board) in world.boards.enumerated() {
            let other = try EngineView(board.twin)
            if other != view { return "board \(index) has \(other), the hub \(view)" }
        }
        return try world.history.fault(in: view) ?? wrongBounds() ?? wrongLog() ?? wrongEvents()
    }

    private func wrongBounds() throws -> String? {
        for (index, board) in world.boards.enumerated() {
            let kept = try Self.removals(board.twin)
            if kept > 0 { return "board \(index) keeps \(kept) removals at rest" }
        }
        let name = world.hub.name(EngineBoard.key(.first))
        let kept = try Self.removals(world.hub.store.twin.document(name))
        guard kept <= list.removalsKept else { return "the hub keeps \(kept) removals" }
        let latest = world.hub.store.clock.latest.wall.milliseconds - EngineTime.start
        guard latest <= Int64(world.facts.hubTimeMax + EngineWorld.drift + 1) else {
            return "the hub's clock was dragged to \(latest)"
        }
        return nil
    }

    private static func removals(_ twin: TwinDocument) throws -> Int {
        try twin.causalContext().counters.keys.reduce(0) { sum, epoch in
            try sum + twin.removals(epoch, since: 0, upto: UInt64(Int64.max)).count
        }
    }

    private func wrongLog() throws -> String? {
        guard world.facts.numbersGivenTwice == 0 else { return "a row's number was given twice" }
        let device = EngineBoard.key(.first)
        var next: [LogSequence: UInt64] = [:]
        for entry in try world.hub.store.log.page(device, stream: nil, after: 0, limit: .max) {
            let sequence = entry.sequence
            guard entry.first == next[sequence] ?? 1 else {
                return "\(sequence.epoch.text) goes on at \(entry.first)"
            }
            switch entry.item {
            case .row(let row):
                next[sequence] = entry.first + 1
                guard let value = world.facts.rows[sequence]?[entry.first],
                    row.value == .int(Int64(value))
                else { return "row \(entry.first) of \(sequence.epoch.text) is another" }
            case .gap(let gap):
                next[sequence] = gap.last + 1
                if let fault = wrong(gap) { return "\(fault) of \(sequence.epoch.text)" }
            }
        }
        for (index, board) in world.boards.enumerated() {
            for (sequence, stream) in board.store.outbox.streams
            where stream.last >= next[sequence] ?? 1 {
                return "board \(index) wrote \(stream.last) rows of \(sequence.epoch.text), the "
                    + "hub has \((next[sequence] ?? 1) - 1)"
            }
        }
        return nil
    }

    private func wrong(_ gap: LogGap) -> String? {
        switch gap.reason {
        case .lostByHub where world.facts.hubHasForgotten: nil
        case .expired where world.facts.rowWasDropped: nil
        default: "rows \(gap.first) to \(gap.last) count as \(gap.reason.text)"
        }
    }

    private func wrongEvents() -> String? {
        let facts = world.facts
        let names = (world.boards.flatMap(\.events) + world.hub.events).map(\.name)
        let (fork, restore) = ("fork_detected", "restore_detected")
        if names.contains(fork), !facts.wasCloned { return "a fork is reported, and there is none" }
        if !names.contains(fork), facts.wasCloned { return "a fork is not reported" }
        if names.contains(restore), !facts.wasRestored, !facts.wasCloned {
            return "a restored backup is reported, and there is none"
        }
        if !names.contains(restore), facts.restoreIsDue {
            return "a restored backup is not reported"
        }
        if names.contains("divergence_detected") { return "a divergence is reported" }
        if names.contains("hub_reset_detected"), !facts.hubHasForgotten {
            return "a hub reset is reported, and there was none"
        }
        return nil
    }
}
