/// A frame of several parts, of which some came.
struct Taking: Sendable {
    let owner: Owner
    /// The question of an UP, or the request of a SEED.
    let number: Int
    var parts: [(part: Int, intervals: [Interval])] = []
}

extension Hub {
    mutating func hear(_ hello: Hello, _ owner: Owner, _ now: Int) -> [Message] {
        notice(hello.knowledge, owner)
        guard !rules[.lineage] || isMine(hello) else {
            alarms.hubReset = true
            wanted.removeAll { $0.owner == owner }
            wanted.append((owner, hello.request))
            return [.want(session: epoch, request: hello.request)]
        }
        var known = hello.knowledge.recent
        // Only on a reference: without one, the device may hold what an earlier hub told it.
        if hello.knowledge.reference != nil, mayClaim(hello.early, owner),
            take(hello.early, owner, now, isSeed: false) != nil
        {
            for interval in hello.early { known.advance(interval.epoch, to: interval.upto) }
        }
        var named = Context()
        for entry in known.entries { named.advance(entry.epoch, to: 0) }
        let (intervals, _) = missing(hello.knowledge.reference, known)
        return answer(.state(request: hello.request), owner, intervals, named)
    }

    private func isMine(_ hello: Hello) -> Bool {
        if let reference = hello.knowledge.reference, !knows(reference) { return false }
        if rules[.heard], let heard = hello.heard, !knows(heard) { return false }
        return true
    }

    mutating func hear(_ seed: Seed, _ owner: Owner, _ now: Int) -> [Message] {
        guard seed.session == epoch || !rules[.sessionNamed] else { return reset(seed.session) }
        let isAsked = wanted.contains { $0.owner == owner && $0.request == seed.request }
        guard isAsked || !rules[.seedAsked] else { return refuse() }
        guard let whole = collect(seed.intervals, seed.place, seed.request, owner)
        else { return joinEarly(seed.intervals, owner, now, isSeed: true) }
        guard take(whole, owner, now, isSeed: true) != nil else { return reset(seed.session) }
        wanted.removeAll { $0.owner == owner }
        return answer(.state(request: seed.request), owner, fullState(), Context())
    }

    mutating func hear(_ up: Up, _ owner: Owner, _ now: Int) -> [Message] {
        guard up.session == epoch || !rules[.sessionNamed] else { return reset(up.session) }
        guard mayClaim(up.intervals, owner) else { return refuse() }
        notice(up.knowledge, owner)
        guard let sent = collect(up.intervals, up.place, up.question, owner)
        else { return joinEarly(up.intervals, owner, now, isSeed: false) }
        guard take(sent, owner, now, isSeed: false) != nil else { return reset(up.session) }
        var known = up.knowledge.recent
        var named = Context()
        for interval in sent {
            known.advance(interval.epoch, to: interval.upto)
            named.advance(interval.epoch, to: 0)
        }
        let (intervals, isBehind) = missing(up.knowledge.reference, known)
        guard !isBehind else { return reset(up.session) }
        let cells = sent.flatMap(\.cells)
        let dead = cells.filter { $0.kind.isRemovable && !store.replica.holds($0.dot) }
        let winners = cells.compactMap { cell -> Cell? in
            guard cell.kind.isRegister,
                let current = store.replica.current(cell.kind, cell.path), current != cell
            else { return nil }
            return current
        }
        return answer(
            .down(question: up.question), owner, intervals, named,
            dead: rules[.deadNamed] ? dead.map(\.dot) : [],
            winners: rules[.winnersNamed] ? winners : [])
    }

    /// Keeps the part. Returns what the frame carries once all parts are there.
    private mutating func collect(
        _ intervals: [Interval], _ place: Place, _ number: Int, _ owner: Owner
    ) -> [Interval]? {
        guard place.of > 1 else { return intervals }
        var taking =
            takings.first { $0.owner == owner && $0.number == number }
            ?? Taking(owner: owner, number: number)
        takings.removeAll { $0.owner == owner }
        if !taking.parts.contains(where: { $0.part == place.part }) {
            taking.parts.append((place.part, intervals))
        }
        guard taking.parts.count < place.of else {
            return taking.parts.sorted { $0.part < $1.part }.flatMap(\.intervals)
        }
        takings.append(taking)
        return nil
    }

    /// Where parts are joined each by itself.
    private mutating func joinEarly(
        _ part: [Interval], _ owner: Owner, _ now: Int, isSeed: Bool
    ) -> [Message] {
        guard !rules[.partsJoinTogether] else { return [] }
        _ = take(part, owner, now, isSeed: isSeed)
        return []
    }

    /// Joins what a device sent, in one transaction.
    private mutating func take(
        _ intervals: [Interval], _ owner: Owner, _ now: Int, isSeed: Bool
    ) -> Replica.Joined? {
        let moment = store.commit + 1
        let clockBefore = store.clock
        let accepted = stamped(intervals, isSeed: isSeed, now)
        guard
            let joined = store.replica.join(accepted, at: moment, keepingRemovals: true, rules)
        else {
            store.clock = clockBefore
            return nil
        }
        guard joined.isNews else { return joined }
        if rules[.dropsLogged] { log(joined.dropped, at: moment) }
        for interval in intervals {
            if isSeed {
                if rules[.seedNamesOwners] { claim(interval.epoch, interval.epoch.owner) }
                guard rules[.seedFloors] else { continue }
                store.floors.advance(interval.epoch, to: interval.upto)
            } else {
                claim(interval.epoch, owner)
            }
        }
        if !rules[.nullKept] {
            store.replica.drop { $0.kind == .config && $0.value == nil }
        }
        collect()
        commit()
        return joined
    }

    /// Removals of the hub's own, one for each path.
    private mutating func log(_ dropped: [Cell], at moment: Int) {
        var left = dropped
        while let first = left.first {
            let same = left.filter { $0.kind == first.kind && $0.path == first.path }
            left.removeAll { $0.kind == first.kind && $0.path == first.path }
            guard first.kind.isRemovable else { continue }
            let dot = Dot(epoch: epoch, counter: store.replica.context[epoch] + 1)
            store.replica.removals.append(
                Removal(dot: dot, kind: first.kind, path: first.path, removed: same.map(\.dot)))
            store.replica.advance(epoch, to: dot.counter, at: moment)
        }
    }
}
