/// A plan on boards that is made from a flow and then improved, workload by workload.
struct PackingSearch {
    let classes: SlotClasses
    let movement: Double
    /// An unplaced workload costs more than any placed one could.
    let penalty: Double
    /// By workload; -1 is nowhere.
    var boardOf: [Int]
    var free: [Int]
    var residents: [[Int]]
    /// By site.
    let boardsAt: [[Int]]
    var roomAt: [Int]
    let siteOf: [Int]
    /// By row, the sites that have boards, cheapest first.
    let nearest: [[Int32]]

    init(_ classes: SlotClasses, movement: Double) {
        self.classes = classes
        self.movement = movement
        penalty = 10 * ((classes.cost.max() ?? 0) + movement + 1)
        boardOf = Array(repeating: -1, count: classes.size.count)
        free = classes.room
        residents = Array(repeating: [], count: classes.room.count)
        var boardsAt = Array(repeating: [Int](), count: classes.sites)
        var siteOf = Array(repeating: 0, count: classes.room.count)
        for (column, boards) in classes.boards.enumerated() {
            boardsAt[classes.site[column]] += boards
            for board in boards { siteOf[board] = classes.site[column] }
        }
        self.boardsAt = boardsAt
        self.siteOf = siteOf
        roomAt = boardsAt.map { boards in boards.map { classes.room[$0] }.max() ?? 0 }
        guard !classes.isUnitSize else {
            nearest = []
            return
        }
        let used = (0..<Int32(classes.sites)).filter { !boardsAt[Int($0)].isEmpty }
        nearest = classes.members.indices.map { row in
            let base = row * classes.sites
            return used.sorted {
                (classes.cost[base + Int($0)], $0) < (classes.cost[base + Int($1)], $1)
            }
        }
    }

    var assignment: [Int?] { boardOf.map { $0 < 0 ? nil : $0 } }
    var isComplete: Bool { boardOf.allSatisfy { $0 >= 0 } }
    /// What the search lowers: latency, moves, and what is nowhere.
    var total: Double { boardOf.indices.reduce(0) { $0 + cost($1) } }
    /// The latency of what is placed.
    var latency: Double {
        boardOf.indices.reduce(0) { boardOf[$1] < 0 ? $0 : $0 + latency($1, siteOf[boardOf[$1]]) }
    }

    func latency(_ workload: Int, _ site: Int) -> Double {
        classes.cost[classes.row[workload] * classes.sites + site]
    }

    func cost(_ workload: Int) -> Double { cost(workload, on: boardOf[workload]) }

    func cost(_ workload: Int, on board: Int) -> Double {
        guard board >= 0 else { return penalty }
        let stays = classes.before[workload].map { $0 == board } ?? true
        return latency(workload, siteOf[board]) + (stays ? 0 : movement)
    }

    mutating func put(_ workload: Int, on board: Int) {
        guard board >= 0 else { return }
        boardOf[workload] = board
        free[board] -= classes.size[workload]
        residents[board].append(workload)
        measure(siteOf[board])
    }

    mutating func remove(_ workload: Int) {
        let board = boardOf[workload]
        guard board >= 0 else { return }
        boardOf[workload] = -1
        free[board] += classes.size[workload]
        residents[board].removeAll { $0 == workload }
        measure(siteOf[board])
    }

    private mutating func measure(_ site: Int) {
        var most = 0
        for board in boardsAt[site] { most = max(most, free[board]) }
        roomAt[site] = most
    }

    /// Makes boards of columns: who was on a board of its column stays there, the rest goes where
    /// it fits best, large ones first. What the flow split goes to its greatest part.
    mutating func place(_ flow: TransportPlan) {
        var share = Array(repeating: [(column: Int, units: Int)](), count: classes.members.count)
        for part in flow.flows { share[part.row].append((part.column, part.units)) }
        var wanted: [(workload: Int, column: Int)] = []
        for (row, members) in classes.members.enumerated() {
            var parts = share[row].sorted { ($1.units, $0.column) < ($0.units, $1.column) }
            let size = classes.rowSize[row]
            // Who can stay gets the part of its own column first.
            var waiting = members
            if let home = classes.rowBefore[row],
                let mine = parts.firstIndex(where: { $0.column == home })
            {
                parts.swapAt(0, mine)
                waiting.sort { (classes.before[$0] ?? 0, $0) < (classes.before[$1] ?? 0, $1) }
            }
            for part in parts.indices {
                while parts[part].units >= size, let next = waiting.popLast() {
                    parts[part].units -= size
                    wanted.append((next, parts[part].column))
                }
            }
            parts.sort { ($1.units, $0.column) < ($0.units, $1.column) }
            for (next, workload) in waiting.enumerated() where !parts.isEmpty {
                wanted.append((workload, parts[next % parts.count].column))
            }
        }
        wanted.sort {
            (classes.size[$1.workload], $0.workload) < (classes.size[$0.workload], $1.workload)
        }
        var moving: [(workload: Int, column: Int)] = []
        for entry in wanted {
            let home = classes.before[entry.workload]
            if let home, classes.column[home] == entry.column,
                free[home] >= classes.size[entry.workload]
            {
                put(entry.workload, on: home)
            } else {
                moving.append(entry)
            }
        }
        var next = Array(repeating: 0, count: classes.boards.count)
        for entry in moving {
            let boards = classes.boards[entry.column]
            let size = classes.size[entry.workload]
            if classes.isUnitSize {
                // Boards fill up one after the other, so each is passed once.
                while next[entry.column] < boards.count, free[boards[next[entry.column]]] == 0 {
                    next[entry.column] += 1
                }
                if next[entry.column] < boards.count {
                    put(entry.workload, on: boards[next[entry.column]])
                }
            } else if let board = tightest(boards, size) {
                put(entry.workload, on: board)
            }
        }
    }

    /// The board on which least is left over, of those with room.
    func tightest(_ boards: [Int], _ size: Int) -> Int? {
        var best: Int?
        for board in boards where free[board] >= size {
            if best.map({ free[board] < free[$0] }) ?? true { best = board }
        }
        return best
    }

    /// The cheapest board with room, -1 where there is none.
    func cheapest(_ workload: Int) -> Int {
        let size = classes.size[workload]
        let home =
            classes.before[workload].map { free[$0] >= size && classes.column[$0] != nil ? $0 : -1 }
            ?? -1
        for site in nearest[classes.row[workload]] where roomAt[Int(site)] >= size {
            guard let board = tightest(boardsAt[Int(site)], size) else { continue }
            return home >= 0 && cost(workload, on: home) <= cost(workload, on: board) ? home : board
        }
        return -1
    }
}
