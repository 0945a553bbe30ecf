import CEdgeShims
import Glibc
public import Platform

/// The kernel's clocks.
public struct LinuxTimekeeper: Timekeeper {
    public let bootID: BootID

    public init() { bootID = Self.readBootID() }

    public func now() -> ClockReading {
        ClockReading(
            monotonic: MonotonicTime(milliseconds: Self.read(CLOCK_BOOTTIME)),
            wall: WallTime(milliseconds: Self.read(CLOCK_REALTIME)),
            isDisciplined: edge_clock_is_disciplined())
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// random(4): /proc/sys/kernel/random/boot_id, a UUID. Its first 16 digits are random enough
    /// to tell the boots of one board apart.
    private static func readBootID() -> BootID {
        let text = LinuxFileSystem.text("/proc/sys/kernel/random/boot_id") ?? ""
        let digits = text.filter(\.isHexDigit).prefix(16)
        return BootID(rawValue: UInt64(digits, radix: 16) ?? 0)
    }
}

/// getrandom(2).
public struct LinuxEntropy: Entropy {
    public init() {}

    public func next() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}
