import Platform

/// One declared device, and where it is in its reading.
struct PolledDevice: Sendable {
    /// What it does next, once its time has come.
    enum Pending: Sendable {
        case begin
        /// A wait of the driver's is over.
        case resume
        case step(DriverStep)
    }

    /// A property to set.
    struct Wish: Sendable {
        let token: UInt64
        let property: String
        let value: Value
    }

    /// Wishes that wait at most.
    static let wishesMax = 4
    /// The longest pause after failures.
    static let pauseMax = Milliseconds.seconds(300)

    let block: DeviceBlock
    var driver: any DeviceDriver
    /// `DeviceRequest.files` once a driver of the kernel serves the chip.
    var lane: String
    var isServedByKernel = false
    var pending = Pending.begin
    /// When `pending` is to be done.
    var due: MonotonicTime
    /// The number of the request that it waits for.
    var awaited: UInt64?
    var begun: MonotonicTime
    var wishes: [Wish] = []
    /// The wish that is being carried out.
    var wish: Wish?
    /// Failures in a row.
    var failures = 0
    var reason: String?
    var readings: [Reading] = []
    private var reported: [String: Value] = [:]
    private var lastFull: MonotonicTime?

    init(_ block: DeviceBlock, _ driver: any DeviceDriver, at now: MonotonicTime) {
        self.block = block
        self.driver = driver
        lane = block.bus ?? DeviceRequest.files
        due = now
        begun = now
    }

    /// Nothing is on the way.
    var isAtRest: Bool {
        if case .begin = pending { wish == nil && awaited == nil } else { false }
    }

    /// The pause before the next reading: longer with each failure in a row.
    var pause: Milliseconds {
        guard failures > 0 else { return block.every }
        let doubled = max(block.every, 1000) * (1 << Int64(min(failures - 1, 20)))
        return max(block.every, min(doubled, Self.pauseMax))
    }

    /// Which properties to report: those that moved beyond their dead band since they were
    /// reported last, all of them now and then.
    mutating func news(_ now: MonotonicTime) -> [(name: String, value: Value)] {
        let isDue = lastFull.map { now - $0 >= block.report } ?? true
        var news: [(name: String, value: Value)] = []
        for reading in readings where isDue || isNews(reading) {
            reported[reading.name] = reading.value
            news.append((reading.name, reading.value))
        }
        if isDue, !news.isEmpty { lastFull = now }
        return news
    }

    /// The next reading is reported whole.
    mutating func forgetReports() { lastFull = nil }

    private func isNews(_ reading: Reading) -> Bool {
        guard let last = reported[reading.name] else { return true }
        guard let old = last.doubleValue, let new = reading.value.doubleValue else {
            return last != reading.value
        }
        return abs(new - old) > (block.deadbands[reading.name] ?? block.deadband)
    }
}
