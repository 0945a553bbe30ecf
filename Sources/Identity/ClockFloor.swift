public import Platform

/// A time that is surely in the past: what a board without a battery clock knows of the time.
///
/// It only rises: by the release's own date, by what was kept on the card, by what an
/// authenticated hub said. A wrong wall clock raises nothing.
public struct ClockFloor: Sendable, Hashable {
    /// Not earlier than now by any clock that is right.
    public private(set) var time: WallTime

    /// - Parameters:
    ///   - build: When this program was released.
    ///   - kept: What was kept on the card; nil on the first start, or where it is unreadable.
    public init(build: WallTime, kept: WallTime?) { time = max(build, kept ?? build) }

    /// Takes in a time that an authenticated hub gave.
    /// - Returns: True where the floor rose, and is to be kept.
    public mutating func onAuthenticated(_ hub: WallTime) -> Bool {
        guard hub > time, hub < Self.end else { return false }
        time = hub
        return true
    }

    /// The wall clock's time where it can be right, else the floor.
    public func believed(_ wall: WallTime) -> WallTime { max(wall, time) }

    /// 2200-01-01T00:00:00Z. A hub whose clock is beyond it is wrong, and a floor never falls.
    static let end = WallTime(milliseconds: 7_258_118_400_000)
}
