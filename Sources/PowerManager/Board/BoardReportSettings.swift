public import Platform

/// When the board's readings are worth a report.
public struct BoardReportSettings: Sendable, Hashable {
    /// Everything is reported at least this often, so that a silent board and a steady one can be
    /// told apart.
    public var reportInterval: Milliseconds
    /// Degrees Celsius. A processor at rest wanders by one; throttling comes in steps of five.
    public var temperatureBand: Double
    /// Tasks. The average moves by less while nothing starts or ends.
    public var loadBand: Double
    /// Percentage points. Shorter bursts belong to the load average.
    public var processorPercentBand: Double
    /// How often load and processor percent may cause a report: on a busy board they leave their
    /// bands at every sample, and each report is a write to the card.
    public var restlessInterval: Milliseconds
    /// Share of all memory. Page cache and allocators move a few percent all the time.
    public var memoryShareBand: Double
    /// Share of the file system. Finer steps would report each log file's turn.
    public var diskShareBand: Double

    /// Settings with defaults that keep a healthy idle board at one report per interval.
    public init(
        reportInterval: Milliseconds = .seconds(600), temperatureBand: Double = 2,
        loadBand: Double = 0.5, processorPercentBand: Double = 10,
        restlessInterval: Milliseconds = .seconds(300), memoryShareBand: Double = 0.05,
        diskShareBand: Double = 0.01
    ) {
        self.reportInterval = reportInterval
        self.temperatureBand = temperatureBand
        self.loadBand = loadBand
        self.processorPercentBand = processorPercentBand
        self.restlessInterval = restlessInterval
        self.memoryShareBand = memoryShareBand
        self.diskShareBand = diskShareBand
    }

    /// Whether a property moves all the time on a board that has work.
    static func isRestless(_ property: BoardReadings.Property) -> Bool {
        property == .loadOneMinute || property == .processorPercent
    }

    /// How far a property may move from its last report without a new one, in its own unit; nil
    /// where it never causes a report: uptime always moves, and comes with the full reports.
    func band(for property: BoardReadings.Property, in readings: BoardReadings) -> Double? {
        switch property {
        case .processorTemperature: temperatureBand
        case .processorPercent: processorPercentBand
        case .loadOneMinute: loadBand
        case .memoryAvailable: Double(readings.memoryTotal ?? 0) * memoryShareBand
        case .diskFree: Double(readings.diskTotal ?? 0) * diskShareBand
        // They change when somebody changes the board.
        case .memoryTotal, .diskTotal: 0
        case .uptime: nil
        }
    }
}
