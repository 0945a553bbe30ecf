extension Hub {
    /// The hub's logical clock moves on by one, or to the wall clock.
    mutating func tick(_ now: Int) -> Int {
        store.clock = max(store.clock, now + clockOffset) + 1
        return store.clock
    }

    /// What a device sent, with the stamps as the hub accepts them.
    mutating func stamped(_ intervals: [Interval], isSeed: Bool, _ now: Int) -> [Interval] {
        var accepted = intervals
        for interval in intervals.indices {
            for index in intervals[interval].cells.indices {
                let cell = intervals[interval].cells[index]
                guard cell.kind == .config, !store.replica.context.covers(cell.dot) else {
                    continue
                }
                accepted[interval].cells[index].stamp = lowered(cell.stamp, now)
                if isSeed, isOverwritten(accepted[interval].cells[index], intervals) {
                    accepted[interval].cells[index].stamp = tick(now)
                }
                store.clock = max(store.clock, accepted[interval].cells[index].stamp)
            }
        }
        return accepted
    }

    /// A stamp from beyond the drift becomes the hub's next tick, so that a clock in 2099 does not
    /// win for ever. It is never raised: the device may have dropped the cell as the loser to
    /// another of ours, and then it does not ask for the winner.
    private mutating func lowered(_ stamp: Int, _ now: Int) -> Int {
        let hubTime = now + clockOffset
        guard rules[.clamp], stamp > hubTime + settings.drift else { return stamp }
        let next = rules[.clampTicks] ? max(store.clock, hubTime) + 1 : hubTime
        return rules[.clampLowers] ? min(stamp, next) : next
    }

    /// True where the hub's own cell would win over one whose writer had it: the seeder knows ours
    /// and replaced it, and we do not know its. The stamps say otherwise, as one of them was
    /// lowered where the other was not known.
    private func isOverwritten(_ cell: Cell, _ intervals: [Interval]) -> Bool {
        guard rules[.seedOverwrites], let held = store.replica.current(cell.kind, cell.path)
        else { return false }
        return !cell.replaces(held) && intervals.contains { $0.spans(held.dot) }
    }
}
