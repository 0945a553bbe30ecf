/// Boards with what runs on them, and single decisions about them. A decision looks at each board
/// once, which for ten thousand takes about a millisecond.
public struct FleetPlacer: Sendable {
    public let weights: PlacementWeights
    public private(set) var boards: [FleetBoard]
    private var free: [BoardResources]
    private var residents: [[FleetWorkload]]
    private var places: [String: Int] = [:]
    /// By workload, the boards of its replicas.
    private var homes: [String: [Int]] = [:]

    /// - Parameter boards: Of two with one id the first counts.
    public init(boards: [FleetBoard], weights: PlacementWeights = PlacementWeights()) {
        self.weights = weights
        var kept: [FleetBoard] = []
        for board in boards where places[board.id] == nil {
            places[board.id] = kept.count
            kept.append(board)
        }
        self.boards = kept
        free = kept.map(\.resources)
        residents = Array(repeating: [], count: kept.count)
    }

    /// The boards that run a workload.
    public func boards(of workload: String) -> [String] {
        (homes[workload] ?? []).map { boards[$0].id }
    }

    /// Notes that a workload runs on a board, whether it should or not; false for an unknown board
    /// or one that has it already.
    @discardableResult public mutating func add(_ workload: FleetWorkload, to board: String) -> Bool
    {
        guard let place = places[board],
            !residents[place].contains(where: { $0.name == workload.name })
        else { return false }
        residents[place].append(workload)
        free[place] = free[place] - workload.needs
        homes[workload.name, default: []].append(place)
        return true
    }

    @discardableResult public mutating func remove(_ workload: String, from board: String) -> Bool {
        guard let place = places[board],
            let resident = residents[place].firstIndex(where: { $0.name == workload })
        else { return false }
        free[place] = free[place] + residents[place][resident].needs
        residents[place].remove(at: resident)
        homes[workload]?.removeAll { $0 == place }
        return true
    }

    /// A board that is new, or what is known of one that is not.
    public mutating func join(_ board: FleetBoard) {
        guard places[board.id] == nil else { return update(board) }
        places[board.id] = boards.count
        boards.append(board)
        free.append(board.resources)
        residents.append([])
    }

    public func board(_ id: String) -> FleetBoard? { places[id].map { boards[$0] } }

    /// Replaces what is known of a board, not what runs there.
    public mutating func update(_ board: FleetBoard) {
        guard let place = places[board.id] else { return }
        free[place] = free[place] + (board.resources - boards[place].resources)
        boards[place] = board
    }

    /// The best board for one more replica.
    ///
    /// - Parameters:
    ///   - current: Where it runs now, if it is to be moved at all; that place is weighed as well.
    ///   - lease: The board that holds the workload's lease, which no other may take.
    ///   - latency: By the board's place in `boards`, the mean RTT from users and data in
    ///     milliseconds; nil where neither measured nor estimated.
    public func decide(
        _ workload: FleetWorkload, current: String? = nil, lease: String? = nil,
        latency: (Int) -> Double?
    ) -> PlacementDecision {
        let home = current.flatMap { places[$0] }
        var inZone: [String: Int] = [:]
        for place in homes[workload.name] ?? [] where place != home {
            inZone[boards[place].zone, default: 0] += 1
        }
        var best: [(total: Double, place: Int)] = []
        var refused: [PlacementRefusal: Int] = [:]
        for place in boards.indices {
            if let refusal = refusal(workload, at: place, home: home, lease: lease) {
                refused[refusal, default: 0] += 1
                continue
            }
            let total = candidate(workload, place, home, inZone, latency(place)).total
            // Four are kept in order; most boards are worse than all of them.
            if best.count == 4, let last = best.last, total > last.total { continue }
            let entry = (total: total, place: place)
            let index = best.firstIndex { isBefore(entry, $0) } ?? best.count
            best.insert(entry, at: index)
            if best.count > 4 { best.removeLast() }
        }
        return PlacementDecision(
            workload: workload.name,
            candidates: best.map { candidate(workload, $0.place, home, inZone, latency($0.place)) },
            refused: refused)
    }

    private func isBefore(_ a: (total: Double, place: Int), _ b: (total: Double, place: Int))
        -> Bool
    {
        (a.total, boards[a.place].id) < (b.total, boards[b.place].id)
    }

    private func refusal(
        _ workload: FleetWorkload, at place: Int, home: Int?, lease: String?
    ) -> PlacementRefusal? {
        if let lease, lease != boards[place].id { return .lease }
        guard place == home else {
            return workload.refusal(
                boards[place], free: free[place], residents: residents[place])
        }
        // Where it runs already it is not in its own way.
        return workload.refusal(
            boards[place],
            free: residents[place].first { $0.name == workload.name }
                .map { free[place] + $0.needs } ?? free[place],
            residents: residents[place].filter { $0.name != workload.name })
    }

    private func candidate(
        _ workload: FleetWorkload, _ place: Int, _ home: Int?, _ inZone: [String: Int],
        _ latency: Double?
    ) -> PlacementDecision.Candidate {
        let board = boards[place]
        let watts = board.milliwattsPerCore * Double(workload.needs.milliCPU) / 1_000_000
        let heat = max(0, (board.temperature ?? weights.comfort) - weights.comfort)
        let known = latency.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
        return PlacementDecision.Candidate(
            board: board.id,
            latency: weights.latency * (known ?? weights.unknownLatency),
            energy: weights.energy * watts,
            temperature: weights.temperature * heat,
            battery: weights.battery * (1 - min(max(board.battery ?? 1, 0), 1)),
            movement: home == nil || home == place ? 0 : weights.movement,
            spread: inZone.isEmpty ? 0 : weights.spread * Double(inZone[board.zone] ?? 0))
    }
}
