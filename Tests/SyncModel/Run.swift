/// What came of a run.
public struct Outcome: Sendable {
    /// What is wrong, or nil.
    public let violation: String?
    public let hub: View
    /// In the order in which the boards came into being; a clone is the last.
    public let boards: [View]
    public let alarms: Alarms
}

extension ActionList {
    /// Plays the list, then lets the system come to rest without faults, and judges it.
    public func run(_ rules: Rules = Rules()) -> Outcome {
        var world = World(self, rules)
        for action in actions { world.act(action) }
        let unrest = world.settle()
        var alarms = world.hub.alarms
        for board in world.boards where board.alarms.restore { alarms.restore = true }
        return Outcome(
            violation: unrest ?? Oracle(world: world).violation(),
            hub: View(world.hub.store.replica), boards: world.boards.map { View($0.store.replica) },
            alarms: alarms)
    }

    /// Leaves out whatever can be left out while something stays wrong.
    public func shrunk(_ rules: Rules = Rules()) -> ActionList {
        var best = self
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            for size in [4, 2, 1] {
                var index = 0
                while index < best.actions.count {
                    var fewer = best
                    fewer.actions.removeSubrange(index..<min(index + size, fewer.actions.count))
                    if fewer.run(rules).violation != nil {
                        best = fewer
                        isSmaller = true
                    } else {
                        index += 1
                    }
                }
            }
        }
        return best
    }
}

/// A search through the random lists of one family.
public struct Search: Sendable {
    public let family: Family
    public let rules: Rules

    public init(_ family: Family, _ rules: Rules = Rules()) {
        self.family = family
        self.rules = rules
    }

    /// The first seed among `runs` from `seed` on at which something is wrong.
    public func firstViolation(from seed: UInt64, runs: Int) -> (run: Int, list: ActionList)? {
        for run in 0..<runs {
            let list = ActionList.random(seed: seed &+ UInt64(run), family: family)
            if list.run(rules).violation != nil { return (run + 1, list) }
        }
        return nil
    }
}
