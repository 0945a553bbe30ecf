extension Replica {
    /// What a join did.
    struct Joined {
        /// Held before, and gone because the sender lacks it.
        var dropped: [Cell] = []
        /// The context grew.
        var isNews = false
    }

    /// The one join: deltas, parts of them and full states alike, in both directions. Returns nil,
    /// and changes nothing, where the base is missing.
    mutating func join(
        _ intervals: [Interval], at moment: Int, keepingRemovals: Bool, _ rules: Rules
    ) -> Joined? {
        let before = context
        guard hasBase(for: intervals, rules) else { return nil }
        var joined = Joined()
        for interval in intervals {
            drop { cell in
                guard interval.spans(cell.dot), rules.dropsByAbsence(cell.kind),
                    !interval.cells.contains(where: { $0.dot == cell.dot })
                else { return false }
                joined.dropped.append(cell)
                return true
            }
        }
        for interval in intervals {
            for cell in interval.cells
            where !rules[.coveredIgnored] || !before.covers(cell.dot) { place(cell) }
        }
        for interval in intervals {
            for removal in interval.removals where !before.covers(removal.dot) {
                drop { removal.removes($0, rules) }
                if keepingRemovals { removals.append(removal) }
            }
            if advance(interval.epoch, to: interval.upto, at: moment) { joined.isNews = true }
        }
        // A slot that the same frame filled again was replaced, not removed.
        joined.dropped.removeAll { cell in cells.contains { $0.sharesSlot(with: cell) } }
        return joined
    }

    private func hasBase(for intervals: [Interval], _ rules: Rules) -> Bool {
        var reached = context
        for interval in intervals {
            if rules[.baseNeeded], reached[interval.epoch] < interval.since { return false }
            reached.advance(interval.epoch, to: interval.upto)
        }
        guard rules[.removedCovered] else { return true }
        return intervals.allSatisfy { interval in
            interval.removals.allSatisfy { $0.removed.allSatisfy { reached.covers($0) } }
        }
    }
}
