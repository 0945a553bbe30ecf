import Platform
import SQLiteStore
import SyncProtocol

extension HubReplica {
    /// Answers `up`: the device's own writes, and the question for what it lacks.
    mutating func answer(
        _ device: String, _ document: String, _ up: Frame.Up, _ session: inout HubSession,
        _ store: HubStore, _ now: WallTime, _ outcome: inout Outcome
    ) throws(SQLiteError) {
        let tag = session.wire.tag
        guard try isAlive(device, document, &session, &outcome) else {
            self[device, document].close(tag: tag)
            outcome.replies += reset(tag).replies
            return
        }
        if let fault = try fault(device, document, up.deltas, session.owned, store) {
            return refuse(fault, Self.name(document), &outcome)
        }
        session.onJoined(up.joined)
        guard let joined = try join(device, document, up.deltas, store, now, &outcome) else {
            self[device, document].close(tag: tag)
            outcome.replies += reset(tag).replies
            return
        }
        try claim(up.deltas, device, &session.owned, store)
        // Only what follows on: where a part of the full state was lost on its way, the device still
        // holds what was removed of its own earlier writes, and has to be told all of them.
        for delta in up.deltas where delta.since <= session.known[delta.epoch] {
            session.known.advance(delta.epoch, to: delta.upto)
        }
        if let whole = session.whole, session.known.covers(whole) {
            session.whole = nil
            if self[device, document].whole == tag { self[device, document].whole = nil }
        }
        guard
            let intervals = try missing(
                document, session.known, session.since, isWhole: session.whole != nil, store)
        else {
            self[device, document].close(tag: tag)
            outcome.replies += reset(tag).replies
            return
        }
        try reply(up, document, joined, intervals, &session, store, &outcome)
        self[device, document].update(session)
    }

    private func reply(
        _ up: Frame.Up, _ document: String, _ joined: Joined,
        _ intervals: [(epoch: Epoch, since: UInt64, upto: UInt64)], _ session: inout HubSession,
        _ store: HubStore, _ outcome: inout Outcome
    ) throws(SQLiteError) {
        let twin = store.twin.document(document)
        var acknowledged = CausalContext()
        for delta in up.deltas {
            acknowledged.advance(delta.epoch, to: try twin.seen(delta.epoch))
        }
        var told = CausalContext()
        for interval in intervals { told.advance(interval.epoch, to: interval.since) }
        var parts = 0
        while true {
            let left = intervals.map {
                (epoch: $0.epoch, since: told[$0.epoch], upto: $0.upto)
            }.filter { $0.upto > $0.since }
            let (deltas, isMore) = try twin.parts(
                of: left, bytes: settings.frameBytes, intervalBytes: settings.intervalBytes,
                isWhole: session.whole != nil)
            for delta in deltas { told.advance(delta.epoch, to: delta.upto) }
            parts += 1
            var down = Frame.Down(
                question: up.question, commit: store.commit, acknowledged: acknowledged,
                deltas: deltas, isLast: !isMore)
            if !isMore {
                // After the deltas that cover them; what those bring anyway is left out.
                let brought = Set(deltas.flatMap(\.cells).map(\.dot))
                down.winners =
                    parts == 1
                    ? joined.winners.filter { !brought.contains($0.dot) } : joined.winners
                down.dead = joined.dead
                if parts > 1 { down.complete = told }
                if up.asksRoot, parts == 1, deltas.isEmpty {
                    down.root = try root(twin, &session, &outcome)
                }
            }
            outcome.replies.append(
                codec.encode(.down(down), from: .hub, session: &session.wire))
            guard isMore else { break }
        }
        session.answer = (session.wire.names.mark, told)
    }

    private func root(
        _ twin: TwinDocument, _ session: inout HubSession, _ outcome: inout Outcome
    ) throws(SQLiteError) -> UInt64 {
        session.audit.left = AuditBounds.rounds
        let (root, isMended) = try twin.mendedRoot()
        if isMended {
            outcome.events.append(.divergenceDetected(document: Self.name(twin.name)))
        }
        return root
    }

    /// Whether a session may be spoken in still. Where another epoch of the same device has
    /// opened one since and spoken in it, this is either a frame that was long on its way, or a
    /// second board. A reset tells: who answers it with a greeting is alive, and if it is not the
    /// latest epoch, there are two.
    private mutating func isAlive(
        _ device: String, _ document: String, _ session: inout HubSession,
        _ outcome: inout Outcome
    ) throws(SQLiteError) -> Bool {
        let list = self[device, document].openings
        let tag = session.wire.tag
        guard let place = list.lastIndex(where: { $0.tag == tag }) else { return true }
        let later = list[(place + 1)...]
        let proven = Set(
            self[device, document].sessions.filter(\.isProven).map(\.wire.tag))
        if later.contains(where: { $0.epoch != session.device && proven.contains($0.tag) }) {
            return false
        }
        guard !session.isProven else { return true }
        session.isProven = true
        self[device, document].openings[place].isProven = true
        if session.isBehind { noteRestored(device, session.device, &outcome) }
        let earlier = list[..<place]
        // A greeting that nobody followed up may be an earlier life's, come late.
        if let first = earlier.firstIndex(where: { $0.epoch == session.device }),
            let other = earlier[first...].last(where: {
                $0.epoch != session.device && $0.isProven
            })
        {
            noteFork(device, document, [other.epoch, session.device].sorted(), &outcome)
        }
        return true
    }

    private mutating func noteFork(
        _ device: String, _ document: String, _ epochs: [Epoch], _ outcome: inout Outcome
    ) {
        guard self[device, document].reports.fork != epochs else { return }
        self[device, document].reports.fork = epochs
        outcome.events.append(.forkDetected(device: device, epochs: epochs))
    }
}
