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
}
