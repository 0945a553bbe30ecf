import FleetHub
import HTTPTypes
import Platform
import Testing

@testable import FleetHubAPI

@Suite struct RouteTests {
    @Test func everyOperationHasOneRoute() {
        #expect(APIRoute.all.count == APIOperation.allCases.count)
        #expect(Set(APIRoute.all.map(\.operation)) == Set(APIOperation.allCases))
        let places = APIRoute.all.map { "\($0.method.rawValue) \($0.template)" }
        #expect(Set(places).count == places.count)
        for route in APIRoute.all {
            #expect(route.needsToken == route.template.hasPrefix("/api/"))
        }
    }

    @Test(arguments: APIOperation.allCases)
    func answersAreWhatTheDocumentPromises(operation: APIOperation) async throws {
        let document = try OpenAPIDocument()
        let hub = FakeHub(history: [.sample(1)])
        let token = operation.route.needsToken ? FakeHub.token : nil
        let answer = try await withClient(hub) { try await $0.send(operation, token: token) }
        let success = document.statuses(operation).filter { 200...299 ~= $0 }
        #expect([answer.status] == success)
        try document.expect(answer, fits: operation)
    }

    @Test(
        arguments: [
            ("GET", "/api/v1/devices", nil, "devices -"),
            ("GET", "/api/v1/devices?selector=site=barn,rack=2", nil, "devices site=barn,rack=2"),
            ("GET", "/api/v1/devices?selector=site%3Dold%20barn", nil, "devices site=old barn"),
            ("GET", "/api/v1/devices/pump%2D1", nil, "device pump-1"),
            ("PATCH", "/api/v1/devices/pump-1", #"{"name":"P"}"#, "update pump-1 P -"),
            (
                "PATCH", "/api/v1/devices/pump-1", #"{"labels":{"b":"2","a":""}}"#,
                "update pump-1 - a=,b=2"
            ),
            ("DELETE", "/api/v1/devices/pump-1", nil, "remove pump-1 false"),
            ("DELETE", "/api/v1/devices/pump-1?forget=true", nil, "remove pump-1 true"),
            ("GET", "/api/v1/devices/pump-1/twin", nil, "twin pump-1 -"),
            ("GET", "/api/v1/devices/pump-1/twin?prefix=reported/", nil, "twin pump-1 reported/"),
            (
                "GET", "/api/v1/devices/pump-1/twin/reported/devices/K%C3%BCche%20L/on", nil,
                "cell pump-1 reported/devices/Küche L/on"
            ),
            ("GET", "/api/v1/devices/pump-1/twin/desired%2Fx", nil, "cell pump-1 desired/x"),
            ("GET", "/api/v1/devices/pump-1/twin/log/cursors", nil, "cell pump-1 log/cursors"),
            (
                "PUT", "/api/v1/devices/pump-1/twin/desired/x", #"{"value":{"a":[1,null]}}"#,
                #"set pump-1 desired/x {"a":[1,null]}"#
            ),
            (
                "DELETE", "/api/v1/devices/pump-1/twin/desired/x", nil,
                "change pump-1 desired/x delete"
            ),
            (
                "PUT", "/api/v1/devices/pump-1/twin/notes/x", #"{"value":null}"#,
                "set pump-1 notes/x null"
            ),
            (
                "PATCH", "/api/v1/devices/pump-1/twin/sets/x", #"{"add":{"a":[1]}}"#,
                #"change pump-1 sets/x add {"a":[1]}"#
            ),
            (
                "PATCH", "/api/v1/devices/pump-1/twin/sets/x", #"{"remove":null}"#,
                "change pump-1 sets/x remove null"
            ),
            (
                "PATCH", "/api/v1/devices/pump-1/twin/counters/x",
                #"{"increment":-9223372036854775808}"#,
                "change pump-1 counters/x increment -9223372036854775808"
            ),
            ("GET", "/api/v1/devices/pump-1/log", nil, "log pump-1 - 0 100"),
            (
                "GET", "/api/v1/devices/pump-1/log?stream=logs/camera&after=7&limit=1000", nil,
                "log pump-1 logs/camera 7 1000"
            ),
            ("GET", "/api/v1/devices/pump-1/log/cursors", nil, "cursors pump-1"),
            ("GET", "/api/v1/devices/pump-1/workloads", nil, "workloads pump-1 -"),
            ("GET", "/api/v1/workloads?selector=a=b", nil, "workloads - a=b"),
            (
                "POST", "/api/v1/apply",
                #"{"device":"pump-1","kind":"workload","name":"camera","spec":{}}"#,
                "apply - pump-1 workload camera {}"
            ),
            (
                "POST", "/api/v1/apply",
                #"{"selector":"a=b","kind":"workload","name":"camera","spec":null}"#,
                "apply a=b - workload camera null"
            ),
            ("POST", "/api/v1/tokens", "{}", "create token  3600 false"),
            (
                "POST", "/api/v1/tokens",
                #"{"labels":{"b":"2","a":""},"ttl_s":60,"needs_approval":true}"#,
                "create token a=,b=2 60 true"
            ),
            ("GET", "/api/v1/tokens", nil, "tokens"),
            (
                "POST", "/api/v1/placements",
                #"{"name":"web","spec":{"command":["/bin/web"]},"place":{"replicas":2}}"#,
                #"add placement web - {"replicas":2}"#
            ),
            ("GET", "/api/v1/placements", nil, "placements"),
            ("GET", "/api/v1/placements/web", nil, "placement web"),
            ("DELETE", "/api/v1/placements/web", nil, "remove placement web"),
            ("DELETE", "/api/v1/tokens/AQIDBAUG", nil, "withdraw AQIDBAUG"),
            ("POST", "/api/v1/devices/pump-1/approve", nil, "decide pump-1 approve"),
            ("POST", "/api/v1/devices/pump-1/revoke", nil, "decide pump-1 revoke"),
            ("POST", "/api/v1/devices/pump-1/decommission", nil, "decide pump-1 decommission"),
        ] as [(String, String, String?, String)])
    func parametersReachTheHub(method: String, uri: String, body: String?, call: String)
        async throws
    {
        let hub = FakeHub()
        let method = try #require(HTTPRequest.Method(method))
        let answer = try await withClient(hub) { try await $0.send(method, uri, body: body) }
        #expect(200...204 ~= answer.status, "\(answer.text)")
        #expect(await hub.calls == [call])
    }

    @Test func metricsAreText() async throws {
        let answer = try await withClient(FakeHub()) { try await $0.send(.getMetrics) }
        #expect(answer.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(answer.text.contains("\nhub_devices 1\n"))
    }

    @Test func nothingIsCached() async throws {
        let withoutBody: [APIOperation] = [
            .removeDevice, .withdrawEnrolmentToken, .revokeOperator, .removePlacement,
        ]
        for operation in APIOperation.allCases where !withoutBody.contains(operation) {
            let answer = try await withClient(FakeHub()) { try await $0.send(operation) }
            #expect(answer.headers[.cacheControl] == "no-store", "\(operation)")
        }
    }

    @Test func headIsAGetWithoutABody() async throws {
        let hub = FakeHub()
        let answer = try await withClient(hub) { try await $0.send(.head, "/api/v1/devices") }
        #expect(answer.status == 200)
        #expect(answer.text.isEmpty)
        #expect(await hub.calls == ["devices -"])
    }

    @Test func eventsGoOnAfterTheLastOneSeen() async throws {
        let hub = FakeHub(history: [.sample(1), .sample(2), .sample(3)])
        let name = try #require(HTTPField.Name("Last-Event-ID"))
        let answer = try await withClient(hub) {
            try await $0.send(.get, "/api/v1/events", headers: [name: "1"])
        }
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "text/event-stream")
        #expect(answer.text == HubEvent.sampleText(2) + HubEvent.sampleText(3))
        #expect(await hub.calls == ["events 1"])
    }
}
