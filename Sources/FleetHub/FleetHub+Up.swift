import Platform
import SQLiteStore
import SyncProtocol

extension FleetHub {
    /// A device's own writes, and the question for what it lacks.
    func up(
        _ device: String, _ session: Epoch, _ epoch: Epoch, _ deltas: [IntervalDelta],
        _ hubContext: CausalContext, _ outcome: inout FrameOutcome
    ) throws(SQLiteError) {
        var joined = hubContext
        for delta in deltas { joined.advance(delta.epoch, to: delta.upto) }
        guard session == store.epoch,
            var known = sessions.advance(device, epoch, by: joined)
        else {
            outcome.replies.append((device, .reset(session: store.epoch)))
            return
        }
        if let fault = fault(in: deltas) { return refuse(device, fault, &outcome) }
        let before = try store.twin.context(device)
        let accepted = accept(deltas, before)
        guard try store.twin.join(device, accepted) else {
            outcome.replies.append((device, .reset(session: store.epoch)))
            return
        }
        for cell in accepted.flatMap(\.cells) where !before.covers(cell.dot) {
            changed(device, cell, &outcome)
        }
        let winners = try winners(device, deltas)
        let own = try store.twin.context(device)
        var acknowledged = CausalContext()
        for delta in deltas { acknowledged.advance(delta.epoch, to: own[delta.epoch]) }
        while true {
            let (missing, isMore) = try store.twin.deltas(
                device, of: own, since: known, bytes: settings.frameBytes)
            for delta in missing { known.advance(delta.epoch, to: delta.upto) }
            outcome.replies.append(
                (
                    device,
                    .down(
                        session: store.epoch, reference: store.reference,
                        acknowledged: acknowledged, deltas: missing,
                        // After the deltas that cover them.
                        winners: isMore ? [] : winners, isLast: !isMore)
                ))
            guard isMore else { break }
        }
    }

    /// What a device may not claim: other writers' dots, and keys that are not its to write.
    private func fault(in deltas: [IntervalDelta]) -> String? {
        for delta in deltas {
            guard delta.epoch.role == .device else {
                return "the frame claims writes of a hub (epoch \(delta.epoch.text))"
            }
            for cell in delta.cells where !cell.path.isWritable(by: .device) {
                return "a device may not write \(cell.path.text)"
            }
        }
        return nil
    }

    /// Replaces stamps from beyond the drift by the hub's own next one, so that a clock in 2099
    /// does not win for ever. The device is told by `winners`.
    private func accept(_ deltas: [IntervalDelta], _ context: CausalContext) -> [IntervalDelta] {
        let now = timekeeper.now().wall
        let limit = HybridTimestamp(
            wall: WallTime(milliseconds: now.milliseconds + settings.clockDriftMaximum.count))
        return deltas.map { delta in
            let cells = delta.cells.map { cell in
                guard cell.kind == .lastWriterWins, !context.covers(cell.dot) else { return cell }
                let stamp = HybridTimestamp(rawValue: cell.stamp)
                guard stamp > limit else {
                    store.clock.observe(stamp)
                    return cell
                }
                return Cell(
                    path: cell.path, dot: cell.dot, stamp: store.clock.tick(now).rawValue,
                    value: cell.value)
            }
            return IntervalDelta(
                epoch: delta.epoch, since: delta.since, upto: delta.upto, cells: cells)
        }
    }

    private func winners(
        _ device: String, _ deltas: [IntervalDelta]
    ) throws(SQLiteError) -> [Cell] {
        var winners: [Cell] = []
        for cell in deltas.flatMap(\.cells) {
            guard let current = try store.twin.cell(device, cell.path) else { continue }
            if current.dot != cell.dot || current.stamp != cell.stamp { winners.append(current) }
        }
        return winners
    }
}
