public import Platform

/// Something that happened at the hub, as its watchers see it.
public struct HubEvent: Sendable, Hashable {
    /// Increases from event to event within one run of the hub.
    public let id: UInt64
    /// `device`, `twin`, `log` or `hub`.
    public let kind: String
    /// An object with at least `time` (RFC 3339); with `device` where the event has one.
    public let data: Value

    /// An event; `id` must be above those of all events before it.
    public init(id: UInt64, kind: String, data: Value) {
        self.id = id
        self.kind = kind
        self.data = data
    }

    /// Tells one watcher that events before `first` may have passed it by: the hub remembers none
    /// of them, and goes on with `first`. Of kind `hub`, with `state` "missed".
    ///
    /// Its id is the one just before `first`, so a watcher that comes back with it gets `first`
    /// next and is told nothing twice.
    public static func missed(before first: UInt64, at now: WallTime) -> HubEvent {
        HubEvent(
            id: first > 0 ? first - 1 : 0, kind: "hub",
            data: .object([
                ("state", .string("missed")), ("first", .int(Int64(clamping: first))),
                ("time", .string(RFC3339.text(now))),
            ]))
    }
}
