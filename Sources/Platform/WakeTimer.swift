/// The seam to timers: one deadline, set again as often as wanted. An idle process then sleeps
/// until there is something to do.
public protocol WakeTimer: Sendable {
    /// One element each time a deadline has passed. One consumer.
    var wakes: AsyncStream<Void> { get }
    /// Replaces the deadline; nil for none.
    func set(_ deadline: MonotonicTime?)
    func close()
}
