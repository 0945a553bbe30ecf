import Platform
import PowerManager
import Testing

@Suite struct BoardReporterTests {
    private static let all = [
        "cpu_percent", "cpu_temperature_c", "disk_free_bytes", "disk_total_bytes", "load_1m",
        "memory_available_bytes", "memory_total_bytes", "uptime_s",
    ]

    private static func readings() -> BoardReadings {
        var readings = BoardReadings()
        readings.processorTemperature = 48.312
        readings.loadOneMinute = 0.4
        readings.processorPercent = 12.34
        readings.memoryAvailable = 500_000
        readings.memoryTotal = 1_000_000
        readings.setDisk((total: 2_000_000, free: 1_000_000))
        readings.uptimeSeconds = 100
        return readings
    }

    private static func at(_ seconds: Int64) -> MonotonicTime {
        MonotonicTime(milliseconds: seconds * 1000)
    }

    /// A reporter that has reported `readings()` at second 0.
    private static func started() -> BoardReporter {
        var reporter = BoardReporter()
        _ = reporter.sample(readings(), at: at(0))
        return reporter
    }

    @Test func theFirstSampleIsReportedWhole() {
        var reporter = BoardReporter()
        let report = reporter.sample(Self.readings(), at: Self.at(0))
        #expect(report.map(\.0) == Self.all)
        let values = Dictionary(uniqueKeysWithValues: report)
        #expect(values["cpu_temperature_c"] == .double(48.3))
        #expect(values["cpu_percent"] == .double(12.3))
        #expect(values["load_1m"] == .double(0.4))
        #expect(values["memory_total_bytes"] == .int(1_000_000))
        #expect(values["disk_free_bytes"] == .int(1_000_000))
        #expect(values["uptime_s"] == .int(100))
        #expect(reporter.sample(Self.readings(), at: Self.at(30)).isEmpty)
    }

    /// A busy board leaves these bands at every sample, and each report is a write to the card.
    @Test func loadAndPercentReportEveryFiveMinutesAtMost() {
        var reporter = Self.started()
        var readings = Self.readings()
        var reports: [Int64] = []
        for second in stride(from: Int64(30), to: 590, by: 30) {
            readings.loadOneMinute = Double(second)
            readings.processorPercent = second % 60 == 0 ? 90 : 10
            if !reporter.sample(readings, at: Self.at(second)).isEmpty { reports.append(second) }
        }
        #expect(reports == [30, 330])
        // What is rare still comes at once.
        readings.processorTemperature = 80
        #expect(reporter.sample(readings, at: Self.at(595)).map(\.0) == ["cpu_temperature_c"])
    }

    struct Move: Sendable, CustomTestStringConvertible {
        var name: String
        var within: @Sendable (inout BoardReadings) -> Void
        var beyond: @Sendable (inout BoardReadings) -> Void
        var testDescription: String { name }
    }

    @Test(arguments: [
        Move(
            name: "cpu_temperature_c", within: { $0.processorTemperature = 50.3 },
            beyond: { $0.processorTemperature = 50.4 }),
        Move(
            name: "cpu_temperature_c", within: { $0.processorTemperature = 46.4 },
            beyond: { $0.processorTemperature = 46.1 }),
        Move(
            name: "load_1m", within: { $0.loadOneMinute = 0.9 },
            beyond: { $0.loadOneMinute = 0.91 }),
        Move(
            name: "cpu_percent", within: { $0.processorPercent = 22.3 },
            beyond: { $0.processorPercent = 22.5 }),
        Move(
            name: "memory_available_bytes", within: { $0.memoryAvailable = 450_000 },
            beyond: { $0.memoryAvailable = 449_999 }),
        Move(
            name: "disk_free_bytes", within: { $0.diskFree = 1_020_000 },
            beyond: { $0.diskFree = 1_020_001 }),
        Move(name: "memory_total_bytes", within: { _ in }, beyond: { $0.memoryTotal = 1_000_001 }),
        Move(name: "disk_total_bytes", within: { _ in }, beyond: { $0.diskTotal = 2_000_001 }),
    ])
    func aReadingIsReportedBeyondItsDeadBand(move: Move) {
        var reporter = Self.started()
        var readings = Self.readings()
        move.within(&readings)
        #expect(reporter.sample(readings, at: Self.at(30)).isEmpty)
        move.beyond(&readings)
        #expect(reporter.sample(readings, at: Self.at(60)).map(\.0) == [move.name])
        // The band now lies around the new value.
        #expect(reporter.sample(readings, at: Self.at(90)).isEmpty)
    }

    @Test func aSlowDriftIsReported() {
        var reporter = Self.started()
        var readings = Self.readings()
        var reports = 0
        for step in 1...10 {
            readings.processorTemperature = 48.312 + Double(step)
            reports += reporter.sample(readings, at: Self.at(Int64(step))).count
        }
        #expect(reports == 3)
    }

    @Test func uptimeNeverCausesAReport() {
        var reporter = Self.started()
        var readings = Self.readings()
        readings.uptimeSeconds = 1_000_000
        #expect(reporter.sample(readings, at: Self.at(599)).isEmpty)
    }

    @Test func theIntervalReportsEverything() {
        var reporter = Self.started()
        // An exception in between does not put the full report off.
        var hot = Self.readings()
        hot.processorTemperature = 60
        #expect(reporter.sample(hot, at: Self.at(599)).count == 1)
        #expect(reporter.sample(hot, at: Self.at(600)).map(\.0) == Self.all)
        #expect(reporter.sample(hot, at: Self.at(1199)).isEmpty)
        #expect(reporter.sample(hot, at: Self.at(1200)).count == 8)
    }

    @Test func aReadingThatComesOrGoesIsReportedOnce() {
        var reporter = BoardReporter()
        var readings = Self.readings()
        readings.processorTemperature = nil
        #expect(reporter.sample(readings, at: Self.at(0)).count == 7)
        readings.processorTemperature = 40
        let came = reporter.sample(readings, at: Self.at(1))
        #expect(came.map(\.0) == ["cpu_temperature_c"] && came.first?.1 == .double(40))
        readings.processorTemperature = nil
        let went = reporter.sample(readings, at: Self.at(2))
        #expect(went.map(\.0) == ["cpu_temperature_c"] && went.first?.1 == .null)
        #expect(reporter.sample(readings, at: Self.at(3)).isEmpty)
    }

    @Test func nothingReadableIsNothingToReport() {
        var reporter = BoardReporter()
        #expect(reporter.sample(BoardReadings(), at: Self.at(0)).isEmpty)
        #expect(reporter.sample(Self.readings(), at: Self.at(1)).count == 8)
    }

    @Test func capacitiesBeyondAnyDisk() {
        var readings = BoardReadings()
        readings.setDisk((total: UInt64.max, free: UInt64.max))
        #expect(readings.diskTotal == Int64.max && readings.diskFree == Int64.max)
        readings.setDisk(nil)
        #expect(readings.diskTotal == nil && readings.diskFree == nil)
    }
}
