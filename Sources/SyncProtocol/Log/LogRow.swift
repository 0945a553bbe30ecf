public import Platform

/// One contiguous sequence of log rows: a stream of one epoch.
public struct LogSequence: Sendable, Hashable, Comparable {
    /// `alarm`, `event`, `telemetry`, or `logs/<workload>`.
    public let stream: String
    public let epoch: Epoch

    public init(stream: String, epoch: Epoch) {
        self.stream = stream
        self.epoch = epoch
    }

    /// Whether a text can name a stream.
    static func isStream(_ text: String) -> Bool { !text.isEmpty && text.utf8.count <= 128 }

    public static func < (left: Self, right: Self) -> Bool {
        (left.stream, left.epoch) < (right.stream, right.epoch)
    }
}

/// When a row was written, in a form that can be corrected later: the monotonic time is right
/// even while the wall clock stands in 1970.
public struct LogTime: Sendable, Hashable {
    public let boot: BootID
    public let monotonic: MonotonicTime
    /// Wall time minus monotonic time, as the board believed at that moment.
    public let offset: Milliseconds
    public let quality: ClockQuality

    public init(
        boot: BootID, monotonic: MonotonicTime, offset: Milliseconds, quality: ClockQuality
    ) {
        self.boot = boot
        self.monotonic = monotonic
        self.offset = offset
        self.quality = quality
    }

    public var wall: WallTime {
        WallTime(milliseconds: monotonic.milliseconds &+ offset.count)
    }

    /// This time under what was learnt later about the clock of the same boot.
    public func corrected(by clock: BootClock?) -> LogTime {
        guard let clock, clock.boot == boot, quality == .unset, clock.quality > .unset else {
            return self
        }
        return LogTime(
            boot: boot, monotonic: monotonic, offset: clock.offset, quality: clock.quality)
    }
}

/// What is known of the wall clock of one boot: where it stood once it had been set.
public struct BootClock: Sendable, Hashable {
    public let boot: BootID
    public let offset: Milliseconds
    public let quality: ClockQuality

    public init(boot: BootID, offset: Milliseconds, quality: ClockQuality) {
        self.boot = boot
        self.offset = offset
        self.quality = quality
    }
}

public struct LogRow: Sendable, Hashable {
    public let time: LogTime
    /// What the row is about: `devices/<device>`, `board`, or an event's name.
    public let key: String
    public let value: Value

    public init(time: LogTime, key: String, value: Value) {
        self.time = time
        self.key = key
        self.value = value
    }
}

/// Why rows are missing. The raw value is on the wire and in stores.
public enum GapReason: UInt8, Sendable, Hashable {
    /// The board's bound on log bytes.
    case evicted = 1
    /// The board's bound on age.
    case expired = 2
    /// Acknowledged by a hub that no longer has them, and trimmed at the board since.
    case lostByHub = 3
    /// Neither row nor record: the board's store was damaged.
    case damaged = 4

    public var text: String {
        switch self {
        case .evicted: "evicted"
        case .expired: "expired"
        case .lostByHub: "lost-by-hub"
        case .damaged: "damaged"
        }
    }
}

/// Rows that will never come, by sequence number, both ends included.
public struct LogGap: Sendable, Hashable {
    public let first: UInt64
    public let last: UInt64
    public let reason: GapReason

    public init(first: UInt64, last: UInt64, reason: GapReason) {
        self.first = first
        self.last = last
        self.reason = reason
    }

    public var count: UInt64 { last - first + 1 }
}

public enum LogItem: Sendable, Hashable {
    case row(LogRow)
    case gap(LogGap)
}

/// Consecutive items of one sequence. The first stands at `first`; a row takes one number, a gap
/// as many as it covers.
public struct LogBatch: Sendable, Hashable {
    public let sequence: LogSequence
    public let first: UInt64
    public let items: [LogItem]
    /// The clocks of boots that occur here, where they were set by now.
    public let clocks: [BootClock]

    public init(sequence: LogSequence, first: UInt64, items: [LogItem], clocks: [BootClock]) {
        self.sequence = sequence
        self.first = first
        self.items = items
        self.clocks = clocks
    }

    /// The last sequence number that this batch accounts for.
    public var last: UInt64 {
        items.reduce(first - 1) { last, item in
            switch item {
            case .row: last + 1
            case .gap(let gap): gap.last
            }
        }
    }
}
