import Platform
import SyncProtocol

/// Turns clock readings into times that can be corrected later.
///
/// The offset between wall and monotonic time is kept until it moves by more than `tolerance`, so
/// that rows do not carry a time server's every nudge.
struct ClockTracker {
    static let tolerance: Milliseconds = 250

    /// A change worth a record: the clock was set, or jumped.
    struct Change: Equatable {
        let clock: BootClock
        let before: ClockQuality
        let jump: Milliseconds
    }

    let boot: BootID
    private let floor: WallTime
    private var offset: Milliseconds?
    private var quality = ClockQuality.unset

    init(boot: BootID, floor: WallTime) {
        self.boot = boot
        self.floor = floor
    }

    mutating func observe(_ reading: ClockReading) -> Change? {
        let seen = reading.wall.milliseconds - reading.monotonic.milliseconds
        let now = reading.quality(floor: floor)
        guard let known = offset else {
            offset = Milliseconds(seen)
            quality = now
            return now == .unset ? nil : change(from: .unset, jump: 0)
        }
        let jump = Milliseconds(seen - known.count)
        let isStep = abs(jump.count) > Self.tolerance.count
        guard isStep || now != quality else { return nil }
        let before = quality
        if isStep { offset = Milliseconds(seen) }
        quality = now
        return change(from: before, jump: isStep ? jump : 0)
    }

    private func change(from before: ClockQuality, jump: Milliseconds) -> Change {
        let clock = BootClock(boot: boot, offset: offset ?? 0, quality: quality)
        return Change(clock: clock, before: before, jump: jump)
    }

    func time(_ reading: ClockReading) -> LogTime {
        let seen = reading.wall.milliseconds - reading.monotonic.milliseconds
        return LogTime(
            boot: boot, monotonic: reading.monotonic, offset: offset ?? Milliseconds(seen),
            quality: quality)
    }

    /// The reading's wall time where it can be believed, else the floor.
    func believed(_ reading: ClockReading) -> WallTime { max(reading.wall, floor) }

    /// Only such a clock may say that rows are too old: one that was set to 2099 by mistake would
    /// drop the whole log.
    var isSynchronized: Bool { quality == .synchronized }
    var qualityText: String {
        switch quality {
        case .unset: "unset"
        case .plausible: "plausible"
        case .synchronized: "synchronized"
        }
    }
}
