extension TwinStorage {
    /// Takes away what no rule can have put here: cells of writes that were never seen, several of
    /// one write, values that their kind cannot hold, writes that their writer may not make, and
    /// what a removal record names that is held here. First of all in a repair: the other side has
    /// what is right of it, or nobody.
    public func scrub() throws(Failure) -> [Cell] {
        try mend()
        let context = try causalContext()
        let removed = try removedDots()
        var alien: [Cell] = []
        var known: [Dot: Int] = [:]
        try scan { known[$0.dot, default: 0] += 1 }
        try scan { cell in
            let isSeen = cell.dot.counter > 0 && context.covers(cell.dot)
            let isRemoved = cell.kind.hasRemovals && removed.contains(cell.dot)
            let isOne = known[cell.dot] == 1
            let isAllowed = cell.path.isWritable(by: cell.dot.epoch.role)
            if !isSeen || !isOne || !isAllowed || isRemoved || !cell.isWellFormed {
                alien.append(cell)
            }
        }
        for cell in alien { try remove(cell) }
        return alien
    }

    /// What the removal records that are held here name.
    public func removedDots() throws(Failure) -> Set<Dot> {
        var removed: Set<Dot> = []
        for entry in try causalContext().sorted {
            for removal in try removals(entry.epoch, since: 0, upto: entry.counter) {
                removed.formUnion(removal.removed)
            }
        }
        return removed
    }

    /// Whether a cell that the other side holds is to be taken, where both have seen the same
    /// writes. Neither can be known to be right, so nothing that one of them has is lost: a cell
    /// that was missing comes back, and of those of which one alone can stay the greatest does,
    /// whether they are in one slot or bear one dot. Slot by slot, two writes that lie crosswise
    /// would each hold out against the other.
    ///
    /// - Parameter isFromHub: Of one write in its slot in two versions the hub's stays: others have
    ///   it from there, and it may have lowered the stamp.
    public func takes(_ cell: Cell, isFromHub: Bool) throws(Failure) -> Bool {
        // Of a write that was not seen here, its delta will tell.
        guard cell.dot.counter > 0, cell.dot.counter <= (try seen(cell.dot.epoch)) else {
            return false
        }
        for rival in try rivals(of: cell) {
            guard rival != cell else { return false }
            let isVersion = rival.dot == cell.dot && rival.path == cell.path
            if isVersion, rival.slot == cell.slot {
                guard isFromHub else { return false }
            } else if !cell.outranks(rival) {
                return false
            }
        }
        return true
    }

    /// Puts a cell that is to be taken, in the place of all that cannot stay beside it.
    public func restore(_ cell: Cell, _ outcome: inout JoinOutcome) throws(Failure) {
        for rival in try rivals(of: cell) where rival.path != cell.path || rival.slot != cell.slot {
            try remove(rival)
            outcome.removed.append(rival)
        }
        try put(cell)
        outcome.changed.append(cell)
    }

    /// What lies in the cell's slot, and what bears its dot.
    private func rivals(of cell: Cell) throws(Failure) -> [Cell] {
        let current =
            try cell.kind.isRegister
            ? register(cell.path) : self.cell(slot: cell.slot, at: cell.path)
        let version = try self.cell(cell.dot)
        return [current, version == current ? nil : version].compactMap { $0 }
    }

    /// What is held in the leaves and the hub did not tell, up to about `bytes`; beside it the
    /// leaves that it had no room for.
    public func surplus(
        over told: [Cell], in leaves: [CellRange], bytes: Int
    ) throws(Failure) -> (cells: [Cell], left: [CellRange]) {
        #if EDGE_MUTANTS
            if SyncMutant.active == .surplusKept { return ([], []) }
        #endif
        let known = Set(told)
        var cells: [Cell] = []
        var left: Set<CellRange> = []
        var size = 0
        for cell in try self.cells(in: leaves) where !known.contains(cell) {
            size += Self.size(cell)
            if size <= bytes || cells.isEmpty {
                cells.append(cell)
            } else if let leaf = leaves.first(where: { $0.contains(cell) }) {
                left.insert(leaf)
            }
        }
        return (cells, leaves.filter { left.contains($0) && $0.depth < CellRange.depthMaximum })
    }
}

extension Cell {
    /// An order of all cells that agrees in each slot with the one by which writes win there: both
    /// sides then keep the same of any that cannot stay together.
    fileprivate func outranks(_ other: Cell) -> Bool {
        let (ours, theirs) = (rank, other.rank)
        guard let place = ours.indices.first(where: { ours[$0] != theirs[$0] }) else {
            return false
        }
        return ours[place] > theirs[place]
    }

    private var rank: [UInt64] {
        let dot = [self.dot.epoch.nonce, self.dot.counter]
        let order = kind.isRegister ? [stamp] + dot : dot + [stamp]
        return [UInt64(kind.rawValue)] + order + [digest]
    }
}
