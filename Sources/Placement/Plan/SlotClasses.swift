/// An instance with what is alike put together: boards of a site that the same sizes fit into are a
/// column, workloads of the same users and size are a row.
struct SlotClasses {
    /// Sizes and slots are divided by this; workloads of one size become units.
    let unit: Int
    /// By workload.
    let size: [Int]
    let row: [Int]
    /// By board; what of its slots can be filled at all, and its column, nil where nothing fits.
    let room: [Int]
    let column: [Int?]
    /// By column.
    let site: [Int]
    let boards: [[Int]]
    let columnRoom: [Int]
    let fits: [Int]
    /// By row.
    let members: [[Int]]
    let rowSize: [Int]
    /// By row, the row's column before, nil where it was nowhere.
    let rowBefore: [Int?]
    let rowBeforeSite: [Int?]
    let before: [Int?]
    /// Row after row, by site.
    let cost: [Double]
    let sites: Int

    var isUnitSize: Bool { size.allSatisfy { $0 == 1 } }

    /// - Parameter before: By workload, the board that it is on; a plan then tells stayers apart.
    init(_ instance: SlotInstance, _ matrix: LatencyMatrix, before: [Int?]? = nil) {
        sites = matrix.sites
        let unit = instance.workloads.reduce(0) { Self.divisor($0, $1.size) }
        self.unit = max(unit, 1)
        let size = instance.workloads.map { $0.size / max(unit, 1) }
        self.size = size
        let reachable = Self.reachable(Array(Set(size)).sorted())
        let room = instance.boards.map { reachable($0.slots / max(unit, 1)) }
        self.room = room
        self.before = before ?? Array(repeating: nil, count: size.count)
        let distinct = Array(Set(size)).sorted()

        var load = Array(repeating: 0, count: room.count)
        for (workload, board) in self.before.enumerated() {
            if let board { load[board] += size[workload] }
        }
        var columns: [[Int]: Int] = [:]
        var column: [Int?] = []
        var site: [Int] = []
        var boards: [[Int]] = []
        var columnRoom: [Int] = []
        var fits: [Int] = []
        for (index, board) in instance.boards.enumerated() {
            let fitting = distinct.last { $0 <= room[index] } ?? 0
            guard fitting > 0 else {
                column.append(nil)
                continue
            }
            // A board that lost room cannot keep all it had, so its stayers are counted apart.
            let key = [board.site, fitting, load[index] > room[index] ? index : -1]
            let place = columns[key] ?? site.count
            if place == site.count {
                columns[key] = place
                site.append(board.site)
                boards.append([])
                columnRoom.append(0)
                fits.append(fitting)
            }
            column.append(place)
            boards[place].append(index)
            columnRoom[place] += room[index]
        }
        self.column = column
        self.site = site
        self.boards = boards
        self.columnRoom = columnRoom
        self.fits = fits

        var rows: [[Int]: Int] = [:]
        var row: [Int] = []
        var members: [[Int]] = []
        var rowBefore: [Int?] = []
        for (index, workload) in instance.workloads.enumerated() {
            let home = self.before[index].flatMap { column[$0] }
            let key = workload.users.sorted() + [-1 - size[index], home ?? -1]
            let place = rows[key] ?? members.count
            if place == members.count {
                rows[key] = place
                members.append([])
                rowBefore.append(home)
            }
            row.append(place)
            members[place].append(index)
        }
        self.row = row
        self.members = members
        self.rowBefore = rowBefore
        rowBeforeSite = rowBefore.map { $0.map { site[$0] } }
        rowSize = members.map { size[$0[0]] }
        let heads = members.map { instance.workloads[$0[0]] }
        cost = Self.costs(heads, matrix)
    }

    private static func costs(
        _ workloads: [SlotInstance.Workload], _ matrix: LatencyMatrix
    ) -> [Double] {
        let sites = matrix.sites
        var out = Array(repeating: 0.0, count: workloads.count * sites)
        out.withUnsafeMutableBufferPointer { out in
            matrix.values.withUnsafeBufferPointer { values in
                for (index, workload) in workloads.enumerated() {
                    let base = index * sites
                    for user in workload.users {
                        for site in 0..<sites { out[base + site] += values[user * sites + site] }
                    }
                    let share = Double(workload.users.count)
                    for site in 0..<sites { out[base + site] /= share }
                }
            }
        }
        return out
    }

    /// The flow relaxation: a row's units may be spread over boards. Exact for one size.
    func relaxation(movement: Double = 0) -> TransportProblem {
        var cost = Array(repeating: Double.infinity, count: members.count * site.count)
        for row in members.indices {
            let size = Double(rowSize[row])
            for column in site.indices where fits[column] >= rowSize[row] {
                var here = self.cost[row * sites + site[column]]
                if let home = rowBefore[row], home != column { here += movement }
                cost[row * site.count + column] = here / size
            }
        }
        return TransportProblem(
            supply: members.indices.map { members[$0].count * rowSize[$0] },
            capacity: columnRoom, cost: cost)
    }

    private static func divisor(_ left: Int, _ right: Int) -> Int {
        var (a, b) = (left, right)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }

    /// The greatest sum of sizes that fits into so many slots: three slots are two to workloads of
    /// two and four. It makes the relaxation's bound tighter and stays true.
    private static func reachable(_ sizes: [Int]) -> (Int) -> Int {
        let limit = 256
        guard let least = sizes.first, least > 1 else { return { $0 } }
        var best = Array(repeating: 0, count: limit + 1)
        for slots in 1...limit {
            best[slots] = best[slots - 1]
            for size in sizes where size <= slots && best[slots - size] == slots - size {
                best[slots] = slots
            }
        }
        return { $0 <= limit ? best[$0] : $0 }
    }
}
