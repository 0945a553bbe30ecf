import Platform

/// What the board says of itself at one moment. A field is nil where it could not be read; boards
/// without a thermal zone have no temperature, and the first sample has no processor load.
public struct BoardReadings: Sendable, Hashable {
    /// Degrees Celsius of the processor.
    public var processorTemperature: Double?
    /// Runnable and waiting tasks, averaged over a minute.
    public var loadOneMinute: Double?
    /// Percent of all processors' time since the sample before, 0 to 100.
    public var processorPercent: Double?
    /// Bytes that programs can get without swapping.
    public var memoryAvailable: Int64?
    /// Bytes of memory that the kernel manages.
    public var memoryTotal: Int64?
    /// Bytes free on the file system that holds the agent's state.
    public var diskFree: Int64?
    /// Bytes of that file system.
    public var diskTotal: Int64?
    /// Seconds since boot.
    public var uptimeSeconds: Int64?

    /// Readings of nothing; fill in what could be read.
    public init() {}

    /// Takes a file system's capacity as `FileSystem.capacity` gives it. Numbers beyond 63 bits,
    /// which no disk has, are cut to them.
    public mutating func setDisk(_ capacity: (total: UInt64, free: UInt64)?) {
        diskTotal = capacity.map { Int64(clamping: $0.total) }
        diskFree = capacity.map { Int64(clamping: min($0.free, $0.total)) }
    }

    /// The property that a reading is reported as, under `reported/board/`; its raw value is the
    /// name there.
    public enum Property: String, Sendable, Hashable, CaseIterable {
        case processorTemperature = "cpu_temperature_c"
        case processorPercent = "cpu_percent"
        case diskFree = "disk_free_bytes"
        case diskTotal = "disk_total_bytes"
        case loadOneMinute = "load_1m"
        case memoryAvailable = "memory_available_bytes"
        case memoryTotal = "memory_total_bytes"
        case uptime = "uptime_s"
    }

    /// A reading as it is reported. Temperature and percent keep one decimal: more would be noise
    /// that costs bytes over a slow link.
    subscript(property: Property) -> Value? {
        switch property {
        case .processorTemperature: processorTemperature.map { Self.oneDecimal($0) }
        case .processorPercent: processorPercent.map { Self.oneDecimal($0) }
        case .diskFree: diskFree.map { .int($0) }
        case .diskTotal: diskTotal.map { .int($0) }
        case .loadOneMinute: loadOneMinute.map { .number($0) }
        case .memoryAvailable: memoryAvailable.map { .int($0) }
        case .memoryTotal: memoryTotal.map { .int($0) }
        case .uptime: uptimeSeconds.map { .int($0) }
        }
    }

    private static func oneDecimal(_ number: Double) -> Value {
        .number((number * 10).rounded() / 10)
    }
}
