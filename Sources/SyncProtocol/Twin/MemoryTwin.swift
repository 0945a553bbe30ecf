/// A twin held in memory: the smallest thing that keeps the rules. Tests and benchmarks join onto
/// it, and a replica whose state need not outlive the process could.
public final class MemoryTwin: TwinStorage {
    public typealias Failure = Never

    /// The cells of one path. An object, so that looking it up once is enough to change it.
    private final class Place {
        let path: TwinPath
        var cells: [Cell] = []

        init(_ path: TwinPath) { self.path = path }
    }

    /// One write of an epoch. Its cell is gone where the place has it no more.
    private struct Write {
        let counter: UInt64
        let place: Place
    }

    /// One epoch's writes in the order of their counters. Those whose cell was replaced are dead;
    /// they go when they outnumber the living.
    private final class History {
        var writes: [Write] = []
        var removals: [Removal] = []

        /// The first entry with a counter beyond `counter`.
        func index(after counter: UInt64) -> Int {
            var low = 0
            var high = writes.count
            while low < high {
                let middle = (low + high) / 2
                if writes[middle].counter <= counter { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    private var places: [TwinPath: Place] = [:]
    private var histories: [Epoch: History] = [:]
    public private(set) var context = CausalContext()
    /// Cells held.
    public private(set) var count = 0

    public init() {}

    // MARK: Cells

    public func register(_ path: TwinPath) -> Cell? { places[path]?.cells.first }

    public func cells(at path: TwinPath) -> [Cell] { places[path]?.cells ?? [] }

    public func cell(slot: CellSlot, at path: TwinPath) -> Cell? {
        places[path]?.cells.first { $0.slot == slot }
    }

    public func cell(_ dot: Dot) -> Cell? {
        guard let history = histories[dot.epoch], dot.counter > 0 else { return nil }
        let index = history.index(after: dot.counter - 1)
        guard index < history.writes.count, history.writes[index].counter == dot.counter else {
            return nil
        }
        return history.writes[index].place.cells.first { $0.dot == dot }
    }

    public func cells(of epoch: Epoch, since: UInt64, upto: UInt64, limit: Int) -> [Cell] {
        guard let history = histories[epoch] else { return [] }
        var cells: [Cell] = []
        for write in history.writes[history.index(after: since)...] {
            guard write.counter <= upto, cells.count < limit else { break }
            if let cell = Self.living(write, of: epoch) { cells.append(cell) }
        }
        return cells
    }

    @discardableResult
    public func scan(_ body: (Cell) -> Void) -> Int {
        for place in places.values { place.cells.forEach(body) }
        return 0
    }

    @discardableResult
    public func mend() -> Bool { true }

    public func put(_ cell: Cell) {
        let place: Place
        if let known = places[cell.path] {
            place = known
        } else {
            place = Place(cell.path)
            places[cell.path] = place
        }
        if cell.kind.isRegister, !place.cells.isEmpty {
            place.cells[0] = cell
        } else if let index = place.cells.firstIndex(where: { $0.slot == cell.slot }) {
            place.cells[index] = cell
        } else {
            place.cells.append(cell)
            count += 1
        }
        note(cell, at: place)
    }

    public func remove(_ cell: Cell) {
        guard let place = places[cell.path],
            let index = place.cells.firstIndex(where: { $0.dot == cell.dot })
        else { return }
        place.cells.remove(at: index)
        if place.cells.isEmpty { places[cell.path] = nil }
        count -= 1
    }

    /// All paths with their cells, in order.
    public var all: [(path: TwinPath, cells: [Cell])] {
        places.values.sorted { $0.path < $1.path }.map { (path: $0.path, cells: $0.cells) }
    }

    private static func living(_ write: Write, of epoch: Epoch) -> Cell? {
        write.place.cells.first { $0.dot.counter == write.counter && $0.dot.epoch == epoch }
    }

    private func note(_ cell: Cell, at place: Place) {
        let history = history(of: cell.dot.epoch)
        let write = Write(counter: cell.dot.counter, place: place)
        if history.writes.last.map({ $0.counter < write.counter }) ?? true {
            history.writes.append(write)
        } else {
            let index = history.index(after: write.counter - 1)
            if history.writes[index].counter == write.counter {
                history.writes[index] = write
            } else {
                history.writes.insert(write, at: index)
            }
        }
        if history.writes.count > 2 * count + 64 {
            history.writes.removeAll { Self.living($0, of: cell.dot.epoch) == nil }
        }
    }

    private func history(of epoch: Epoch) -> History {
        if let known = histories[epoch] { return known }
        let history = History()
        histories[epoch] = history
        return history
    }

    // MARK: Records and context

    public func removals(_ epoch: Epoch, since: UInt64, upto: UInt64) -> [Removal] {
        (histories[epoch]?.removals ?? [])
            .filter { $0.dot.counter > since && $0.dot.counter <= upto }
    }

    public func keep(_ removal: Removal) {
        let history = history(of: removal.dot.epoch)
        guard !history.removals.contains(where: { $0.dot == removal.dot }) else { return }
        let index =
            history.removals.firstIndex { $0.dot > removal.dot } ?? history.removals.count
        history.removals.insert(removal, at: index)
    }

    public func causalContext() -> CausalContext { context }

    public func seen(_ epoch: Epoch) -> UInt64 { context[epoch] }

    public func advance(_ epoch: Epoch, to counter: UInt64) {
        context.advance(epoch, to: counter)
    }
}
