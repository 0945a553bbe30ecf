import Platform
import SQLiteStore
import SyncProtocol

extension HubReplica {
    /// What a join of a device's writes gives back to it.
    struct Joined {
        var winners: [Cell] = []
        var dead: [Dot] = []
    }

    /// Joins a device's own writes; nil where they build on something that is missing here.
    func join(
        _ device: String, _ document: String, _ deltas: [IntervalDelta], _ store: HubStore,
        _ now: WallTime, _ outcome: inout Outcome
    ) throws(SQLiteError) -> Joined? {
        guard !deltas.isEmpty else { return Joined() }
        let twin = store.twin.document(document)
        let accepted = try accept(device, deltas, twin, store, now, &outcome)
        guard let joined = try twin.join(accepted, keepsRemovals: true) else { return nil }
        outcome.changed += joined.changed.map { (document, $0) }
        outcome.removed += joined.removed.map { (document, $0) }
        try pass(on: joined.dropped, twin, store)
        if deltas.contains(where: { !$0.removals.isEmpty }) || !joined.dropped.isEmpty {
            try twin.collectRemovals(maximum: settings.removalsMaximum)
        }
        return try Joined(
            winners: winners(over: deltas.flatMap(\.cells), twin),
            dead: dead(of: deltas.flatMap(\.cells), twin))
    }

    /// Others may have seen what was dropped here: the hub removes it in its own name.
    func pass(
        on dropped: [Dot], _ twin: TwinDocument, _ store: HubStore
    ) throws(SQLiteError) {
        var writer = TwinWriter(epoch: store.epoch, counter: try twin.seen(store.epoch))
        guard let removal = writer.removal(of: dropped) else { return }
        try twin.keep(removal)
        try twin.advance(store.epoch, to: writer.counter)
        store.noteGiven(writer.counter, in: twin.name)
    }

    /// Replaces stamps from beyond the drift by the hub's own next one, so that a clock in 2099
    /// does not win for ever. The device is told by `winners`.
    func accept(
        _ device: String, _ deltas: [IntervalDelta], _ twin: TwinDocument, _ store: HubStore,
        _ now: WallTime, _ outcome: inout Outcome
    ) throws(SQLiteError) -> [IntervalDelta] {
        var accepted: [IntervalDelta] = []
        for delta in deltas {
            let seen = try twin.seen(delta.epoch)
            var cells: [Cell] = []
            cells.reserveCapacity(delta.cells.count)
            for cell in delta.cells {
                guard cell.kind == .lastWriterWins, cell.dot.counter > seen else {
                    cells.append(cell)
                    continue
                }
                cells.append(try lowered(cell, device, twin, store, now, &outcome))
            }
            var taken = IntervalDelta(
                epoch: delta.epoch, since: delta.since, upto: delta.upto, cells: cells,
                removals: delta.removals)
            taken.isPart = delta.isPart
            accepted.append(taken)
        }
        return accepted
    }

    /// A cell whose stamp is not from the future, or no longer.
    func lowered(
        _ cell: Cell, _ device: String, _ twin: TwinDocument, _ store: HubStore, _ now: WallTime,
        _ outcome: inout Outcome
    ) throws(SQLiteError) -> Cell {
        let limit = settings.latestStamp(now)
        let stamp = HybridTimestamp(rawValue: cell.stamp)
        #if EDGE_MUTANTS
            let isTaken = stamp.wall <= limit || SyncMutant.active == .futureAccepted
        #else
            let isTaken = stamp.wall <= limit
        #endif
        guard !isTaken else {
            store.clock.observe(stamp)
            return cell
        }
        outcome.events.append(.clockAhead(device: device, path: cell.path, by: stamp.wall - now))
        // Later than what the hub holds there, as the device's writes after it would be. Never
        // later than it was: a hub whose clock went back would raise it.
        let lowered = min(
            stamp, store.clock.stamp(now).replacing(try twin.register(cell.path)?.stamp))
        return Cell(path: cell.path, dot: cell.dot, stamp: lowered.rawValue, value: cell.value)
    }

    /// The current registers of the keys that were named, where they differ from what was said.
    func winners(over cells: [Cell], _ twin: TwinDocument) throws(SQLiteError) -> [Cell] {
        #if EDGE_MUTANTS
            if SyncMutant.active == .winnersLeftOut { return [] }
        #endif
        var winners: [Cell] = []
        for cell in cells where cell.kind.isRegister {
            guard let current = try twin.register(cell.path) else { continue }
            if current.dot != cell.dot || current.stamp != cell.stamp { winners.append(current) }
        }
        return winners
    }

    /// Writes that were named and are held no more.
    private func dead(of cells: [Cell], _ twin: TwinDocument) throws(SQLiteError) -> [Dot] {
        var dead: [Dot] = []
        for cell in cells where cell.kind.hasRemovals {
            if try twin.cell(cell.dot) == nil { dead.append(cell.dot) }
        }
        return dead
    }

    /// What a device may not claim: other writers' dots, and keys that are not its to write.
    func fault(
        _ device: String, _ document: String, _ deltas: [IntervalDelta],
        _ owned: Set<Epoch>, _ store: HubStore
    ) throws(SQLiteError) -> String? {
        for delta in deltas {
            guard delta.epoch.role == .device else {
                return "the frame claims writes of a hub (epoch \(delta.epoch.text))"
            }
            // Claims nothing: a frame that is not joined must not take an epoch from its writer.
            if !owned.contains(delta.epoch), try store.isOthers(delta.epoch, than: device) {
                return "the frame claims writes of another device (epoch \(delta.epoch.text))"
            }
            for cell in delta.cells {
                guard cell.path.isWritable(by: .device),
                    document == device || cell.kind != .singleWriter
                else { return "a device may not write \(cell.path.text) here" }
            }
        }
        return nil
    }

    /// What was joined of an epoch is its writer's.
    func claim(
        _ deltas: [IntervalDelta], _ device: String, _ owned: inout Set<Epoch>, _ store: HubStore
    ) throws(SQLiteError) {
        for delta in deltas where !owned.contains(delta.epoch) {
            if try store.owns(device, delta.epoch) { owned.insert(delta.epoch) }
        }
    }

    /// The intervals that a device lacks: of each epoch that moved after `since`, what is beyond
    /// what it knows. Nil where records were collected that it would have needed: it gets all.
    ///
    /// - Parameter isWhole: It is being told all: of what it has not joined yet it gets everything.
    func missing(
        _ document: String, _ known: CausalContext, _ since: UInt64, isWhole: Bool,
        _ store: HubStore
    ) throws(SQLiteError) -> [(epoch: Epoch, since: UInt64, upto: UInt64)]? {
        let entries = try store.twin.document(document).epochs(movedAfter: since)
        var intervals: [(epoch: Epoch, since: UInt64, upto: UInt64)] = []
        for entry in entries {
            let isUntold = isWhole && known[entry.epoch] == 0
            guard isUntold || known[entry.epoch] >= entry.floor else { return nil }
            guard entry.counter > known[entry.epoch] else { continue }
            intervals.append(
                (epoch: entry.epoch, since: known[entry.epoch], upto: entry.counter))
        }
        return intervals
    }

    /// Everything: the whole of each epoch.
    func everything(
        _ document: String, _ store: HubStore
    ) throws(SQLiteError) -> [(epoch: Epoch, since: UInt64, upto: UInt64)] {
        try store.twin.document(document).epochs(movedAfter: 0)
            .filter { $0.counter > 0 }
            .map { (epoch: $0.epoch, since: 0, upto: $0.counter) }
    }
}
