import SQLiteStore
import SyncProtocol

extension DeviceReplica {
    /// The hub has said what it holds, as a sum. It is of use only while nothing is unconfirmed.
    mutating func compare(
        _ root: UInt64, _ store: AgentStore, _ effects: inout [Effect]
    ) throws(SQLiteError) {
        audit.onRoot()
        #if EDGE_MUTANTS
            if SyncMutant.active == .rootsIgnored { return }
            let isHasty = SyncMutant.active == .contextsNotCompared
        #else
            let isHasty = false
        #endif
        let isConfirmed = try store.isConfirmed(session.confirmed, document: document)
        guard isConfirmed || isHasty else { return }
        let (own, isMended) = try store.mendedRoot(document)
        if isMended { effects.append(.event(.divergenceDetected(document: document ?? ""))) }
        guard audit.begin(own: own, hub: root) else { return }
        try ask([], store, &effects)
    }

    mutating func repair(
        _ differ: Frame.Differ, _ store: AgentStore, _ effects: inout [Effect]
    ) throws(SQLiteError) {
        guard audit.awaits(differ.number) else { return }
        let twin = twin(store)
        guard try twin.causalContext().digest == differ.context else { return audit.stop() }
        let root = try twin.root()
        let isEqual = differ.difference.isEmpty && root == differ.root
        let isScrubbed = audit.isFirst
        let isFirst = audit.onAnswer(differ, isEqual: isEqual)
        guard !isEqual else { return }
        let (outcome, cells, left) = try store.repair(
            differ, isFirst: isScrubbed, document: document, bytes: frameBytes / 2)
        if isFirst {
            effects.append(.event(.divergenceDetected(document: document ?? "")))
        }
        if outcome != JoinOutcome() { effects.append(.joined(outcome)) }
        audit.add(left)
        try ask(cells, store, &effects)
    }

    private mutating func ask(
        _ cells: [Cell], _ store: AgentStore, _ effects: inout [Effect]
    ) throws(SQLiteError) {
        guard let ranges = audit.ask(bytes: frameBytes / 2) else { return }
        let twin = twin(store)
        effects.append(
            send(
                .compare(
                    Frame.Compare(
                        number: audit.number, context: try twin.causalContext().digest,
                        root: try twin.root(), ranges: try twin.sums(of: ranges), cells: cells))))
    }

    private func twin(_ store: AgentStore) -> TwinDocument {
        store.twin.document(document ?? AgentStore.own)
    }
}
