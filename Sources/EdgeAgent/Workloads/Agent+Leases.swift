import Platform
import SyncProtocol

extension Agent {
    private static let leasePrefix = "reported/leases/"
    /// From its lease's end to the process's: the second until an exit is looked for.
    private static let stopAllowance: Milliseconds = 2000

    /// When the first lease ends unless the hub answers before.
    var leaseDue: MonotonicTime? {
        leases.values.filter { !$0.isOver }.map(\.ends).min()
    }

    /// The hub has answered something, which prolongs what is not over.
    func prolongLeases() {
        guard let sent = sync.session.answered, answered.map({ sent > $0 }) ?? true else { return }
        answered = sent
        for name in Array(leases.keys) { leases[name]?.onAnswer(sent: sent, now: now) }
    }

    /// Whether a workload with a lease may run now; the hub is told where it may not, and gives
    /// another term where the board is still the one meant.
    func holdsLease(_ name: String, _ spec: WorkloadSpec) -> Bool {
        guard let lease = spec.lease else { return true }
        if leases[name].map({ $0.term < lease.term }) ?? true {
            // The process may take its grace to end, and must be gone when the lease is.
            let span = lease.span - spec.stopGrace - Self.stopAllowance
            leases[name] = HeldLease(term: lease.term, span: span, sent: answered, now: now)
        }
        leases[name]?.look(now: now)
        // A term before the one held is of a hub that was put back to an earlier state.
        let holds = leases[name].map { $0.term == lease.term && !$0.isOver } ?? false
        tell(
            name,
            .object([
                ("state", .string(holds ? "held" : "ended")), ("term", .int(Int64(lease.term))),
            ]))
        return holds
    }

    func forgetLeases(keeping names: Set<String>) {
        for name in Array(leases.keys) where !names.contains(name) {
            leases[name] = nil
            tell(name, .null)
        }
    }

    private func tell(_ name: String, _ value: Value) {
        guard let path = try? TwinPath(Self.leasePrefix + name),
            (stage.staged(path) ?? current(path) ?? .null) != value
        else { return }
        write(path, value, .event)
    }
}
