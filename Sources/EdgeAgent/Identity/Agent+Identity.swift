import Platform

extension Agent {
    /// Comes back once the agent has had a turn: whoever waits knows that it is not stuck.
    public func turn() {}

    /// Puts into the log what became of a renewal. The same failure twice is one row: a hub that is
    /// away for months is no news.
    public func onRenewal(_ outcome: IdentityRenewal.Outcome) {
        switch outcome {
        case .idle: return
        case .renewed(let until):
            renewalFailure = nil
            event("identity.renewed", [("until", .string(RFC3339.text(until)))])
        case .failed(let reason):
            guard renewalFailure != reason else { return }
            renewalFailure = reason
            event("identity.renewal_failed", [("reason", .string(reason))])
        }
        settle()
    }
}
