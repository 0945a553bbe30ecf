public import Platform

/// Keeps each workload's replicas on boards: signs of life and time go in, starts and stops come
/// out. Whoever carries them out writes them down first.
public struct FleetKeeper: Sendable {
    /// What an operator asked for.
    public struct Wish: Sendable {
        public var workload: FleetWorkload
        public var replicas: Int
        /// It may run once only, and therefore needs a lease.
        public var isSingle: Bool

        /// - Parameter replicas: Of a single one it is 1, whatever is given.
        public init(_ workload: FleetWorkload, replicas: Int = 1, isSingle: Bool = false) {
            self.workload = workload
            self.replicas = isSingle ? 1 : replicas
            self.isSingle = isSingle
        }
    }

    /// A replica on a board.
    public struct Place: Sendable, Hashable {
        public let workload: String
        public let board: String
        /// The silent board that it makes up for.
        public var substitutes: String?
        /// Of its lease; nil for what may run more than once.
        public var term: UInt64?

        public init(
            workload: String, board: String, substitutes: String? = nil, term: UInt64? = nil
        ) {
            self.workload = workload
            self.board = board
            self.substitutes = substitutes
            self.term = term
        }
    }

    public enum Directive: Sendable, Hashable {
        /// The board shall run it. Where it does already this changes no more than the lease's
        /// term, and a board whose lease is not over restarts nothing for that.
        case start(Place)
        case stop(workload: String, board: String)
    }

    /// A replica that has no board yet.
    struct Wait: Sendable, Hashable {
        let workload: String
        /// Whose replica it makes up for.
        let silent: String?
    }

    /// Searches for a board in one tick: each looks at every board.
    static let searchesPerTick = 32

    public internal(set) var placer: FleetPlacer
    public internal(set) var policy: FailurePolicy
    public internal(set) var wishes: [String: Wish] = [:]
    /// By workload.
    var places: [String: [Place]] = [:]
    /// By board, the workloads of its places.
    var residents: [String: Set<String>] = [:]
    var waiting: [Wait] = []
    /// As the caller knows them; suspicion is added before each decision.
    var boards: [String: FleetBoard] = [:]
    let latency: @Sendable (String, FleetBoard) -> Double?

    /// - Parameter latency: By workload and board, the mean RTT from users and data in
    ///   milliseconds; nil where neither measured nor estimated.
    public init(
        policy: FailurePolicy = FailurePolicy(), weights: PlacementWeights = PlacementWeights(),
        latency: @escaping @Sendable (String, FleetBoard) -> Double? = { _, _ in nil }
    ) {
        placer = FleetPlacer(boards: [], weights: weights)
        self.policy = policy
        self.latency = latency
    }

    /// A board that is part of the fleet from now on, or what is known of one that is.
    ///
    /// - Parameter expected: How often it is to be heard.
    public mutating func join(
        _ board: FleetBoard, expected: Milliseconds, now: MonotonicTime
    ) {
        boards[board.id] = board
        placer.join(board)
        policy.join(board.id, expected: expected, now: now)
    }

    /// True before the first board: then there is nothing to keep.
    public var isEmpty: Bool { boards.isEmpty }

    /// Boards that it knows, by id.
    public var boardNames: Set<String> { Set(boards.keys) }

    /// What a board holds by a lease.
    public func leased(on board: String) -> [Place] {
        (residents[board] ?? []).sorted().compactMap { workload in
            places(of: workload).first { $0.board == board && $0.term != nil }
        }
    }

    /// All places, by workload and board.
    public var allPlaces: [Place] {
        places.values.flatMap(\.self).sorted { ($0.workload, $0.board) < ($1.workload, $1.board) }
    }

    public func places(of workload: String) -> [Place] { places[workload] ?? [] }

    /// Replicas that no board can have at present, by workload.
    public func missing(of workload: String) -> Int {
        waiting.count { $0.workload == workload }
    }

    /// A wish that is new; one by this name must have been removed before.
    public mutating func add(_ wish: Wish, now: MonotonicTime) -> [Directive] {
        let name = wish.workload.name
        guard wishes[name] == nil else { return [] }
        wishes[name] = wish
        var out: [Directive] = []
        for _ in 0..<wish.replicas {
            let wait = Wait(workload: name, silent: nil)
            if !place(wait, now, &out) { waiting.append(wait) }
        }
        return out
    }

    /// What an earlier run had placed; call it after `join`, and before `tick`.
    ///
    /// - Parameter terms: By workload the last holder and term of all leases ever given, of
    ///   workloads that are no more as well: a board may still run those.
    public mutating func recall(
        _ wishes: [Wish], _ recalled: [Place], terms: [String: (board: String, term: UInt64)],
        now: MonotonicTime
    ) {
        for wish in wishes { self.wishes[wish.workload.name] = wish }
        for (workload, lease) in terms {
            policy.recallLease(workload, of: lease.board, term: lease.term, now: now)
        }
        for place in recalled where boards[place.board] != nil {
            guard let wish = self.wishes[place.workload] else { continue }
            policy.recall(place.workload, on: place.board, isSingle: wish.isSingle)
            note(place, wish)
        }
        for (name, wish) in self.wishes.sorted(by: { $0.key < $1.key }) {
            let originals = places(of: name).count { $0.substitutes == nil }
            for _ in 0..<max(0, wish.replicas - originals) {
                waiting.append(Wait(workload: name, silent: nil))
            }
        }
    }

    /// The wish and all its replicas. A lease goes on until it ends by the clock, so that one of
    /// the same name starts no earlier.
    public mutating func remove(_ workload: String) -> [Directive] {
        guard wishes[workload] != nil else { return [] }
        var out: [Directive] = []
        for place in places(of: workload) { drop(place, &out) }
        wishes[workload] = nil
        waiting.removeAll { $0.workload == workload }
        return out
    }

    /// Looks at all silences and places what waits for a board.
    public mutating func tick(now: MonotonicTime) -> [Directive] {
        for directive in policy.tick(now: now) {
            switch directive {
            case .addReplica(let workload, let silent), .placeAgain(let workload, let silent):
                waiting.append(Wait(workload: workload, silent: silent))
            case .keep, .retireSubstitute, .stop: break
            }
        }
        var out: [Directive] = []
        let batch = Array(waiting.prefix(Self.searchesPerTick))
        waiting.removeFirst(batch.count)
        for wait in batch where !place(wait, now, &out) { waiting.append(wait) }
        return out
    }

    /// Why a workload is where it is: a decision for each replica, or for the one that waits.
    public func explain(_ workload: String, now: MonotonicTime) -> [PlacementDecision] {
        guard let wish = wishes[workload] else { return [] }
        var copy = self
        copy.judgeBoards(now)
        let homes = places(of: workload).map { Optional($0.board) }
        return (homes.isEmpty ? [nil] : homes).map { home in
            copy.decide(
                wish, current: home,
                lease: policy.leases.holder(of: workload, now: now).map(\.board))
        }
    }
}
