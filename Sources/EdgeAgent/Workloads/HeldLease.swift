package import Platform

/// A board's side of the lease of a workload that may run once only. It ends by this board's own
/// clock, and no message is needed for that.
///
/// The hub prolongs a lease whenever it hears the board, and the board learns of it by any answer.
/// It counts from the moment it sent what was answered, which is before the hub heard it; so the
/// board's end is never after the hub's, but for the drift of both clocks, for which the hub waits.
package struct HeldLease: Sendable, Hashable {
    package let term: UInt64
    package let span: Milliseconds
    package private(set) var ends: MonotonicTime
    /// For this term it stays so: another board may have the workload by now.
    package private(set) var isOver = false

    /// - Parameter sent: When the last frame that the hub answered was sent; nil where none was
    ///   in this run of the agent, and then the term is over.
    package init(term: UInt64, span: Milliseconds, sent: MonotonicTime?, now: MonotonicTime) {
        self.term = term
        self.span = span
        ends = sent.map { $0 + span } ?? now
        look(now: now)
    }

    /// The hub has answered what was sent at `sent`.
    package mutating func onAnswer(sent: MonotonicTime, now: MonotonicTime) {
        look(now: now)
        if !isOver { ends = max(ends, sent + span) }
    }

    package mutating func look(now: MonotonicTime) {
        if now >= ends { isOver = true }
    }
}
