import Platform

/// Tells boards that send more than their lane takes: they are slowed, then cut off, and let in
/// again after a while. A value: events in, what is to be told out.
struct FloodGuard: Sendable {
    struct Settings: Sendable {
        /// Frames dropped, beyond those forgiven, after which a board is cut off. An agent that
        /// repeats all its window every ten seconds stays far below.
        var strikesMaximum = 256
        /// A dropped frame is forgiven after this long.
        var forgivenEach: Milliseconds = 250
        /// How long a board is cut off at first; doubles each time, up to the maximum.
        var cutFirst: Milliseconds = 60_000
        var cutMaximum: Milliseconds = 960_000
        /// Without a dropped frame for this long a board is calm again, and nothing is held
        /// against it.
        var calmAfter: Milliseconds = 120_000
        /// How often a board that is cut off is told.
        var toldEach: Milliseconds = 10_000
        /// Boards watched at a time. Beyond it the one that was noticed first is forgotten.
        var devicesMaximum = 4096
    }

    enum State: Sendable, Hashable {
        /// Has less room in the queue.
        case slowed
        /// Nothing of it is read.
        case cutOff(until: MonotonicTime)
    }

    /// Something that watchers of the hub should know.
    enum Notice: Sendable, Hashable {
        case slowed(String)
        case cutOff(String, span: Milliseconds)
        /// Its time is over; what it sends is read again.
        case letIn(String)
        case calm(String)
    }

    struct Record: Sendable {
        var state = State.slowed
        /// Frames dropped since it was noticed.
        var dropped: UInt64 = 0
        fileprivate var strikes = 0
        /// Up to when strikes were forgiven.
        fileprivate var forgiven: MonotonicTime
        fileprivate var latest: MonotonicTime
        fileprivate var cuts = 0
        fileprivate var told: MonotonicTime?
        fileprivate let noticed: MonotonicTime
    }

    let settings: Settings
    private(set) var records: [String: Record] = [:]

    init(settings: Settings = Settings()) { self.settings = settings }

    func isSlowed(_ device: String) -> Bool { records[device] != nil }

    func isCutOff(_ device: String) -> Bool {
        if case .cutOff = records[device]?.state { true } else { false }
    }

    /// Frames of a board were dropped.
    mutating func onDropped(
        _ device: String, _ count: Int, now: MonotonicTime
    ) -> [Notice] {
        var notices: [Notice] = []
        if records[device] == nil {
            makeRoom()
            records[device] = Record(forgiven: now, latest: now, noticed: now)
            notices.append(.slowed(device))
        }
        guard var record = records[device] else { return notices }
        record.dropped += UInt64(count)
        record.latest = now
        if record.state == .slowed {
            let good = (now - record.forgiven).count / max(1, settings.forgivenEach.count)
            record.strikes = max(0, record.strikes - Int(clamping: good)) + count
            record.forgiven = now
            if record.strikes >= settings.strikesMaximum {
                let doubled = settings.cutFirst * (1 << Int64(min(record.cuts, 16)))
                let span = min(doubled, settings.cutMaximum)
                record.state = .cutOff(until: now + span)
                record.cuts += 1
                record.strikes = 0
                notices.append(.cutOff(device, span: span))
            }
        }
        records[device] = record
        return notices
    }

    /// Whether a board that is cut off should be told now, and until when it is.
    mutating func shouldTell(_ device: String, now: MonotonicTime) -> Milliseconds? {
        guard var record = records[device], case .cutOff(let until) = record.state else {
            return nil
        }
        if let told = record.told, now - told < settings.toldEach { return nil }
        record.told = now
        records[device] = record
        return max(until - now, 0)
    }

    mutating func tick(_ now: MonotonicTime) -> [Notice] {
        var notices: [Notice] = []
        for (device, record) in records.sorted(by: { $0.key < $1.key }) {
            switch record.state {
            case .cutOff(let until) where until <= now:
                records[device]?.state = .slowed
                records[device]?.told = nil
                records[device]?.latest = now
                records[device]?.forgiven = now
                notices.append(.letIn(device))
            case .slowed where now - record.latest >= settings.calmAfter:
                records[device] = nil
                notices.append(.calm(device))
            case .cutOff, .slowed: break
            }
        }
        return notices
    }

    mutating func forget(_ device: String) { records[device] = nil }

    private mutating func makeRoom() {
        guard records.count >= settings.devicesMaximum else { return }
        let oldest = records.min { ($0.value.noticed, $0.key) < ($1.value.noticed, $1.key) }
        if let oldest { records[oldest.key] = nil }
    }
}
