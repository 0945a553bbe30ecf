/// Time since the machine booted, in milliseconds. Goes on during suspend, never jumps.
public struct MonotonicTime: Sendable, Hashable, Comparable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }

    public static func + (time: Self, span: Milliseconds) -> Self {
        Self(milliseconds: (Milliseconds(time.milliseconds) + span).count)
    }

    public static func - (later: Self, earlier: Self) -> Milliseconds {
        Milliseconds(later.milliseconds) - Milliseconds(earlier.milliseconds)
    }
}

/// A span of time in milliseconds. Arithmetic stops at the ends of 64 bits: a clock that says
/// nonsense must not stop the program.
public struct Milliseconds: Sendable, Hashable, Comparable, ExpressibleByIntegerLiteral {
    public let count: Int64

    public init(_ count: Int64) { self.count = count }
    public init(integerLiteral count: Int64) { self.count = count }

    public static func seconds(_ seconds: Int64) -> Self { Self(seconds) * 1000 }

    public static func < (left: Self, right: Self) -> Bool { left.count < right.count }

    public static func + (left: Self, right: Self) -> Self {
        let (sum, overflow) = left.count.addingReportingOverflow(right.count)
        return Self(overflow ? end(isNegative: left.count < 0) : sum)
    }

    public static func - (left: Self, right: Self) -> Self {
        let (difference, overflow) = left.count.subtractingReportingOverflow(right.count)
        return Self(overflow ? end(isNegative: left.count < 0) : difference)
    }

    public static func * (span: Self, factor: Int64) -> Self {
        let (product, overflow) = span.count.multipliedReportingOverflow(by: factor)
        return Self(overflow ? end(isNegative: (span.count < 0) != (factor < 0)) : product)
    }

    private static func end(isNegative: Bool) -> Int64 { isNegative ? .min : .max }
}

/// Milliseconds since 1970-01-01T00:00:00Z, as a clock that may be wrong by decades says it.
public struct WallTime: Sendable, Hashable, Comparable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }

    public static func - (later: Self, earlier: Self) -> Milliseconds {
        Milliseconds(later.milliseconds) - Milliseconds(earlier.milliseconds)
    }
}

/// How far a wall time may be trusted.
public enum ClockQuality: UInt8, Sendable, Hashable, Comparable {
    /// Before the clock floor: a board without a battery clock that has seen no time server.
    case unset = 0
    /// At or after the floor, confirmed by nobody.
    case plausible = 1
    /// Disciplined by a time server, as the kernel says.
    case synchronized = 2

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// What both clocks said at one moment.
public struct ClockReading: Sendable, Hashable {
    public let monotonic: MonotonicTime
    public let wall: WallTime
    /// True where the kernel says a time server disciplines the clock.
    public let isDisciplined: Bool

    public init(monotonic: MonotonicTime, wall: WallTime, isDisciplined: Bool) {
        self.monotonic = monotonic
        self.wall = wall
        self.isDisciplined = isDisciplined
    }

    /// The quality of `wall` against a floor: a time that is surely in the past.
    public func quality(floor: WallTime) -> ClockQuality {
        if wall < floor { return .unset }
        return isDisciplined ? .synchronized : .plausible
    }
}

/// The seam to the machine's clocks.
public protocol Timekeeper: Sendable {
    func now() -> ClockReading
    /// A name that is new at each boot of the machine.
    var bootID: BootID { get }
}

/// One boot of the machine, as 64 bits of the kernel's boot id.
public struct BootID: Sendable, Hashable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }
}
