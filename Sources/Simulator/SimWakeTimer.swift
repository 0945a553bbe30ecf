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

    private let slack: Milliseconds

    /// - Parameters:
    ///   - timekeeper: The clock of the machine; deadlines are in its time.
    ///   - slack: How late it wakes: a world of many hours need not see every tick.
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
        setting += 1
        guard let deadline else { return }
        world.at(timekeeper.worldTime(deadline) + slack) { [self, setting] in
            guard setting == self.setting, !fuse.isBurnt else { return }
            continuation.yield()
        }
    }

    public func close() {
        setting += 1
        continuation.finish()
    }
}
