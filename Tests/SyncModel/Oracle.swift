/// Judges a run that has come to rest, against what really happened.
struct Oracle {
    let world: World

    private var history: History { world.history }

    /// The first thing that is wrong, or nil.
    func violation() -> String? {
        let view = View(world.hub.store.replica)
        for (index, board) in world.boards.enumerated() {
            let other = View(board.store.replica)
            if other != view { return "board \(index) has \(other), the hub \(view)" }
        }
        for path in 0..<2 {
            if let wrong = wrongRegister(.reported, path, view.reported[path])
                ?? wrongRegister(.config, path, view.config[path])
                ?? wrongNotes(path, view.notes[path]) ?? wrongSet(path, view.sets[path])
                ?? wrongCounter(path, view.counters[path])
            {
                return wrong
            }
        }
        return wrongBounds() ?? wrongLog() ?? wrongAlarms()
    }

    private func wrongRegister(_ kind: Kind, _ path: Int, _ value: Int?) -> String? {
        let candidates = history.maximal(history.writes(kind, path))
        let values: [Int?] = candidates.map { $0.verb == .clear ? nil : $0.number }
        guard candidates.isEmpty ? value != nil : !values.contains(value) else { return nil }
        return "\(kind) \(path) is \(Self.text(value)), could be \(values.map(Self.text))"
    }

    private func wrongNotes(_ path: Int, _ values: [Int]) -> String? {
        let expected = history.maximal(history.writes(.notes, path)).map(\.number).sorted()
        return values == expected ? nil : "notes \(path) are \(values), should be \(expected)"
    }

    private func wrongSet(_ path: Int, _ isMember: Bool) -> String? {
        let writes = history.writes(.sets, path)
        let expected = writes.contains { add in
            add.verb == .add && !writes.contains { $0.verb == .remove && history.saw($0, add) }
        }
        return isMember == expected ? nil : "element \(path) is \(isMember), should be \(expected)"
    }

    /// A reset ends its generation: no increment made in that generation or an earlier one counts,
    /// whether the reset had seen it or not.
    private func wrongCounter(_ path: Int, _ sum: Int) -> String? {
        let writes = history.writes(.counters, path)
        let generation =
            writes.map { $0.verb == .reset ? $0.generation + 1 : $0.generation }.max() ?? 0
        let expected = writes.count { $0.verb == .count && $0.generation == generation }
        return sum == expected ? nil : "counter \(path) is \(sum), should be \(expected)"
    }

    private func wrongBounds() -> String? {
        for (index, board) in world.boards.enumerated() where !board.store.replica.removals.isEmpty
        {
            return "board \(index) keeps \(board.store.replica.removals.count) removals at rest"
        }
        guard world.hub.store.replica.removals.count <= world.settings.removalsKept else {
            return "the hub keeps \(world.hub.store.replica.removals.count) removals"
        }
        // One tick for each write and each stamp that was lowered.
        let ticks = 2 * ActionList.lengthMax
        guard world.hub.store.clock <= world.hubTimeMax + world.settings.drift + ticks else {
            return "the hub's clock was dragged to \(world.hub.store.clock)"
        }
        return nil
    }

    private func wrongLog() -> String? {
        for (index, board) in world.boards.enumerated() {
            for sequence in board.store.log.sequences {
                let marks = world.hub.store.log.marks(sequence.epoch)
                if marks.count < sequence.last {
                    return "board \(index) released rows after \(marks.count) of \(sequence.epoch)"
                }
                if marks.contains(.lostByHub), !history.hubHasForgotten {
                    return "rows of \(sequence.epoch) count as lost by a hub that lost nothing"
                }
                if marks.contains(.dropped), !history.rowWasDropped {
                    return "rows of \(sequence.epoch) count as dropped"
                }
            }
        }
        return nil
    }

    private func wrongAlarms() -> String? {
        var alarms = world.hub.alarms
        for board in world.boards where board.alarms.restore { alarms.restore = true }
        if alarms.fork, !history.wasCloned { return "a fork is reported, and there is none" }
        if !alarms.fork, history.wasCloned { return "a fork is not reported" }
        if alarms.restore, !history.wasRestored, !history.wasCloned {
            return "a restored backup is reported, and there is none"
        }
        if !alarms.restore, history.restoreIsDue { return "a restored backup is not reported" }
        if alarms.hubReset, !history.hubHasForgotten {
            return "a hub reset is reported, and there was none"
        }
        return nil
    }

    private static func text(_ value: Int?) -> String { value.map { "\($0)" } ?? "null" }
}
