import FleetHub
import HTTPTypes
import Platform
import Testing

@testable import FleetHubAPI

@Suite struct RefusalTests {
    private static let secured = APIOperation.allCases.filter(\.route.needsToken)
    private static let perDevice = APIOperation.allCases.filter(\.needsDevice)

    @Test(arguments: secured)
    func noTokenNoAnswer(operation: APIOperation) async throws {
        let document = try OpenAPIDocument()
        let hub = FakeHub()
        try await withClient(hub) { client in
            for token in [nil, "wrong", "", String(repeating: "a", count: 600)] {
                let answer = try await client.send(operation, token: token)
                #expect(answer.status == 401)
                #expect(answer.code == "unauthorized")
                #expect(answer.headers[.wwwAuthenticate] == "Bearer")
                try document.expect(answer, fits: operation)
            }
        }
        #expect(await hub.calls.isEmpty)
    }

    @Test(
        arguments: [
            ("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", nil), ("Bearer", nil),
            ("Bearer a b", nil), (nil, nil),
        ] as [(String?, String?)])
    func theTokenIsReadAsRFC6750Says(field: String?, token: String?) {
        #expect(BearerMiddleware.token(field) == token)
    }

    @Test(arguments: perDevice)
    func anUnknownDeviceIsNotFound(operation: APIOperation) async throws {
        let document = try OpenAPIDocument()
        let uri = operation.sampleURI.replacing("pump-1", with: "pump-2")
        let answer = try await withClient(FakeHub()) {
            try await $0.send(operation.route.method.http, uri, body: operation.sampleBody)
        }
        #expect(answer.status == 404)
        #expect(answer.code == "not_found")
        try document.expect(answer, fits: operation)
    }

    @Test(arguments: perDevice)
    func anImpossibleDeviceNeverReachesTheHub(operation: APIOperation) async throws {
        let hub = FakeHub()
        try await withClient(hub) { client in
            let long = String(repeating: "a", count: 65)
            for id in ["a%20b", "%zz", "a%2Fb", "a%00", "%ff", long, "ä"] {
                let uri = operation.sampleURI.replacing("pump-1", with: id)
                let answer = try await client.send(
                    operation.route.method.http, uri, body: operation.sampleBody)
                #expect(answer.status == 400, "\(id)")
                #expect(answer.code == "invalid", "\(id)")
            }
        }
        #expect(await hub.calls.isEmpty)
    }

    /// Every error of the hub's, at every operation that documents its status.
    @Test(arguments: HubError.Code.allCases)
    func errorsOfTheHubReachTheClient(code: HubError.Code) async throws {
        let document = try OpenAPIDocument()
        let error = HubError(code, "It \"failed\".", hint: "Do better.")
        let status = APIFailure(error).status.code
        try await withClient(FakeHub(failure: error)) { client in
            var tried = 0
            for operation in Self.secured where document.statuses(operation).contains(status) {
                if [.getHub, .streamEvents, .listOperators, .listPlacements].contains(operation) {
                    continue
                }
                let answer = try await client.send(operation)
                #expect(answer.status == status, "\(operation)")
                let body = try answer.json()["error"]
                #expect(body?["code"]?.stringValue == code.rawValue)
                #expect(body?["message"]?.stringValue == "It \"failed\".")
                #expect(body?["hint"]?.stringValue == "Do better.")
                try document.expect(answer, fits: operation)
                tried += 1
            }
            #expect(tried >= 3)
        }
    }

    @Test func statusesAreTheContracts() {
        let statuses = HubError.Code.allCases.map {
            APIFailure(HubError($0, "", hint: "")).status.code
        }
        #expect(statuses == [404, 401, 400, 403, 503, 409, 413])
    }

    @Test(arguments: [
        "/", "/api", "/api/v1", "/api/v2/hub", "/api/v1/hub/x", "/healthz/x",
        "/api/v1/devices/pump-1/log/x", "/api/v1/devices/pump-1/x", "/%00", "/api/v1/Hub",
    ])
    func anUnknownRouteIsNotFound(uri: String) async throws {
        let answer = try await withClient(FakeHub()) { try await $0.send(.get, uri, token: nil) }
        #expect(answer.status == 404)
        #expect(answer.code == "not_found")
        #expect(answer.hint?.isEmpty == false)
    }

