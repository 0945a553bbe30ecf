public import Platform

/// A timer in simulated time.
public final class SimWakeTimer: WakeTimer, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    public let wakes: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let world: SimWorld
    private let timekeeper: SimTimekeeper
    private let fuse: SimFuse
    /// Counts settings, so that a deadline which was replaced passes unnoticed.
    private var setting = 0
    /// When it goes off, in the world's time; setting it to the same again is no change.
    private var due: MonotonicTime?

    private let slack: Milliseconds
    private static let near: Milliseconds = 1000

    /// - Parameters:
    ///   - timekeeper: The clock of the machine; deadlines are in its time.
    ///   - slack: How late it wakes where the deadline is a second away or more: a world of many
    ///     hours need not see every tick.
    public init(
        world: SimWorld, timekeeper: SimTimekeeper, fuse: SimFuse = SimFuse(),
        slack: Milliseconds = 0
    ) {
        (wakes, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.world = world
        self.timekeeper = timekeeper
        self.fuse = fuse
        self.slack = slack
    }

    public func set(_ deadline: MonotonicTime?) {
        guard fuse.passes() else { return }
        let due = deadline.map { deadline in
            let time = timekeeper.worldTime(deadline)
            return (time - world.now).count < Self.near.count ? time : time + slack
        }
        guard due != self.due else { return }
        self.due = due
        setting += 1
        guard let due else { return }
        world.at(due) { [self, setting] in
            guard setting == self.setting else { return }
            self.due = nil
            guard !fuse.isBurnt else { return }
            continuation.yield()
        }
    }

    public func close() {
        setting += 1
        continuation.finish()
    }
}
