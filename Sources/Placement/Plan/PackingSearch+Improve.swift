extension PackingSearch {
    /// The nearest sites that an ejection looks at: what lies farther seldom gains.
    private static let sitesTried = 48

    /// Optimal flows of one size at a time, ejections, then taking out and putting back.
    mutating func improve(
        bound: Double?, enough: Double, rounds: Int, using random: inout some RandomNumberGenerator
    ) {
        let large = classes.size.indices.sorted { (classes.size[$1], $0) < (classes.size[$0], $1) }
        for workload in large where boardOf[workload] < 0 {
            put(workload, on: cheapest(workload))
        }
        let target = (bound ?? 0) * (1 + enough)
        settle()
        guard !boardOf.isEmpty else { return }
        var done = 0
        while done < rounds, total > target {
            for _ in 0..<min(1_000, rounds - done) { shuffle(using: &random) }
            done += 1_000
        }
        settle()
    }

    /// Until neither flows nor ejections gain; a few times at most, for each gains something.
    private mutating func settle() {
        let sizes = Array(Set(classes.size)).sorted(by: >)
        for _ in 0..<3 {
            let before = total
            for size in sizes { reflow(size) }
            for workload in boardOf.indices { eject(for: workload) }
            if total >= before - 1e-9 { return }
        }
    }

    /// Places all workloads of one size anew, exactly, in what the others leave.
    private mutating func reflow(_ size: Int) {
        let rows = classes.members.indices.filter { classes.rowSize[$0] == size }
        let kept = boardOf
        let before = total
        for row in rows { for workload in classes.members[row] { remove(workload) } }
        var sites: [Int] = []
        var capacity: [Int] = []
        for site in boardsAt.indices where roomAt[site] >= size {
            sites.append(site)
            capacity.append(boardsAt[site].reduce(0) { $0 + free[$1] / size })
        }
        var cost: [Double] = []
        cost.reserveCapacity(rows.count * sites.count)
        for row in rows {
            let home = classes.rowBeforeSite[row]
            for site in sites {
                let moved = home != nil && home != site ? movement : 0
                cost.append(classes.cost[row * classes.sites + site] + moved)
            }
        }
        let plan = TransportProblem(
            supply: rows.map { classes.members[$0].count }, capacity: capacity, cost: cost
        ).solved()
        var waiting = rows.map { classes.members[$0] }
        var late: [(Int, Int)] = []
        for flow in plan.flows {
            for _ in 0..<flow.units {
                guard let workload = waiting[flow.row].popLast() else { break }
                late.append((workload, sites[flow.column]))
            }
        }
        for pass in 0..<2 {
            for (workload, site) in late where boardOf[workload] < 0 {
                let home = classes.before[workload] ?? -1
                if home >= 0, siteOf[home] == site, free[home] >= size {
                    put(workload, on: home)
                } else if pass == 1, let board = tightest(boardsAt[site], size) {
                    put(workload, on: board)
                }
            }
        }
        if total > before + 1e-9 {
            for row in rows { for workload in classes.members[row] { remove(workload) } }
            for row in rows {
                for workload in classes.members[row] { put(workload, on: kept[workload]) }
            }
        }
    }

    /// Moves a workload to a nearer site, where need be by moving one or two others away from
    /// there, when all together gain.
    private mutating func eject(for workload: Int) {
        let here = cost(workload)
        let size = classes.size[workload]
        for position in nearest[classes.row[workload]].indices.prefix(Self.sitesTried) {
            let site = Int(nearest[classes.row[workload]][position])
            guard latency(workload, site) < here - 1e-9 else { return }
            for board in boardsAt[site] where classes.room[board] >= size {
                guard board != boardOf[workload] else { continue }
                let gain = here - cost(workload, on: board)
                guard gain > 1e-9 else { continue }
                for leaving in victims(on: board, size: size) {
                    if exchange(workload, board, leaving, gain) { return }
                }
            }
        }
    }

    /// Sets of at most two whose leaving makes room for `size`.
    private func victims(on board: Int, size: Int) -> [[Int]] {
        let missing = size - free[board]
        if missing <= 0 { return [[]] }
        let all = residents[board].prefix(24)
        var sets: [[Int]] = []
        for (index, first) in all.enumerated() {
            if classes.size[first] >= missing {
                sets.append([first])
            } else {
                for second in all.dropFirst(index + 1)
                where classes.size[second] < missing
                    && classes.size[first] + classes.size[second] >= missing
                {
                    sets.append([first, second])
                }
            }
        }
        return sets
    }

    private mutating func exchange(
        _ workload: Int, _ board: Int, _ leaving: [Int], _ gain: Double
    ) -> Bool {
        let home = boardOf[workload]
        var left = gain
        for victim in leaving { left += cost(victim) }
        remove(workload)
        for victim in leaving { remove(victim) }
        put(workload, on: board)
        for victim in leaving {
            let place = cheapest(victim)
            left -= cost(victim, on: place)
            put(victim, on: place)
        }
        if left > 1e-9 { return true }
        remove(workload)
        for victim in leaving {
            remove(victim)
        }
        for victim in leaving { put(victim, on: board) }
        put(workload, on: home)
        return false
    }

    /// Takes some workloads of one neighbourhood out and puts them back, large ones first or in
    /// any order; undone where that costs more.
    private mutating func shuffle(using random: inout some RandomNumberGenerator) {
        let first = Int.random(in: boardOf.indices, using: &random)
        let near = nearest[classes.row[first]]
        guard !near.isEmpty else { return }
        let count = Int.random(in: 3...10, using: &random)
        var taken = [first]
        var site = Int.random(in: 0..<min(4, near.count), using: &random)
        while taken.count < count, site < min(near.count, 64) {
            for board in boardsAt[Int(near[site])] {
                for resident in residents[board]
                where resident != first && taken.count < count && Bool.random(using: &random) {
                    taken.append(resident)
                }
            }
            site += 1
        }
        let homes = taken.map { boardOf[$0] }
        let before = taken.reduce(0) { $0 + cost($1) }
        for workload in taken { remove(workload) }
        var order = Array(taken.indices)
        order.shuffle(using: &random)
        if Bool.random(using: &random) {
            order.sort { (classes.size[taken[$1]], $0) < (classes.size[taken[$0]], $1) }
        }
        for index in order { put(taken[index], on: cheapest(taken[index])) }
        let after = taken.reduce(0) { $0 + cost($1) }
        if after <= before + 1e-12 { return }
        for workload in taken { remove(workload) }
        for (workload, home) in zip(taken, homes) { put(workload, on: home) }
    }
}