    @Test(arguments: Set(APIRoute.all.map(\.template)).sorted())
    func aWrongMethodIsNotAllowed(template: String) async throws {
        let allowed = APIRoute.all.filter { $0.template == template }.map(\.method)
        let uri = template.replacing("{id}", with: "pump-1").replacing("{path}", with: "a/b")
            .replacing("{token}", with: "AQIDBAUG").replacing("{name}", with: "ann")
        let hub = FakeHub()
        try await withClient(hub) { client in
            for method in APIMethod.allCases where !allowed.contains(method) {
                let answer = try await client.send(method.http, uri)
                #expect(answer.status == 405, "\(method)")
                #expect(answer.code == "invalid")
                let names = allowed.map(\.rawValue).sorted().joined(separator: ", ")
                #expect(answer.headers[.allow] == names)
            }
            #expect(try await client.send(.options, uri).status == 405)
        }
        #expect(await hub.calls.isEmpty)
    }

    @Test(arguments: [
        "devices?limt=1", "devices?selector=", "devices?selector", "devices?selector=%",
        "devices?selector=%zz", "devices?selector=%ff", "devices?selector=a=b&selector=a=c",
        "devices?selector=a%0Ab", "devices?%ff=1", "hub?x=1",
        "devices/pump-1/log?limit=0", "devices/pump-1/log?limit=1001",
        "devices/pump-1/log?limit=ten", "devices/pump-1/log?limit=+1%20",
        "devices/pump-1/log?after=-1001", "devices/pump-1/log?after=9223372036854775808",
        "devices/pump-1/log?after=1.5", "devices/pump-1/twin?prefix=",
        "devices/pump-1/twin/a//b", "devices/pump-1/twin/%2F", "devices/pump-1/twin/a%",
        "devices/pump-1/twin/a%00b", "devices/pump-1/twin/a%2F", "devices/pump-1/twin/%C0%AF",
    ])
    func aWrongParameterIsInvalid(uri: String) async throws {
        let hub = FakeHub()
        let answer = try await withClient(hub) { try await $0.send(.get, "/api/v1/\(uri)") }
        #expect(answer.status == 400)
        #expect(answer.code == "invalid")
        #expect(answer.hint?.isEmpty == false)
        #expect(await hub.calls.isEmpty)
    }

    @Test func longParametersAreInvalid() async throws {
        try await withClient(FakeHub()) { client in
            for (count, status) in [(1024, 200), (1025, 400)] {
                let text = String(repeating: "a", count: count)
                let query = try await client.send(.get, "/api/v1/devices?selector=\(text)")
                #expect(query.status == status)
                let path = try await client.send(.get, "/api/v1/devices/pump-1/twin/\(text)")
                #expect(path.status == status)
            }
        }
    }

    @Test func forgetIsTrueOrFalse() async throws {
        let uri = "/api/v1/devices/pump-1?forget=yes"
        let answer = try await withClient(FakeHub()) { try await $0.send(.delete, uri) }
        #expect(answer.status == 400)
    }

    @Test func theLastEventIDIsANumber() async throws {
        let name = try #require(HTTPField.Name("Last-Event-ID"))
        let answer = try await withClient(FakeHub()) {
            try await $0.send(.get, "/api/v1/events", headers: [name: "x"])
        }
        #expect(answer.status == 400)
    }

