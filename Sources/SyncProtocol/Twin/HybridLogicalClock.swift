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

/// The time part of new stamps: the wall clock, but never behind what was seen, so that a board
/// in 1970 does not lose every argument.
///
/// The counter part is the key's own: one more than the stamp that a write replaces, where that is
/// the later one. So a write wins over what it has seen, and writes to different keys in one
/// commit bear one stamp.
public struct HybridLogicalClock: Sendable, Hashable {
    public private(set) var latest: HybridTimestamp

    public init(latest: HybridTimestamp = HybridTimestamp(rawValue: 0)) { self.latest = latest }

    /// The stamp of a write now to a key that bears none.
    public mutating func stamp(_ now: WallTime) -> HybridTimestamp {
        observe(HybridTimestamp(wall: now))
        return HybridTimestamp(wall: latest.wall)
    }

    /// Takes note of another replica's stamp.
    public mutating func observe(_ stamp: HybridTimestamp) { latest = max(latest, stamp) }

    /// A time that was believed turned out to lie in the future: the hub has lowered a stamp of
    /// it to this one.
    public mutating func lower(to stamp: HybridTimestamp) { latest = min(latest, stamp) }
}

extension HybridTimestamp {
    /// A stamp for a write that replaces one with the stamp `current`.
    public func replacing(_ current: UInt64?) -> HybridTimestamp {
        guard let current, current >= rawValue else { return self }
        return HybridTimestamp(rawValue: current == .max ? current : current + 1)
    }
}
