import Placement
import Platform

/// A day of placement on boards of which a third come and go: the hub's `FleetKeeper` and the
/// boards' `HeldLease` over a network that loses, delays and cuts in one direction. Whole seconds;
/// one seed decides it all.
package struct Storm {
    private enum Event {
        case beat(Int)
        case heard(Int, sent: MonotonicTime, ended: [(workload: String, term: UInt64)])
        case told(Int, StormBoard.Orders, sent: MonotonicTime?)
        case look(Int)
        case death(Int)
    }

    static let interval = 30
    static let tickInterval = 10
    /// As the hub has it.
    static let span: Milliseconds = 900_000
    static let margin: Milliseconds = 45_000
    private static let day = 24 * 3600
    /// Without weather, at the end: by then all is to be in its place.
    private static let quiet = 2 * 3600

    let mutant: StormMutant?
    var random: SplitMix64
    var boards: [StormBoard] = []
    var names: [String] = []
    var indexes: [String: Int] = [:]
    var orders: [StormBoard.Orders] = []
    /// When the hub last heard each board.
    var heard: [Int] = []
    var died: [Int: Int] = [:]
    var keeper: FleetKeeper
    var check: StormCheck
    var second = 0
    private var agenda: [[Event]]
    private var scheduled: [Int?] = []

    package init(seed: UInt64, mutant: StormMutant? = nil, boards count: Int = 200) {
        self.mutant = mutant
        random = SplitMix64(seed: seed)
        check = StormCheck(seed: seed)
        agenda = Array(repeating: [], count: Self.day + Self.quiet + 1)
        var settings = FailurePolicy.Settings()
        if mutant == .oneTimeout { (settings.silenceMin, settings.phiReplace) = (45_000, 0) }
        if mutant == .noCommonCause { settings.commonShare = 2 }
        let margin = mutant == .grantedEarly ? Milliseconds(-600_000) : Self.margin
        keeper = FleetKeeper(
            policy: FailurePolicy(settings, leases: LeaseBook(span: Self.span, margin: margin))
        ) { workload, board in
            // Any order of preference that differs from workload to workload.
            var mixer = SplitMix64(
                seed: (workload + board.id).utf8.reduce(seed) { $0 &* 31 &+ UInt64($1) })
            return Double(mixer.next() % 100)
        }
        for index in 0..<count { addBoard(index, isFlapping: index % 3 == 0) }
        check.report.boards = count
        check.report.flapping = (count + 2) / 3
        check.report.hours = (Self.day + Self.quiet) / 3600
        for _ in 0..<max(1, count / 12) {
            let index = Int.random(in: 0..<count / 3, using: &random) * 3 + 1
            let time = Int.random(in: 3600...23 * 3600, using: &random)
            agenda[time].append(.death(index))
        }
    }

    private mutating func addBoard(_ index: Int, isFlapping: Bool) {
        let name = "b\(index)"
        let weather = StormWeather(end: Self.day, isFlapping: isFlapping, &random)
        let rate = 1 + Double(Int.random(in: -200...200, using: &random)) / 100_000
        boards.append(
            StormBoard(weather, rate: rate, span: Self.span, mutant: mutant))
        names.append(name)
        indexes[name] = index
        orders.append(StormBoard.Orders())
        heard.append(0)
        scheduled.append(nil)
        let resources = BoardResources(milliCPU: 4000, memoryKiB: 4 << 20)
        keeper.join(
            FleetBoard(id: name, zone: "z\(index / 10)", resources: resources),
            expected: Milliseconds.seconds(Int64(Self.interval)), now: now)
        agenda[Int.random(in: 0..<Self.interval, using: &random)].append(.beat(index))
    }

    var now: MonotonicTime { MonotonicTime(milliseconds: Int64(second) * 1000) }

    package mutating func run() -> StormReport {
        addWishes()
        // A mutant is found by its first finding.
        while second < agenda.count, mutant == nil || check.report.findings.isEmpty {
            var position = 0
            // What takes no time is appended to the second that is being carried out.
            while position < agenda[second].count {
                handle(agenda[second][position])
                position += 1
            }
            agenda[second] = []
            if second % Self.tickInterval == 0 { carryOut(keeper.tick(now: now)) }
            second += 1
        }
        if second == agenda.count { check.end(second - 1, keeper) }
        return check.report
    }

    /// A single one for every fifth board, and twice as many replicas.
    private mutating func addWishes() {
        let needs = BoardResources(milliCPU: 500, memoryKiB: 256 << 10)
        for index in 0..<boards.count / 5 {
            for isSingle in [true, false] {
                let wish = FleetKeeper.Wish(
                    FleetWorkload(name: isSingle ? "one-\(index)" : "web-\(index)", needs: needs),
                    replicas: 2, isSingle: isSingle)
                check.add(wish)
                carryOut(keeper.add(wish, now: now))
            }
        }
        check.isInitial = false
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .beat(let board): beat(board)
        case .heard(let board, let sent, let ended):
            if second - heard[board] >= 60 { check.report.silences += 1 }
            heard[board] = second
            carryOut(keeper.hear(names[board], now: now))
            for lease in ended {
                carryOut(
                    keeper.leaseEnded(lease.workload, on: names[board], term: lease.term, now: now))
            }
            tell(board, sent: sent)
        case .told(let board, let new, let sent):
            guard !boards[board].isDead else { return }
            note(board, boards[board].receive(new, sent: sent, second))
        case .look(let board):
            scheduled[board] = nil
            guard !boards[board].isDead else { return }
            note(board, boards[board].look(second))
        case .death(let board):
            guard !boards[board].isDead else { return }
            check.died(board, names[board], boards[board].running, second)
            boards[board].die()
            died[board] = second
        }
    }

    private mutating func beat(_ board: Int) {
        guard !boards[board].isDead else { return }
        schedule(second + Self.interval + Int.random(in: -3...3, using: &random), .beat(board))
        let sky = boards[board].weather.sky(at: second)
        guard sky == .clear || sky == .deaf else { return }
        schedule(
            second + delay(),
            .heard(board, sent: boards[board].clock(second), ended: boards[board].ended))
    }

    /// What the hub sends gets through where the board hears at that moment.
    private mutating func tell(_ board: Int, sent: MonotonicTime?) {
        let sky = boards[board].weather.sky(at: second)
        guard sky == .clear || sky == .mute else { return }
        schedule(second + delay(), .told(board, orders[board], sent: sent))
    }

    /// Now and then a message lies in a queue for minutes; not where it would look like a silence
    /// of its own beside a common one.
    private mutating func delay() -> Int {
        guard StormWeather.common(at: second) == nil, second < Self.day,
            Int.random(in: 0..<20, using: &random) == 0
        else { return 0 }
        return Int.random(in: 5...300, using: &random)
    }

    private mutating func schedule(_ time: Int, _ event: Event) {
        if time < agenda.count { agenda[max(time, second)].append(event) }
    }

    private mutating func note(_ board: Int, _ changes: [StormBoard.Change]) {
        for change in changes { check.note(board, names[board], change, second) }
        guard let due = boards[board].nextEnd else { return }
        // Rounding, or a mutant, may leave it open what was due.
        let end = Swift.max(due, second + 1)
        guard scheduled[board].map({ end < $0 }) ?? true else {
            return
        }
        scheduled[board] = end
        schedule(end, .look(board))
    }

    private mutating func carryOut(_ directives: [FleetKeeper.Directive]) {
        for directive in directives {
            let board: Int?
            switch directive {
            case .start(let place):
                board = indexes[place.board]
                check.placed(place, second, heard: indexes.mapValue(place.substitutes, heard), died)
                if let board { orders[board].terms[place.workload] = place.term ?? 0 }
            case .stop(let workload, let name):
                let target = check.target(workload, name, mutant)
                board = indexes[target]
                if let board { orders[board].terms[workload] = nil }
            }
            guard let board else { continue }
            orders[board].version += 1
            tell(board, sent: nil)
        }
    }
}

extension [String: Int] {
    fileprivate func mapValue(_ name: String?, _ values: [Int]) -> (index: Int, value: Int)? {
        name.flatMap { self[$0] }.map { ($0, values[$0]) }
    }
}
