public import Platform

/// One row of a device's log: an entry, or the record of a loss.
public struct LogRow: Sendable, Hashable {
    /// Increases per device, over all its streams; give it as `after` to go on from here.
    public let n: Int64
    /// `alarm`, `event`, `telemetry` or `logs/WORKLOAD`.
    public let stream: String
    /// The epoch that numbered the entries, 16 hexadecimal digits.
    public let epoch: String
    /// What the row holds.
    public let content: Content
    /// The row as the hub sent it.
    public let object: Value

    /// An entry or a gap.
    public enum Content: Sendable, Hashable {
        case entry(LogEntry)
        case gap(LogGap)
    }

    init(_ fields: Fields) throws(FleetClientError) {
        n = try fields.int("n")
        stream = try fields.string("stream")
        epoch = try fields.string("epoch")
        object = fields.value
        if fields.value["gap"] != nil {
            content = .gap(try LogGap(try fields.object("gap")))
        } else {
            content = .entry(try LogEntry(fields))
        }
    }
}

/// Something a device recorded.
public struct LogEntry: Sendable, Hashable {
    /// Contiguous per stream and epoch.
    public let seq: Int64
    /// RFC 3339, by the device's clock.
    public let time: String?
    /// How far the time may be trusted: `unset`, `plausible` or `synchronized`.
    public let clock: String
    /// What it is about: `board`, `devices/lamp`, `agent.started`.
    public let key: String
    /// What was recorded, mostly a map.
    public let value: Value

    init(_ fields: Fields) throws(FleetClientError) {
        seq = try fields.int("seq")
        time = try fields.optionalString("time")
        clock = try fields.string("clock")
        key = try fields.string("key")
        value = fields.value["value"] ?? .null
    }
}

/// Entries that are lost for good: how many and why, so that no loss is silent.
public struct LogGap: Sendable, Hashable {
    /// The first sequence number lost.
    public let first: Int64
    /// Inclusive.
    public let last: Int64
    /// Why, as the replica that dropped them says.
    public let reason: String

    init(_ fields: Fields) throws(FleetClientError) {
        first = try fields.int("first")
        last = try fields.int("last")
        reason = try fields.string("reason")
    }
}

/// A page of a device's log.
public struct LogPage: Sendable, Hashable {
    /// Oldest first.
    public let rows: [LogRow]
    /// Give it as `after` for the next page.
    public let next: Int64

    init(_ fields: Fields) throws(FleetClientError) {
        rows = try fields.list("rows", LogRow.init)
        next = try fields.int("next")
    }
}

/// How much of one stream of a device the hub holds.
public struct LogCursor: Sendable, Hashable {
    /// The stream counted.
    public let stream: String
    /// The epoch counted.
    public let epoch: String
    /// The last sequence number up to which nothing is missing.
    public let upto: Int64
    /// Rows that the hub holds.
    public let rows: Int64
    /// Rows lost before they came to the hub.
    public let gapRows: Int64
    /// Rows that the hub itself dropped to stay within its bound.
    public let trimmedRows: Int64

    init(_ fields: Fields) throws(FleetClientError) {
        stream = try fields.string("stream")
        epoch = try fields.string("epoch")
        upto = try fields.int("upto")
        rows = try fields.int("rows")
        gapRows = try fields.int("gap_rows")
        trimmedRows = try fields.int("trimmed_rows")
    }
}
