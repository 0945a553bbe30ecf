extension Board {
    mutating func hear(_ message: Message) -> [Message] {
        switch message {
        case .want(let hub, let request): return seed(hub, request)
        case .reset(let hub): if session == hub || !rules[.sessionNamed] { session = nil }
        case .rowsTaken(let hub, let epoch, let upto):
            guard session == hub || !rules[.sessionNamed] else { return [] }
            store.log.onTaken(epoch, upto: upto, rules)
            written()
        case .answer(let answer):
            hear(answer)
            written()
        case .hello, .up, .seed, .rows: break
        }
        return []
    }

    private mutating func seed(_ hub: Epoch, _ request: Int) -> [Message] {
        guard session == nil, request == self.request || !rules[.requestEchoed] else { return [] }
        if rules[.deviceSyncs] { sync() }
        let intervals = store.replica.context.entries.compactMap { entry -> Interval? in
            guard rules[.seedForeign] || entry.epoch.owner == owner else { return nil }
            return store.replica.interval(entry.epoch, since: 0, upto: entry.counter)
        }
        let parts = Parts.cut(intervals, size: settings.partSize)
        return parts.enumerated().map { part, intervals in
            .seed(
                Seed(
                    session: hub, request: request, epoch: store.epoch,
                    place: Place(part: part, of: parts.count), intervals: intervals))
        }
    }

    private mutating func hear(_ answer: Answer) {
        switch answer.purpose {
        case .push: return join(pushed: answer)
        case .state(let request):
            guard session == nil, request == self.request || !rules[.requestEchoed] else { return }
            // This hub found what HELLO said was heard. Of what came in between from another
            // opening, it knows nothing.
            let isOld = store.heard == heardInHello || store.heard?.hub == answer.reference.hub
            guard isOld || !rules[.stateAnswersHeard] else { return }
        case .down(let question):
            guard session == answer.reference.hub || (session != nil && !rules[.sessionNamed]),
                question == self.question || !rules[.questionEchoed]
            else { return }
        }
        guard let whole = collect(answer) else { return }
        guard join(whole.flatMap(\.intervals)) else {
            session = nil
            return
        }
        let isState = session == nil
        hearOf(answer)
        for part in whole { apply(part, isState: isState) }
        guard rules[.partsJoinTogether] || isComplete(answer) else {
            if answer.place.isLast { session = nil }
            return
        }
        store.reference = answer.reference
        if isState {
            open(answer)
        } else {
            question = nil
            confirm(answer.named)
        }
    }

    /// Keeps the part. Returns all parts, in order, once they are there.
    private mutating func collect(_ part: Answer) -> [Answer]? {
        guard rules[.partsJoinTogether] else { return [part] }
        if let first = parts.first,
            first.purpose != part.purpose || first.reference != part.reference
        {
            parts = []
        }
        if !parts.contains(where: { $0.place.part == part.place.part }) { parts.append(part) }
        guard parts.count == part.place.of else { return nil }
        defer { parts = [] }
        return parts.sorted { $0.place.part < $1.place.part }
    }

    private mutating func apply(_ answer: Answer, isState: Bool) {
        for dot in answer.dead { store.replica.drop { $0.dot == dot && $0.kind.isRemovable } }
        for winner in answer.winners { adopt(winner, answer.named) }
        guard isState, rules[.stateWinners] else { return }
        for cell in answer.intervals.flatMap(\.cells) where cell.kind.isRegister {
            adopt(cell, answer.named)
        }
    }

    private func isComplete(_ answer: Answer) -> Bool {
        answer.place.isLast
            && answer.named.entries.allSatisfy {
                $0.epoch.owner == owner || store.replica.context[$0.epoch] >= $0.counter
            }
    }

    private mutating func open(_ state: Answer) {
        session = state.reference.hub
        if rules[.requestSpent] { request = nil }
        question = nil
        acknowledged = Context()
        for entry in store.replica.context.entries where entry.epoch.owner == owner {
            let confirmed = store.confirmed[entry.epoch]
            let named = state.named.names(entry.epoch) ? state.named[entry.epoch] : confirmed
            acknowledged.advance(
                entry.epoch, to: rules[.confirmedLimits] ? min(named, confirmed) : named)
        }
        store.log.onOpened()
    }

    private mutating func confirm(_ named: Context) {
        for entry in named.entries where entry.epoch.owner == owner {
            let covered = min(entry.counter, store.replica.context[entry.epoch])
            store.confirmed.advance(entry.epoch, to: covered)
            acknowledged.advance(entry.epoch, to: covered)
        }
        store.replica.removals.removeAll { store.confirmed.covers($0.dot) }
    }

    private mutating func join(pushed answer: Answer) {
        guard !rules[.pushFromKnownHub] || store.heard?.hub == answer.reference.hub,
            !rules[.pushYields] || !losesToUnconfirmed(answer), join(answer.intervals)
        else { return }
        hearOf(answer)
        if !rules[.pushLeavesReference] { store.reference = answer.reference }
    }

    /// A write of ours may have a stamp that the hub has lowered since. What loses to it here may
    /// have won there; only an answer to our UP tells.
    private func losesToUnconfirmed(_ push: Answer) -> Bool {
        push.intervals.flatMap(\.cells).contains { cell in
            guard cell.kind == .config, let current = store.replica.current(.config, cell.path)
            else { return false }
            return current.dot.epoch.owner == owner && !store.confirmed.covers(current.dot)
                && current.replaces(cell)
        }
    }

    private mutating func join(_ intervals: [Interval]) -> Bool {
        noticeOwnPast(in: intervals)
        let joined = store.replica.join(
            intervals, at: nextStep(), keepingRemovals: false, rules)
        guard joined != nil else { return false }
        for cell in intervals.flatMap(\.cells) where cell.kind == .config {
            store.clock = max(store.clock, cell.stamp)
        }
        return true
    }

    /// Nobody but this board writes its epochs. What the hub tells of an earlier one was written
    /// by a past that this disk does not hold.
    private mutating func noticeOwnPast(in intervals: [Interval]) {
        guard rules[.restoreSeenByDevice] else { return }
        for interval in intervals
        where interval.epoch.owner == owner && interval.epoch != store.epoch
            && interval.upto > store.replica.context[interval.epoch]
        {
            alarms.restore = true
        }
    }

    private mutating func hearOf(_ answer: Answer) {
        if let heard = store.heard, heard.hub == answer.reference.hub,
            heard.commit >= answer.reference.commit
        {
            return
        }
        store.heard = answer.reference
    }

    /// The hub's choice for a register stands, even where the context covers it: it may have been
    /// dropped here as the loser to a stamp that the hub has since lowered. Only a write that the
    /// hub had not seen may win over it.
    private mutating func adopt(_ winner: Cell, _ named: Context) {
        if let current = store.replica.current(winner.kind, winner.path), rules[.winnersYield],
            current.dot != winner.dot, !named.covers(current.dot), current.replaces(winner)
        {
            return
        }
        store.replica.overwrite(winner)
        if winner.kind == .config { store.clock = max(store.clock, winner.stamp) }
    }
}
