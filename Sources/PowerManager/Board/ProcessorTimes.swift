/// How long the processors were busy and idle since boot, all together, in clock ticks. One sample
/// says little; the difference of two says how busy the board was in between.
public struct ProcessorTimes: Sendable, Hashable {
    /// Ticks in which a processor worked.
    public let busy: UInt64
    /// Ticks in which a processor waited, for work or for a disk.
    public let idle: UInt64

    /// Reads the first line of `/proc/stat`: `cpu user nice system idle iowait irq softirq steal
    /// guest guest_nice`. The two last are part of user and nice already (proc(5)).
    public init(_ bytes: [UInt8]) throws(KernelTextError) {
        let file = "/proc/stat"
        let lines = try KernelText.lines(bytes, file: file)
        guard let words = lines.first?.split(separator: " "), words.first == "cpu",
            words.count >= 5
        else { throw KernelTextError(code: .missingField, file: file) }
        var (busy, idle): (UInt64, UInt64) = (0, 0)
        for (column, word) in words.dropFirst().prefix(8).enumerated() {
            guard let ticks = UInt64(word) else {
                throw KernelTextError(code: .notANumber, file: file)
            }
            // Columns 3 and 4 are idle and iowait. Wrapping: the kernel's counters do, too.
            if column == 3 || column == 4 { idle &+= ticks } else { busy &+= ticks }
        }
        self.busy = busy
        self.idle = idle
    }

    /// Percent of the time since `earlier` in which processors were busy, 0 to 100; nil where no
    /// tick passed or a counter went backwards, as `iowait` may.
    public func busyPercent(since earlier: ProcessorTimes) -> Double? {
        guard busy >= earlier.busy, idle >= earlier.idle else { return nil }
        let (worked, rested) = (Double(busy - earlier.busy), Double(idle - earlier.idle))
        guard worked + rested > 0 else { return nil }
        return 100 * worked / (worked + rested)
    }
}
