/// Rules of placement under failure that can be broken, each of which a storm must find.
package enum StormMutant: String, Sendable, CaseIterable {
    /// 45 seconds without a word, whatever the board's habit.
    case oneTimeout = "one-timeout"
    /// Many that fall silent at once are many failures.
    case noCommonCause = "no-common-cause"
    /// The hub gives a lease away before it has ended on the board.
    case grantedEarly = "lease-granted-early"
    /// The board runs on past its lease.
    case unheededEnd = "lease-end-unheeded"
    /// The board counts from the answer's arrival.
    case countedFromArrival = "lease-from-arrival"
    /// Where a board is back, it stops, and its substitute stays.
    case stopsTheOriginal = "original-stopped"
}
