public import Platform

/// A machine's clocks: the monotonic one goes on with its world alone, the wall clock stands
/// wherever it was set.
public final class SimTimekeeper: Timekeeper, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    public private(set) var bootID: BootID
    private let world: SimWorld
    private var booted: MonotonicTime
    /// Wall time minus the world's time.
    private var offset: Milliseconds
    private var isDisciplined = false

    /// The clocks of a machine that boots now, with its wall clock at `wall`.
    public init(world: SimWorld, wall: WallTime) {
        self.world = world
        booted = world.now
        bootID = BootID(rawValue: world.random.next())
        offset = Milliseconds(wall.milliseconds - world.now.milliseconds)
    }

    public func now() -> ClockReading {
        ClockReading(
            monotonic: MonotonicTime(milliseconds: (world.now - booted).count),
            wall: WallTime(milliseconds: world.now.milliseconds + offset.count),
            isDisciplined: isDisciplined)
    }

    /// Sets the wall clock, as a time server or an operator does.
    public func setWall(_ wall: WallTime, isDisciplined: Bool) {
        offset = Milliseconds(wall.milliseconds - world.now.milliseconds)
        self.isDisciplined = isDisciplined
    }

    /// Starts the machine again: monotonic time from 0, another boot id, and a wall clock at
    /// `wall`, as boards without a battery clock wake up far in the past.
    public func reboot(wall: WallTime) {
        booted = world.now
        bootID = BootID(rawValue: world.random.next())
        setWall(wall, isDisciplined: false)
    }

    /// The world's time at which this machine's monotonic clock reads `time`.
    func worldTime(_ time: MonotonicTime) -> MonotonicTime {
        MonotonicTime(milliseconds: booted.milliseconds + time.milliseconds)
    }
}
