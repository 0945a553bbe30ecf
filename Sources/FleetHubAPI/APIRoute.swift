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
    case getHealth, getMetrics, getHub
    case listDevices, getDevice, updateDevice, removeDevice
    case getTwin, getCell, setCell, changeCell, deleteCell
    case readLog, getLogCursors
    case listWorkloads, listDeviceWorkloads, apply
    case streamEvents
    case createEnrolmentToken, listEnrolmentTokens, withdrawEnrolmentToken
    case approveDevice, revokeDevice, decommissionDevice
}

/// One row of the route table, which the router and the test of the OpenAPI document both read.
public struct APIRoute: Sendable, Hashable {
    /// The method, of which a path may have several.
    public let method: APIMethod
    /// The path with its parameters in braces. `{path}` stands for the rest of the path, slashes
    /// included; every other parameter for one segment.
    public let template: String
    /// What it does; no two routes do the same.
    public let operation: APIOperation
    /// False where anyone who reaches the port may ask.
    public let needsToken: Bool
    /// The query parameters that the route knows; any other is an error.
    public let query: [String]

    /// The operation id of the OpenAPI document.
    public var operationID: String { operation.rawValue }

    private init(
        _ method: APIMethod, _ template: String, _ operation: APIOperation,
        needsToken: Bool = true, query: [String] = []
    ) {
        self.method = method
        self.template = template
        self.operation = operation
        self.needsToken = needsToken
        self.query = query
    }

    /// Every route of the hub.
    public static let all: [APIRoute] = [
        // Supervisors and scrapers hold no token; neither page names a device.
        APIRoute(.get, "/healthz", .getHealth, needsToken: false),
        APIRoute(.get, "/metrics", .getMetrics, needsToken: false),
        APIRoute(.get, "/api/v1/hub", .getHub),
        APIRoute(.get, "/api/v1/devices", .listDevices, query: ["selector"]),
        APIRoute(.get, "/api/v1/devices/{id}", .getDevice),
        APIRoute(.patch, "/api/v1/devices/{id}", .updateDevice),
        APIRoute(.delete, "/api/v1/devices/{id}", .removeDevice, query: ["forget"]),
        APIRoute(.get, "/api/v1/devices/{id}/twin", .getTwin, query: ["prefix"]),
        APIRoute(.get, "/api/v1/devices/{id}/twin/{path}", .getCell),
        APIRoute(.put, "/api/v1/devices/{id}/twin/{path}", .setCell),
        APIRoute(.patch, "/api/v1/devices/{id}/twin/{path}", .changeCell),
        APIRoute(.delete, "/api/v1/devices/{id}/twin/{path}", .deleteCell),
        APIRoute(
            .get, "/api/v1/devices/{id}/log", .readLog, query: ["stream", "after", "limit"]),
        APIRoute(.get, "/api/v1/devices/{id}/log/cursors", .getLogCursors),
        APIRoute(.get, "/api/v1/devices/{id}/workloads", .listDeviceWorkloads),
        APIRoute(.get, "/api/v1/workloads", .listWorkloads, query: ["selector"]),
        APIRoute(.post, "/api/v1/apply", .apply),
        APIRoute(.get, "/api/v1/events", .streamEvents),
        APIRoute(.post, "/api/v1/tokens", .createEnrolmentToken),
        APIRoute(.get, "/api/v1/tokens", .listEnrolmentTokens),
        APIRoute(.delete, "/api/v1/tokens/{token}", .withdrawEnrolmentToken),
        APIRoute(.post, "/api/v1/devices/{id}/approve", .approveDevice),
        APIRoute(.post, "/api/v1/devices/{id}/revoke", .revokeDevice),
        APIRoute(.post, "/api/v1/devices/{id}/decommission", .decommissionDevice),
    ]
}
