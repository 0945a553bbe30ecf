public import Platform

/// 48 bits of milliseconds since 1970 and a 16-bit counter (Kulkarni et al., "Logical Physical
/// Clocks", 2014).
public struct HybridTimestamp: Sendable, Hashable, Comparable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The first timestamp of a millisecond. Times outside 1970…10889 are clamped.
    public init(wall: WallTime) {
        let milliseconds = min(max(wall.milliseconds, 0), (1 << 48) - 1)
        rawValue = UInt64(milliseconds) << 16
    }

    public var wall: WallTime { WallTime(milliseconds: Int64(rawValue >> 16)) }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Stamps that never go back, whatever the wall clock does.
public struct HybridLogicalClock: Sendable, Hashable {
    public private(set) var latest: HybridTimestamp

    public init(latest: HybridTimestamp = HybridTimestamp(rawValue: 0)) { self.latest = latest }

    /// A stamp later than every stamp ticked or observed so far.
    public mutating func tick(_ now: WallTime) -> HybridTimestamp {
        let next = max(latest.rawValue, HybridTimestamp(wall: now).rawValue)
        latest = HybridTimestamp(rawValue: next == .max ? next : next + 1)
        return latest
    }

    /// Takes note of another replica's stamp.
    public mutating func observe(_ stamp: HybridTimestamp) { latest = max(latest, stamp) }
}
