import EdgeAgent
import Platform

/// A board of the storm: it runs what it was last told, and holds its leases as an agent does.
struct StormBoard {
    /// What the hub wants there, as a whole; the later version wins.
    struct Orders {
        var version = 0
        /// By workload its lease's term; 0 for what has none.
        var terms: [String: UInt64] = [:]
    }

    enum Change {
        case started(String)
        case stopped(String)
        /// By its own clock.
        case leaseEnded(String)
    }

    let weather: StormWeather
    /// Of its clock, against the true time: crystals differ by some parts in ten thousand.
    let rate: Double
    let span: Milliseconds
    let mutant: StormMutant?
    var isDead = false
    private var orders = Orders()
    private(set) var running: Set<String> = []
    private var leases: [String: HeldLease] = [:]
    private var answered: MonotonicTime?

    init(_ weather: StormWeather, rate: Double, span: Milliseconds, mutant: StormMutant?) {
        self.weather = weather
        self.rate = rate
        self.span = span
        self.mutant = mutant
    }

    func clock(_ second: Int) -> MonotonicTime {
        MonotonicTime(milliseconds: Int64(Double(second) * 1000 * rate))
    }

    /// The true second in which a lease ends unless it is prolonged, the earliest of all.
    var nextEnd: Int? {
        leases.values.filter { !$0.isOver }.map(\.ends.milliseconds).min()
            .map { Int((Double($0) / 1000 / rate).rounded(.up)) }
    }

    /// Leases that it let end, which its next message tells of.
    var ended: [(workload: String, term: UInt64)] {
        leases.sorted { $0.key < $1.key }.filter { $0.value.isOver }
            .map { ($0.key, $0.value.term) }
    }

    mutating func die() {
        isDead = true
        running = []
        leases = [:]
    }

    /// - Parameter sent: By its own clock when it sent what is answered; nil where the hub speaks
    ///   unasked.
    mutating func receive(_ new: Orders, sent: MonotonicTime?, _ second: Int) -> [Change] {
        let now = clock(second)
        if let sent {
            let base = mutant == .countedFromArrival ? now : sent
            answered = max(answered ?? base, base)
            for name in Array(leases.keys) {
                leases[name]?.onAnswer(sent: base, now: now)
            }
        }
        if new.version > orders.version { orders = new }
        for (name, term) in orders.terms where term > (leases[name]?.term ?? 0) {
            leases[name] = HeldLease(term: term, span: span, sent: answered, now: now)
        }
        for name in Array(leases.keys) where orders.terms[name] == nil { leases[name] = nil }
        return reconcile()
    }

    /// Time has passed.
    mutating func look(_ second: Int) -> [Change] {
        if mutant == .unheededEnd { return [] }
        let now = clock(second)
        for name in Array(leases.keys) { leases[name]?.look(now: now) }
        return reconcile()
    }

    private mutating func reconcile() -> [Change] {
        var changes: [Change] = []
        for name in running.sorted() {
            if orders.terms[name] == nil {
                running.remove(name)
                changes.append(.stopped(name))
            } else if leases[name]?.isOver == true, mutant != .unheededEnd {
                running.remove(name)
                changes.append(.leaseEnded(name))
            }
        }
        for name in orders.terms.keys.sorted()
        where !running.contains(name) && leases[name]?.isOver != true {
            running.insert(name)
            changes.append(.started(name))
        }
        return changes
    }
}
