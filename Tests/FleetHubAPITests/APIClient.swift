import FleetHub
import Hummingbird
import HummingbirdTesting
import Logging
import Platform
import ServiceLifecycle
import Testing

@testable import FleetHubAPI

/// Requests straight into the router, no socket between.
struct APIClient: Sendable {
    let test: any TestClientProtocol

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPFields
        let text: String

        /// The body as JSON; a failed test where it is none.
        func json(_ location: SourceLocation = #_sourceLocation) throws -> Value {
            try #require(try? JSONReader.read(text), sourceLocation: location)
        }

        /// The code of an error; nil where the body is none.
        var code: String? { (try? JSONReader.read(text))?["error"]?["code"]?.stringValue }

        var hint: String? { (try? JSONReader.read(text))?["error"]?["hint"]?.stringValue }
    }

    /// One request. A `token` of nil sends none.
    func send(
        _ method: HTTPRequest.Method, _ uri: String, body: String? = nil,
        token: String? = FakeHub.token, headers: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = headers
        if let token { headers[.authorization] = "Bearer \(token)" }
        let response = try await test.execute(
            uri: uri, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
        return Answer(
            status: response.status.code, headers: response.headers,
            text: String(buffer: response.body))
    }

    func send(_ operation: APIOperation, token: String? = FakeHub.token) async throws -> Answer {
        try await send(
            operation.route.method.http, operation.sampleURI, body: operation.sampleBody,
            token: token)
    }
}

/// Runs `body` against a server over `hub`.
func withClient<Result: Sendable>(
    _ hub: any HubService, limits: APILimits = APILimits(),
    clock: any Clock<Duration> = ContinuousClock(),
    _ body: @Sendable (APIClient) async throws -> Result
) async throws -> Result {
    let server = try HubServer(
        service: hub, host: "127.0.0.1", port: 0, limits: limits, clock: clock, onReady: { _ in },
        logger: .silent)
    return try await server.server.application.test(.router) { client in
        try await body(APIClient(test: client))
    }
}

/// Runs `body` beside a server over `hub` at a port of this machine.
func withHubServer(
    _ hub: any HubService, tls: ServerCredential? = nil, limits: APILimits = APILimits(),
    _ body: @Sendable (Int) async throws -> Void
) async throws {
    try await withService(
        { onReady in
            try HubServer(
                service: hub, host: tls == nil ? "localhost" : "127.0.0.1", port: 0, tls: tls,
                limits: limits, onReady: onReady, logger: .silent)
        }, body)
}

/// Runs `body` with the port of a service, and ends the service with it.
func withService(
    _ make: (@escaping @Sendable (Int) -> Void) throws -> any Service,
    _ body: @Sendable (Int) async throws -> Void
) async throws {
    let (ports, ready) = AsyncStream.makeStream(of: Int.self)
    let service = try make { ready.yield($0) }
    let group = ServiceGroup(configuration: .init(services: [service], logger: .silent))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            // A service that cannot start must not be waited for.
            defer { ready.finish() }
            try await group.run()
        }
        for await port in ports {
            do {
                try await body(port)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            break
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

extension APIOperation {
    var route: APIRoute {
        // The table has every operation: `RouteTests.everyOperationHasOneRoute`.
        APIRoute.all.first { $0.operation == self } ?? APIRoute.all[0]
    }

    /// A request that the fake hub answers.
    var sampleURI: String {
        route.template.replacing("{id}", with: "pump-1").replacing("{path}", with: "desired/x")
            .replacing("{token}", with: "AQIDBAUG").replacing("{name}", with: "ann")
    }

    var sampleBody: String? {
        switch self {
        case .updateDevice: #"{"name":"Pump","labels":{"site":"barn"}}"#
        case .setCell: #"{"value":true}"#
        case .changeCell: #"{"add":"north"}"#
        case .apply:
            #"{"selector":"site=barn","kind":"workload","name":"camera","#
                + #""spec":{"command":["/bin/true"]}}"#
        case .addPlacement, .planPlacement:
            #"{"name":"web","spec":{"command":["/bin/web"]},"selector":"site=barn","#
                + #""place":{"replicas":2}}"#
        case .createEnrolmentToken:
            #"{"labels":{"site":"barn"},"ttl_s":3600,"needs_approval":true}"#
        case .createOperator:
            #"{"name":"ann","role":"operator","labels":{"site":"barn"},"ttl_s":3600}"#
        default: nil
        }
    }

    var needsDevice: Bool { route.template.contains("{id}") }
}
