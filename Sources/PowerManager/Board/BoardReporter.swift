public import Platform

/// Decides which of the board's readings to report: by exception, and all of them now and then.
///
/// - The first time a reading is there, it is reported at once.
/// - Then when it moved further than its dead band from the value last reported. Measured from that
///   value, not from the sample before, so that a slow drift is reported, too.
/// - A reading that was reported and can no longer be read is reported as null, once.
/// - When `reportInterval` has passed since everything was last reported, everything is.
public struct BoardReporter: Sendable {
    private let settings: BoardReportSettings
    private var reported: [BoardReadings.Property: Value] = [:]
    private var lastFullReport: MonotonicTime?
    /// When a restless property last caused a report.
    private var lastRestlessReport: MonotonicTime?

    /// A reporter that has reported nothing yet.
    public init(settings: BoardReportSettings = BoardReportSettings()) {
        self.settings = settings
    }

    /// The properties to report now, sorted by name; empty where nothing is worth it.
    public mutating func sample(
        _ readings: BoardReadings, at now: MonotonicTime
    ) -> [(String, Value)] {
        let isDue =
            lastFullReport.map { now - $0 >= settings.reportInterval } ?? true
        let mayBeRestless =
            lastRestlessReport.map { now - $0 >= settings.restlessInterval } ?? true
        var isRestless = false
        var news: [(String, Value)] = []
        for property in BoardReadings.Property.allCases.sorted(by: { $0.rawValue < $1.rawValue }) {
            let last = reported[property]
            // A property that nobody ever could read is not reported as missing.
            guard let value = readings[property] ?? last.map({ _ in .null }),
                isDue || isNews(value, last: last, property, readings)
            else { continue }
            if !isDue, last != nil, BoardReportSettings.isRestless(property) {
                guard mayBeRestless else { continue }
                isRestless = true
            }
            reported[property] = value
            news.append((property.rawValue, value))
        }
        if isRestless { lastRestlessReport = now }
        if isDue, !news.isEmpty { lastFullReport = now }
        return news
    }

    private func isNews(
        _ value: Value, last: Value?, _ property: BoardReadings.Property,
        _ readings: BoardReadings
    ) -> Bool {
        guard let last else { return true }
        guard let old = last.doubleValue, let new = value.doubleValue else { return value != last }
        guard let band = settings.band(for: property, in: readings) else { return false }
        return abs(new - old) > band
    }
}
