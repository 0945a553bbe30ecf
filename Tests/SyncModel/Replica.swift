/// One replica's copy of the document.
struct Replica: Sendable {
    private(set) var cells: [Cell] = []
    private(set) var context = Context()
    /// In the order in which they came.
    var removals: [Removal] = []

    func current(_ kind: Kind, _ path: UInt8) -> Cell? {
        for cell in cells where cell.kind == kind && cell.path == path { return cell }
        return nil
    }

    func holds(_ dot: Dot) -> Bool { cells.contains { $0.dot == dot } }

    /// What this replica knows of `epoch` beyond `since`.
    func interval(_ epoch: Epoch, since: Int, upto: Int) -> Interval {
        var interval = Interval(
            epoch: epoch, since: since, upto: upto, cells: [],
            removals: removals.filter {
                $0.dot.epoch == epoch && $0.dot.counter > since && $0.dot.counter <= upto
            })
        for cell in cells where interval.spans(cell.dot) { interval.cells.append(cell) }
        return interval
    }

    /// Puts a cell into its slot, unless the slot has a better one.
    mutating func place(_ cell: Cell) {
        for index in cells.indices where cells[index].sharesSlot(with: cell) {
            if cell.replaces(cells[index]) { cells[index] = cell }
            return
        }
        cells.append(cell)
    }

    /// Puts a register's cell into its slot, whatever is there.
    mutating func overwrite(_ cell: Cell) {
        for index in cells.indices where cells[index].sharesSlot(with: cell) {
            cells[index] = cell
            return
        }
        cells.append(cell)
    }

    mutating func drop(where isGone: (Cell) -> Bool) { cells.removeAll(where: isGone) }

    @discardableResult
    mutating func advance(_ epoch: Epoch, to counter: Int, at moment: Int) -> Bool {
        context.advance(epoch, to: counter, at: moment)
    }
}

/// What a writer can do to one path.
public enum Verb: String, Sendable, CaseIterable {
    case report, set, clear, note, add, remove, count, reset

    public var kind: Kind {
        switch self {
        case .report: .reported
        case .set, .clear: .config
        case .note: .notes
        case .add, .remove: .sets
        case .count, .reset: .counters
        }
    }
}

extension Replica {
    /// A local write. Returns its dot, or nil where there is nothing to remove or to reset.
    mutating func write(
        _ verb: Verb, _ path: UInt8, value: Int, by epoch: Epoch, clock: Int, at moment: Int,
        _ rules: Rules
    ) -> Dot? {
        let dot = Dot(epoch: epoch, counter: context[epoch] + 1)
        let held = cells.filter { $0.kind == verb.kind && $0.path == path }
        func cell(_ stamp: Int, _ value: Int?) -> Cell {
            Cell(kind: verb.kind, path: path, dot: dot, stamp: stamp, value: value)
        }
        switch verb {
        case .report:
            overwrite(cell(rules[.lamport] ? 1 + (held.first?.stamp ?? 0) : 0, value))
        case .set: overwrite(cell(clock, value))
        case .clear: overwrite(cell(clock, nil))
        case .note, .add:
            remove(held.map(\.dot).filter { $0.epoch != epoch }, verb.kind, path, by: dot, rules)
            place(cell(0, value))
        case .remove:
            guard !held.isEmpty else { return nil }
            remove(held.map(\.dot), verb.kind, path, by: dot, rules)
        case .count:
            let generation = held.map(\.stamp).max() ?? 0
            let own = held.first { $0.dot.epoch == epoch && $0.stamp == generation }
            place(cell(generation, 1 + (own?.value ?? 0)))
        case .reset:
            let generation = held.map(\.stamp).max() ?? 0
            // One that has ended is not ended again: counts on their way to it stay.
            guard held.contains(where: { $0.stamp == generation && $0.value != nil }) else {
                return nil
            }
            place(cell(rules[.generations] ? generation + 1 : generation, nil))
        }
        advance(epoch, to: dot.counter, at: moment)
        return dot
    }

    private mutating func remove(
        _ dots: [Dot], _ kind: Kind, _ path: UInt8, by dot: Dot, _ rules: Rules
    ) {
        guard !dots.isEmpty else { return }
        let removal = Removal(dot: dot, kind: kind, path: path, removed: dots)
        removals.append(removal)
        drop { removal.removes($0, rules) }
    }

    /// Folds the counter cells of dead epochs into one. Unsound: whoever folds the same cells in
    /// another lineage counts them twice.
    mutating func foldCounters(of owner: Owner, into epoch: Epoch, at moment: Int) {
        for path: UInt8 in 0..<2 {
            let held = cells.filter { $0.kind == .counters && $0.path == path }
            let dead = held.filter { $0.dot.epoch.owner == owner && $0.dot.epoch != epoch }
            guard !dead.isEmpty, let generation = held.map(\.stamp).max() else { continue }
            let sum = dead.filter { $0.stamp == generation }.reduce(0) { $0 + ($1.value ?? 0) }
            let dot = Dot(epoch: epoch, counter: context[epoch] + 1)
            removals.append(
                Removal(dot: dot, kind: .counters, path: path, removed: dead.map(\.dot)))
            drop { cell in dead.contains { $0.dot == cell.dot } }
            place(
                Cell(kind: .counters, path: path, dot: dot, stamp: generation, value: sum))
            advance(epoch, to: dot.counter, at: moment)
        }
    }
}
