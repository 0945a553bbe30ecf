/// What really happened, which no part of the system can see.
struct History: Sendable {
    struct Write: Sendable {
        let verb: Verb
        let path: Int
        let dot: Dot
        /// The writes that its writer had seen, one bit each.
        let past: UInt64
        /// `counters`: the generation that it counts in, or that it ends.
        let generation: Int
        /// Its number; what registers and notes have as their value.
        let number: Int
    }

    /// At most 64, one bit each.
    private(set) var writes: [Write] = []
    private(set) var wasCloned = false
    private(set) var wasRestored = false
    private(set) var hubHasForgotten = false
    private(set) var rowWasDropped = false
    /// A restored board lacks own writes that the hub has, and both will stay so until it speaks.
    private(set) var restoreIsDue = false
    /// The writes that some replica still has when the faults end, or that were in flight then.
    private(set) var surviving: UInt64 = 0

    var nextNumber: Int { writes.count + 1 }

    mutating func record(_ verb: Verb, _ path: Int, _ dot: Dot, _ before: Replica) {
        var past: UInt64 = 0
        for (index, write) in writes.enumerated() where before.context.covers(write.dot) {
            past |= 1 << UInt64(index)
        }
        var generation = 0
        for cell in before.cells where cell.kind == .counters && Int(cell.path) == path {
            generation = max(generation, cell.stamp)
        }
        writes.append(
            Write(
                verb: verb, path: path, dot: dot, past: past, generation: generation,
                number: writes.count + 1))
    }

    mutating func droppedRow() { rowWasDropped = true }
    mutating func cloned() { wasCloned = true }

    mutating func hubForgot() {
        hubHasForgotten = true
        restoreIsDue = false
    }

    mutating func restored(_ board: Board, _ hub: Hub) {
        wasRestored = true
        restoreIsDue = hub.store.replica.context.entries.contains {
            $0.epoch.owner == board.owner && $0.counter > board.store.replica.context[$0.epoch]
        }
    }

    mutating func noteSurvivors(_ hub: Hub, _ boards: [Board]) {
        for (index, write) in writes.enumerated() {
            let isKnown =
                hub.store.replica.context.covers(write.dot)
                || boards.contains { $0.store.replica.context.covers(write.dot) }
            if isKnown { surviving |= 1 << UInt64(index) }
        }
    }

    /// The surviving writes of a kind to a path.
    func writes(_ kind: Kind, _ path: Int) -> [Write] {
        writes.indices.filter { surviving & (1 << UInt64($0)) != 0 }.map { writes[$0] }
            .filter { $0.verb.kind == kind && $0.path == path }
    }

    func saw(_ later: Write, _ earlier: Write) -> Bool {
        later.past & (1 << UInt64(earlier.number - 1)) != 0
    }

    /// Writes that no other one had seen.
    func maximal(_ writes: [Write]) -> [Write] {
        writes.filter { write in !writes.contains { saw($0, write) } }
    }
}
