public import Platform

/// What the hub answered: read into types, and the object itself for those who pass it on.
public struct Answer<Content: Sendable>: Sendable {
    /// The answer, read.
    public let content: Content
    /// The answer, as the hub gave it.
    public let object: Value
}

/// How a hub is (`GET /healthz`).
public struct HubHealth: Sendable, Hashable {
    /// `ok` or `degraded`.
    public let status: String
    /// `ok`, `full` or `damaged`.
    public let store: String
    /// The link to the MQTT broker: `connected`, `disconnected` or `off`.
    public let mqtt: String
    /// The hub's own CoAP ports: the same.
    public let coap: String
    /// Those over DTLS: the same; nil from a hub of an earlier release.
    public let coaps: String?
    /// The hub's clock in whole seconds, from the answer's `Date` header.
    public let time: WallTime?

    init(_ fields: Fields, time: WallTime?) throws(FleetClientError) {
        status = try fields.string("status")
        store = try fields.string("store")
        mqtt = try fields.string("mqtt")
        coap = try fields.string("coap")
        coaps = try fields.optionalString("coaps")
        self.time = time
    }
}

/// Which hub this is (`GET /api/v1/hub`).
public struct HubInfo: Sendable, Hashable {
    /// The hub's release.
    public let version: String
    /// The epoch of the hub's store, new at each opening.
    public let epoch: String
    /// RFC 3339.
    public let startedAt: String
    /// Whose token was sent; nil from a hub of an earlier release.
    public let operatorName: String?
    /// `viewer`, `operator` or `admin`; nil likewise.
    public let operatorRole: String?

    init(_ fields: Fields) throws(FleetClientError) {
        version = try fields.string("version")
        epoch = try fields.string("epoch")
        startedAt = try fields.string("started_at")
        let you = try fields.optionalObject("you")
        operatorName = try you?.string("name")
        operatorRole = try you?.string("role")
    }
}
