public import Platform

/// Who may run what must run once only. A lease ends by the clock or by its holder's word, never by
/// a suspicion: a board that is cut off runs on by its lease, and stops by itself when it ends.
public struct LeaseBook: Sendable {
    public struct Lease: Sendable, Hashable {
        public let board: String
        /// Rises with each grant, so that a late holder is known as such.
        public let term: UInt64
        /// The end by the hub's clock, the margin included.
        public let ends: MonotonicTime
    }

    /// How long a lease lasts by the holder's clock.
    public let span: Milliseconds
    /// Clocks differ, and the holder counts from when it got the lease: the hub waits longer.
    public let margin: Milliseconds
    private var leases: [String: Lease] = [:]
    private var terms: [String: UInt64] = [:]

    public init(span: Milliseconds = 60_000, margin: Milliseconds = 5_000) {
        self.span = span
        self.margin = margin
    }

    /// The lease of this moment, nil where the workload is free.
    public func holder(of workload: String, now: MonotonicTime) -> Lease? {
        leases[workload].flatMap { $0.ends > now ? $0 : nil }
    }

    /// A lease for a board, or its own prolonged; nil while another holds it.
    public mutating func grant(
        _ workload: String, to board: String, now: MonotonicTime
    ) -> Lease? {
        let held = holder(of: workload, now: now)
        if let held, held.board != board { return nil }
        let term = held?.term ?? ((terms[workload] ?? 0) + 1)
        terms[workload] = term
        let lease = Lease(board: board, term: term, ends: now + span + margin)
        leases[workload] = lease
        return lease
    }

    /// A lease of an earlier run of the hub: it may have been prolonged at that run's last moment.
    mutating func recall(_ workload: String, board: String, term: UInt64, now: MonotonicTime) {
        guard term > (terms[workload] ?? 0) else { return }
        terms[workload] = term
        leases[workload] = Lease(board: board, term: term, ends: now + span + margin)
    }

    /// The holder has stopped and says so; anybody else's word changes nothing.
    @discardableResult public mutating func release(
        _ workload: String, by board: String, term: UInt64
    ) -> Bool {
        guard let lease = leases[workload], lease.board == board, lease.term == term else {
            return false
        }
        leases[workload] = nil
        return true
    }
}