    @Test(arguments: [
        ("PATCH", "devices/pump-1", ""), ("PATCH", "devices/pump-1", "{"),
        ("PATCH", "devices/pump-1", "[]"), ("PATCH", "devices/pump-1", "{}"),
        ("PATCH", "devices/pump-1", #"{"name":""}"#), ("PATCH", "devices/pump-1", #"{"name":1}"#),
        ("PATCH", "devices/pump-1", #"{"id":"x"}"#),
        ("PATCH", "devices/pump-1", #"{"labels":[]}"#),
        ("PATCH", "devices/pump-1", #"{"labels":{"a":1}}"#),
        ("PATCH", "devices/pump-1", #"{"labels":{"":"1"}}"#),
        ("PUT", "devices/pump-1/twin/desired/x", "{}"),
        ("PUT", "devices/pump-1/twin/desired/x", "true"),
        ("PUT", "devices/pump-1/twin/desired/x", #"{"value":1,"ttl":2}"#),
        ("PUT", "devices/pump-1/twin/desired/x", #"{"value":1} x"#),
        ("PATCH", "devices/pump-1/twin/sets/x", "{}"),
        ("PATCH", "devices/pump-1/twin/sets/x", #"{"value":1}"#),
        ("PATCH", "devices/pump-1/twin/sets/x", #"{"add":1,"remove":2}"#),
        ("PATCH", "devices/pump-1/twin/counters/x", #"{"increment":"1"}"#),
        ("PATCH", "devices/pump-1/twin/counters/x", #"{"increment":1.5}"#),
        ("PATCH", "devices/pump-1/twin/counters/x", #"{"increment":9223372036854775808}"#),
        ("PATCH", "devices/pump-1/twin/counters/x", #"{"increment":null}"#),
        ("POST", "apply", #"{"kind":"workload","name":"a","spec":{}}"#),
        (
            "POST", "apply",
            #"{"device":"a","selector":"a=b","kind":"workload","name":"a","spec":{}}"#
        ),
        ("POST", "apply", #"{"device":"a b","kind":"workload","name":"a","spec":{}}"#),
        ("POST", "apply", #"{"device":"a","name":"a","spec":{}}"#),
        ("POST", "apply", #"{"device":"a","kind":"workload","spec":{}}"#),
        ("POST", "apply", #"{"device":"a","kind":"workload","name":"a"}"#),
        ("POST", "apply", #"{"device":"a","kind":"workload","name":"a","spec":[]}"#),
        ("POST", "tokens", "[]"), ("POST", "tokens", #"{"ttl":60}"#),
        ("POST", "tokens", #"{"ttl_s":59}"#), ("POST", "tokens", #"{"ttl_s":604801}"#),
        ("POST", "tokens", #"{"ttl_s":"60"}"#), ("POST", "tokens", #"{"ttl_s":60.5}"#),
        ("POST", "tokens", #"{"needs_approval":1}"#), ("POST", "tokens", #"{"labels":["a"]}"#),
        ("DELETE", "tokens/a%20b", ""), ("DELETE", "tokens/AQIDBAU", ""),
        ("DELETE", "tokens/..%2Fhub", ""),
    ])
    func aWrongBodyIsInvalid(method: String, uri: String, body: String) async throws {
        let hub = FakeHub()
        let method = try #require(HTTPRequest.Method(method))
        let answer = try await withClient(hub) {
            try await $0.send(method, "/api/v1/\(uri)", body: body)
        }
        #expect(answer.status == 400)
        #expect(answer.code == "invalid")
        #expect(await hub.calls.isEmpty)
    }

    @Test func aDeviceHasAtMost32Labels() async throws {
        try await withClient(FakeHub()) { client in
            for (count, status) in [(32, 200), (33, 400)] {
                let labels = (0..<count).map { "\"l\($0)\":\"v\"" }.joined(separator: ",")
                let answer = try await client.send(
                    .patch, "/api/v1/devices/pump-1", body: "{\"labels\":{\(labels)}}")
                #expect(answer.status == status)
            }
        }
    }

    @Test func aBodyHasAtMost256KiB() async throws {
        let frame = #"{"value":""}"#.utf8.count
        #expect(APILimits().clients.bodyBytesMax == 262_144)
        try await withClient(FakeHub()) { client in
            for (count, status) in [(262_144, 202), (262_145, 413)] {
                let text = String(repeating: "a", count: count - frame)
                let answer = try await client.send(
                    .put, "/api/v1/devices/pump-1/twin/desired/x", body: "{\"value\":\"\(text)\"}")
                #expect(answer.status == status)
                if status == 413 { #expect(answer.code == "too_large") }
            }
        }
    }

    @Test func aClientThatAsksTooOftenWaits() async throws {
        var limits = APILimits()
        limits.clients.requestsBurstMax = 2
        limits.clients.requestsPerSecondMax = 1
        let document = try OpenAPIDocument()
        try await withClient(FakeHub(), limits: limits, clock: TickClock()) { client in
            #expect(try await client.send(.getHealth, token: nil).status == 200)
            #expect(try await client.send(.getHub, token: "wrong").status == 401)
            // Without a look at the token, and the pages without one are no way around.
            for operation in APIOperation.allCases {
                let answer = try await client.send(operation)
                #expect(answer.status == 429)
                #expect(answer.code == "unavailable")
                #expect(answer.headers[.retryAfter] == "1")
                try document.expect(answer, fits: operation)
            }
        }
    }
}
