public import Platform

extension FleetKeeper {
    /// A sign of life of a board.
    public mutating func hear(_ board: String, now: MonotonicTime) -> [Directive] {
        var out: [Directive] = []
        for directive in policy.hear(board, now: now) {
            switch directive {
            case .retireSubstitute(let workload, let board):
                retireSubstitutes(of: board, workload, &out)
            case .stop(let workload, let board):
                if let place = places(of: workload).first(where: { $0.board == board }) {
                    drop(place, &out)
                }
            case .keep, .addReplica, .placeAgain: break
            }
        }
        waiting.removeAll { $0.silent == board }
        // One whose lease had ended before anybody else got it has a new one now.
        for workload in (residents[board] ?? []).sorted() where wishes[workload]?.isSingle == true {
            guard let lease = policy.leases.holder(of: workload, now: now), lease.board == board
            else { continue }
            start(workload, on: board, term: lease.term, &out)
        }
        return out
    }

    /// The board says that it let a workload's lease end, and waits for another.
    public mutating func leaseEnded(
        _ workload: String, on board: String, term: UInt64, now: MonotonicTime
    ) -> [Directive] {
        var out: [Directive] = []
        if let lease = policy.renew(workload, on: board, after: term, now: now) {
            start(workload, on: board, term: lease.term, &out)
        }
        return out
    }

    /// A board that is gone for good: what it had goes elsewhere, what has a lease after its end.
    public mutating func leave(_ board: String) -> [Directive] {
        var out: [Directive] = []
        for workload in (residents[board] ?? []).sorted() {
            guard let place = places(of: workload).first(where: { $0.board == board }) else {
                continue
            }
            var isMadeUpFor = false
            for index in places(of: workload).indices
            where places[workload]?[index].substitutes == board {
                places[workload]?[index].substitutes = place.substitutes
                isMadeUpFor = true
            }
            drop(place, &out)
            waiting.removeAll { $0.workload == workload && $0.silent == board }
            if !isMadeUpFor {
                waiting.append(Wait(workload: workload, silent: place.substitutes))
            }
        }
        policy.leave(board)
        boards[board] = nil
        if var known = placer.board(board) {
            known.acceptsWork = false
            placer.update(known)
        }
        return out
    }

    /// The new term of a lease whose holder stays.
    private mutating func start(
        _ workload: String, on board: String, term: UInt64, _ out: inout [Directive]
    ) {
        guard let index = places(of: workload).firstIndex(where: { $0.board == board }),
            var place = places[workload]?[index], place.term != term
        else { return }
        place.term = term
        places[workload]?[index] = place
        out.append(.start(place))
    }

    /// Those of a board that is back, and those that made up for them in turn.
    private mutating func retireSubstitutes(
        of board: String, _ workload: String, _ out: inout [Directive]
    ) {
        var silent = [board]
        while let next = silent.popLast() {
            waiting.removeAll { $0.workload == workload && $0.silent == next }
            for place in places(of: workload) where place.substitutes == next {
                drop(place, &out)
                silent.append(place.board)
            }
        }
    }

    /// Finds a board for what waits; true where nothing waits any more.
    mutating func place(_ wait: Wait, _ now: MonotonicTime, _ out: inout [Directive]) -> Bool {
        guard let wish = wishes[wait.workload] else { return true }
        let former = places(of: wait.workload).first { $0.board == wait.silent }
        if wait.silent != nil, former == nil { return true }
        if wish.isSingle, policy.leases.holder(of: wait.workload, now: now) != nil { return false }
        judgeBoards(now)
        guard let board = decide(wish).chosen,
            policy.start(wait.workload, on: board, isSingle: wish.isSingle, now: now)
        else { return false }
        // The lease that it had is over: it has stopped, and learns why when it is back.
        if wish.isSingle, let former { drop(former, &out) }
        let term =
            wish.isSingle ? policy.leases.holder(of: wait.workload, now: now)?.term : nil
        let place = Place(
            workload: wait.workload, board: board,
            substitutes: wish.isSingle ? nil : wait.silent, term: term)
        note(place, wish)
        out.append(.start(place))
        return true
    }

    func decide(
        _ wish: Wish, current: String? = nil, lease: String? = nil
    ) -> PlacementDecision {
        let name = wish.workload.name
        let known = placer.boards
        return placer.decide(wish.workload, current: current, lease: lease) { [latency] place in
            latency(name, known[place])
        }
    }

    /// Boards that are silent for long get nothing new.
    mutating func judgeBoards(_ now: MonotonicTime) {
        for known in placer.boards {
            guard var board = boards[known.id] else { continue }
            board.acceptsWork = board.acceptsWork && !policy.isSuspected(board.id, now: now)
            if board.acceptsWork != known.acceptsWork { placer.update(board) }
        }
    }

    mutating func note(_ place: Place, _ wish: Wish) {
        placer.add(wish.workload, to: place.board)
        places[place.workload, default: []].append(place)
        residents[place.board, default: []].insert(place.workload)
    }

    mutating func drop(_ place: Place, _ out: inout [Directive]) {
        placer.remove(place.workload, from: place.board)
        policy.forget(place.workload, on: place.board)
        places[place.workload]?.removeAll { $0.board == place.board }
        residents[place.board]?.remove(place.workload)
        out.append(.stop(workload: place.workload, board: place.board))
    }
}
