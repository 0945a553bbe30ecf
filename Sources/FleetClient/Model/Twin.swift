public import Platform

/// How far a write has come. A value the hub may add later is kept as text.
public enum WriteStatus: Sendable, Hashable, CustomStringConvertible {
    /// Durable at the hub, not yet answered by the device, which may be offline for months.
    case pending
    case applied
    case refused
    case other(String)

    init(_ text: String) {
        self =
            switch text {
            case "pending": .pending
            case "applied": .applied
            case "refused": .refused
            default: .other(text)
            }
    }

    /// The hub's word for it.
    public var description: String {
        switch self {
        case .pending: "pending"
        case .applied: "applied"
        case .refused: "refused"
        case .other(let text): text
        }
    }
}

/// One cell of a device's twin.
public struct TwinCell: Sendable, Hashable {
    /// Where it is: `desired/workloads/web`.
    public let path: String
    /// null for a cell that was removed; an array of all values of a note and of all elements of
    /// a set; a counter's sum.
    public let value: Value
    /// `single-writer`, `last-writer-wins`, `multi-value`, `set` or `counter`.
    public let type: String?
    /// `hub`, `device` or `both`.
    public let writer: String?
    /// nil for anything but a wish, which the device answers.
    public let status: WriteStatus?
    /// Why the device refused.
    public let reason: String?

    init(_ fields: Fields) throws(FleetClientError) {
        path = try fields.string("path")
        value = fields.value["value"] ?? .null
        type = try fields.optionalString("type")
        writer = try fields.optionalString("writer")
        status = try fields.optionalString("status").map(WriteStatus.init)
        reason = try fields.optionalString("reason")
    }
}

/// A change of a set or a counter.
public enum TwinChange: Sendable, Hashable {
    /// Puts an element into a set.
    case add(Value)
    /// Takes an element out of a set; nothing where it is not in it.
    case remove(Value)
    /// Adds to a counter.
    case increment(Int64)
}

/// A workload on a device: what is desired of it and what the device reports.
public struct Workload: Sendable, Hashable {
    /// The device's id.
    public let device: String
    /// The workload's name.
    public let name: String
    /// How far the write of its desired state has come.
    public let status: WriteStatus
    /// Why the device refused.
    public let reason: String?
    /// As the device reports it: `running`, `exited`…
    public let state: String?
    /// The process id on the board while it runs.
    public let pid: Int64?
    /// How often the board has started it again.
    public let restarts: Int64?

    /// - Parameter device: the device asked for, as a list of one device's workloads need not
    ///   repeat it.
    init(_ fields: Fields, device: String?) throws(FleetClientError) {
        if let named = try fields.optionalString("device") ?? device {
            self.device = named
        } else {
            self.device = try fields.string("device")
        }
        name = try fields.string("name")
        status = WriteStatus(try fields.string("status"))
        reason = try fields.optionalString("reason")
        state = try fields.optionalString("state")
        pid = try fields.optionalInt("pid")
        restarts = try fields.optionalInt("restarts")
    }
}

/// What became of a manifest on one device.
public struct ApplyResult: Sendable, Hashable {
    /// The device's id.
    public let device: String
    /// Where it is: `desired/workloads/web`.
    public let path: String
    /// How far the write of its desired state has come.
    public let status: WriteStatus
    /// Why it was refused.
    public let reason: String?

    init(_ fields: Fields) throws(FleetClientError) {
        device = try fields.string("device")
        path = try fields.string("path")
        status = WriteStatus(try fields.string("status"))
        reason = try fields.optionalString("reason")
    }
}
