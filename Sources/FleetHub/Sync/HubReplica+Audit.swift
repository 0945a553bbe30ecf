import Platform
import SQLiteStore
import SyncProtocol

extension HubReplica {
    /// Answers a comparison: where this hub holds other cells than the device, having seen the same
    /// writes. Where it has not, what differs may be on its way, and nothing is answered.
    func compare(
        _ device: String, _ document: String, _ compare: Frame.Compare,
        _ session: inout HubSession, _ store: HubStore, _ now: WallTime, _ outcome: inout Outcome
    ) throws(SQLiteError) {
        guard compare.number > session.audit.number, session.audit.left > 0 else { return }
        session.audit.left -= 1
        session.audit.number = compare.number
        let offered = session.audit.leaves
        session.audit.leaves = []
        let twin = store.twin.document(document)
        let context = try twin.causalContext().digest
        guard context == compare.context else { return }
        if try twin.root() != compare.root {
            if !session.audit.isDiverged {
                outcome.events.append(.divergenceDetected(document: Self.name(document)))
            }
            if !session.audit.isDiverged || compare.isWhole {
                outcome.removed += try twin.scrub().map { (document, $0) }
            }
        }
        let dead = try take(
            CellRange.cells(compare.cells, in: offered), device, twin, store, now, &outcome)
        var answer = Frame.Differ(
            number: compare.number, context: context, root: try twin.root(), dead: dead)
        if !compare.ranges.isEmpty {
            answer.difference = try twin.differences(
                from: compare.ranges, bytes: settings.frameBytes)
        } else if answer.root != compare.root {
            // All was looked at, and it was not enough: once more from the start.
            answer.difference.splits = [CellRange.whole]
        }
        session.audit.isDiverged = answer.root != compare.root
        session.audit.leaves = answer.difference.leaves
        outcome.replies.append(
            codec.encode(.differ(answer), from: .hub, session: &session.wire))
    }

    /// Takes what is missing here; the dots of what a removal names are given back.
    private func take(
        _ cells: [Cell], _ device: String, _ twin: TwinDocument, _ store: HubStore,
        _ now: WallTime, _ outcome: inout Outcome
    ) throws(SQLiteError) -> [Dot] {
        guard !cells.isEmpty else { return [] }
        let removed = try twin.removedDots()
        var dead: [Dot] = []
        var taken = JoinOutcome()
        for cell in cells {
            guard cell.path.isWritable(by: cell.dot.epoch.role),
                cell.kind != .singleWriter || !Self.isShared(twin.name)
            else { continue }
            if cell.kind.hasRemovals, removed.contains(cell.dot) {
                dead.append(cell.dot)
                continue
            }
            guard try twin.takes(cell, isFromHub: false) else { continue }
            let cell =
                cell.kind == .lastWriterWins
                ? try lowered(cell, device, twin, store, now, &outcome) : cell
            try twin.restore(cell, &taken)
        }
        outcome.changed += taken.changed.map { (twin.name, $0) }
        outcome.removed += taken.removed.map { (twin.name, $0) }
        return dead
    }
}
