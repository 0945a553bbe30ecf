public import FleetHub

/// The methods that any of our routes knows.
public enum APIMethod: String, Sendable, Hashable, CaseIterable {
    case get = "GET"
    case put = "PUT"
    case post = "POST"
    case patch = "PATCH"
    case delete = "DELETE"
}

/// What the API can do. The raw value is the operation id of the OpenAPI document.
public enum APIOperation: String, Sendable, Hashable, CaseIterable {
    case getHealth, getMetrics, getAuthority, getHub
    case listDevices, getDevice, updateDevice, removeDevice
    case getTwin, getCell, setCell, changeCell, deleteCell
    case readLog, getLogCursors
    case listWorkloads, listDeviceWorkloads, apply
    case streamEvents
    case createEnrolmentToken, listEnrolmentTokens, withdrawEnrolmentToken
    case approveDevice, revokeDevice, decommissionDevice
    case addPlacement, planPlacement, listPlacements, explainPlacement, removePlacement
    case createOperator, listOperators, revokeOperator, readAuditLog
}

/// One row of the route table, which the router, the roles and the test of the OpenAPI document all
/// read.
public struct APIRoute: Sendable, Hashable {
    /// The method, of which a path may have several.
    public let method: APIMethod
    /// The path with its parameters in braces. `{path}` stands for the rest of the path, slashes
    /// included; every other parameter for one segment.
    public let template: String
    /// What it does; no two routes do the same.
    public let operation: APIOperation
    /// The least role that may ask; nil where no token is needed.
    public let role: OperatorRole?
    /// True where the answer is about the whole fleet, so that nobody with a scope may ask.
    public let isFleetWide: Bool
    /// The query parameters that the route knows; any other is an error.
    public let query: [String]

    /// False where anyone who reaches the port may ask.
    public var needsToken: Bool { role != nil }

    /// True where asking changes something.
    public var isMutating: Bool { method != .get }

    /// The operation id of the OpenAPI document.
    public var operationID: String { operation.rawValue }

    private init(
        _ method: APIMethod, _ template: String, _ operation: APIOperation,
        _ role: OperatorRole?, isFleetWide: Bool = false, query: [String] = []
    ) {
        self.method = method
        self.template = template
        self.operation = operation
        self.role = role
        self.isFleetWide = isFleetWide
        self.query = query
    }

    /// Every route of the hub.
    public static let all: [APIRoute] = [
        // Supervisors hold no token, and scrapers on this machine none; neither page names a device.
        // What others reach asks for one (see `HubServer`).
        APIRoute(.get, "/healthz", .getHealth, nil),
        APIRoute(.get, "/metrics", .getMetrics, nil, isFleetWide: true),
        // A certificate is for everybody; who fetches it holds it against the hash that he has.
        APIRoute(.get, "/ca.crt", .getAuthority, nil),
        APIRoute(.get, "/api/v1/hub", .getHub, .viewer),
        APIRoute(.get, "/api/v1/devices", .listDevices, .viewer, query: ["selector"]),
        APIRoute(.get, "/api/v1/devices/{id}", .getDevice, .viewer),
        APIRoute(.patch, "/api/v1/devices/{id}", .updateDevice, .operator),
        APIRoute(.delete, "/api/v1/devices/{id}", .removeDevice, .operator, query: ["forget"]),
        APIRoute(.get, "/api/v1/devices/{id}/twin", .getTwin, .viewer, query: ["prefix"]),
        APIRoute(.get, "/api/v1/devices/{id}/twin/{path}", .getCell, .viewer),
        APIRoute(.put, "/api/v1/devices/{id}/twin/{path}", .setCell, .operator),
        APIRoute(.patch, "/api/v1/devices/{id}/twin/{path}", .changeCell, .operator),
        APIRoute(.delete, "/api/v1/devices/{id}/twin/{path}", .deleteCell, .operator),
        APIRoute(
            .get, "/api/v1/devices/{id}/log", .readLog, .viewer,
            query: ["stream", "after", "limit"]),
        APIRoute(.get, "/api/v1/devices/{id}/log/cursors", .getLogCursors, .viewer),
        APIRoute(.get, "/api/v1/devices/{id}/workloads", .listDeviceWorkloads, .viewer),
        APIRoute(.get, "/api/v1/workloads", .listWorkloads, .viewer, query: ["selector"]),
        APIRoute(.post, "/api/v1/apply", .apply, .operator),
        APIRoute(.get, "/api/v1/events", .streamEvents, .viewer),
        APIRoute(.post, "/api/v1/tokens", .createEnrolmentToken, .operator),
        APIRoute(.get, "/api/v1/tokens", .listEnrolmentTokens, .operator),
        APIRoute(.delete, "/api/v1/tokens/{token}", .withdrawEnrolmentToken, .operator),
        APIRoute(.post, "/api/v1/devices/{id}/approve", .approveDevice, .operator),
        APIRoute(.post, "/api/v1/devices/{id}/revoke", .revokeDevice, .operator),
        APIRoute(.post, "/api/v1/devices/{id}/decommission", .decommissionDevice, .operator),
        // A board that the hub chooses may be any.
        APIRoute(.post, "/api/v1/placements", .addPlacement, .operator, isFleetWide: true),
        APIRoute(.post, "/api/v1/placement-plan", .planPlacement, .operator, isFleetWide: true),
        APIRoute(.get, "/api/v1/placements", .listPlacements, .viewer, isFleetWide: true),
        APIRoute(
            .get, "/api/v1/placements/{name}", .explainPlacement, .viewer, isFleetWide: true),
        APIRoute(
            .delete, "/api/v1/placements/{name}", .removePlacement, .operator, isFleetWide: true),
        APIRoute(.post, "/api/v1/operators", .createOperator, .admin),
        APIRoute(.get, "/api/v1/operators", .listOperators, .admin),
        APIRoute(.delete, "/api/v1/operators/{name}", .revokeOperator, .admin),
        APIRoute(
            .get, "/api/v1/audit", .readAuditLog, .admin, isFleetWide: true,
            query: ["since", "after", "limit"]),
    ]
}
