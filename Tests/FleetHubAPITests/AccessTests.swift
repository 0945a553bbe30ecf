import FleetHub
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import LinuxPlatform
import Platform
import SQLiteStore
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHubAPI

/// Every route, asked by every role, with a scope and without.
@Suite struct AccessTests {
    @Test(arguments: APIOperation.allCases)
    func everyRouteHoldsEveryRoleAgainstTheTable(operation: APIOperation) async throws {
        let document = try OpenAPIDocument()
        let route = operation.route
        for role in OperatorRole.allCases {
            for isScoped in [false, true] {
                let hub = FakeHub(history: [.sample(1)])
                let token = FakeHub.token(role, isScoped: isScoped)
                let answer = try await withClient(hub) {
                    try await $0.send(operation, token: token)
                }
                let isAllowed =
                    route.role.map { role >= $0 && !(route.isFleetWide && isScoped) } ?? true
                #expect(
                    answer.status == 403 ? !isAllowed : isAllowed && answer.status < 300,
                    "\(role) \(isScoped) \(answer.status)")
                try document.expect(answer, fits: operation)
                let refused = await hub.calls.filter { $0.hasPrefix("refused ") }
                #expect(refused.count == (!isAllowed && route.isMutating ? 1 : 0))
                if !isAllowed { #expect(await hub.calls.count == refused.count) }
            }
        }
    }

    /// What the table says is what was meant: a route that is added has to be added here too.
    @Test func theTableIsTheOneThatWasMeant() {
        let roles = Dictionary(grouping: APIRoute.all, by: \.role).mapValues {
            Set($0.map(\.operation))
        }
        #expect(roles[nil] == [.getHealth, .getMetrics, .getAuthority])
        #expect(
            roles[.viewer] == [
                .getHub, .listDevices, .getDevice, .getTwin, .getCell, .readLog, .getLogCursors,
                .listDeviceWorkloads, .listWorkloads, .streamEvents, .listPlacements,
                .explainPlacement,
            ])
        #expect(
            roles[.operator] == [
                .updateDevice, .removeDevice, .setCell, .changeCell, .deleteCell, .apply,
                .createEnrolmentToken, .listEnrolmentTokens, .withdrawEnrolmentToken,
                .approveDevice, .revokeDevice, .decommissionDevice,
                .addPlacement, .planPlacement, .removePlacement,
            ])
        #expect(
            roles[.admin] == [.createOperator, .listOperators, .revokeOperator, .readAuditLog])
        #expect(
            Set(APIRoute.all.filter(\.isFleetWide).map(\.operation))
                == [
                    .getMetrics, .readAuditLog, .addPlacement, .planPlacement, .listPlacements,
                    .explainPlacement, .removePlacement,
                ])
        #expect(APIRoute.all.allSatisfy { !$0.isMutating || $0.role ?? .viewer >= .operator })
    }

    /// A hub with one board in the barn and one in the house.
    private func hub(_ folder: TemporaryFolder) throws -> FleetHub {
        let store = try HubStore(path: folder.path + "/hub.db", epoch: Epoch(nonce: 0xAB01))
        let now = LinuxTimekeeper().now().wall
        try store.write { () throws(SQLiteError) in
            for (id, site) in [("pump-1", "barn"), ("pump-2", "house")] {
                try store.devices.put(
                    DeviceRecord(
                        id: id, name: id, labels: ["site": site], state: .active, registered: now,
                        lastSeen: now))
            }
        }
        for role in OperatorRole.allCases {
            for isScoped in [false, true] {
                try store.write { () throws(SQLiteError) in
                    try store.operators.put(
                        OperatorRecord(
                            name: "\(role)\(isScoped)",
                            hash: FleetHub.hash(token: FakeHub.token(role, isScoped: isScoped)),
                            role: role.rawValue, scope: isScoped ? ["site": "barn"] : [:],
                            created: now, expires: nil))
                }
            }
        }
        return try FleetHub(
            store: store, endpoint: SilentEndpoint(), timekeeper: LinuxTimekeeper(),
            executor: ThreadExecutor(name: "hub"))
    }

    /// Another site's board is to a scoped operator as one that there is not, at every route and in
    /// every role: same status, same words.
    @Test(arguments: APIOperation.allCases.filter(\.needsDevice))
    func whatIsOutOfScopeDoesNotExist(operation: APIOperation) async throws {
        let folder = try TemporaryFolder()
        let hub = try hub(folder)
        try await withClient(hub) { client in
            for role in OperatorRole.allCases where role >= operation.route.role ?? .viewer {
                let token = FakeHub.token(role, isScoped: true)
                var answers: [String] = []
                for id in ["pump-2", "pump-3"] {
                    let uri = operation.sampleURI.replacing("pump-1", with: id)
                    let answer = try await client.send(
                        operation.route.method.http, uri, body: operation.sampleBody, token: token)
                    #expect(answer.status == 404, "\(id) \(answer.text)")
                    answers.append(answer.text.replacing(id, with: "X"))
                }
                #expect(answers[0] == answers[1])
            }
        }
        #expect(try await hub.device("pump-2")["labels"]?["site"] == .string("house"))
    }

    @Test func listsAndSelectorsEndAtTheScope() async throws {
        let folder = try TemporaryFolder()
        let barn = FakeHub.token(.operator, isScoped: true)
        try await withClient(try hub(folder)) { client in
            func ids(_ uri: String, _ token: String) async throws -> String {
                let text = try await client.send(.get, uri, token: token).text
                return ["pump-1", "pump-2"].filter { text.contains("\"\($0)\"") }.joined()
            }
            let apply = { (selector: String, token: String) in
                try await client.send(
                    .post, "/api/v1/apply",
                    body: #"{"selector":"\#(selector)","kind":"workload","name":"w","#
                        + #""spec":{"command":["/bin/true"]}}"#, token: token)
            }
            #expect(try await ids("/api/v1/devices", FakeHub.token) == "pump-1pump-2")
            #expect(try await ids("/api/v1/devices", barn) == "pump-1")
            #expect(try await ids("/api/v1/devices?selector=site=house", barn) == "")
            #expect(try await apply("site=house", barn).status == 404)
            #expect(try await apply("site=house", FakeHub.token).status == 200)
            #expect(try await ids("/api/v1/workloads", barn) == "")
            #expect(try await ids("/api/v1/workloads", FakeHub.token) == "pump-2")
            // No way out of the scope for a device, nor into it for another.
            let out = try await client.send(
                .patch, "/api/v1/devices/pump-1", body: #"{"labels":{"site":"house"}}"#,
                token: barn)
            #expect(out.status == 403)
            let more = try await client.send(
                .patch, "/api/v1/devices/pump-1", body: #"{"labels":{"site":"barn","a":"b"}}"#,
                token: barn)
            #expect(more.status == 200)
        }
    }

    @Test func aScopedAdminMakesNoFreerOne() async throws {
        let folder = try TemporaryFolder()
        let barn = FakeHub.token(.admin, isScoped: true)
        try await withClient(try hub(folder)) { client in
            let make = { (labels: String) in
                try await client.send(
                    .post, "/api/v1/operators",
                    body: #"{"name":"new","role":"admin","labels":\#(labels)}"#, token: barn)
            }
            #expect(try await make("{}").status == 403)
            #expect(try await make(#"{"site":"house"}"#).status == 403)
            #expect(try await make(#"{"site":"barn","rack":"2"}"#).status == 201)
            let revoke = try await client.send(
                .delete, "/api/v1/operators/adminfalse", token: barn)
            #expect(revoke.status == 404)
            let list = try await client.send(.get, "/api/v1/operators", token: barn)
            #expect(!list.text.contains("adminfalse") && list.text.contains("\"new\""))
            // Secrets are in no list.
            #expect(!list.text.contains("token") && !list.text.contains("hash"))
        }
    }

    /// Away from this machine the metrics are nobody's who has no token.
    @Test func metricsOfAnExposedPortNeedAToken() async throws {
        let handlers = HubHandlers(
            service: FakeHub(), limits: APILimits(), slots: EventSlots(limit: 1),
            clock: ContinuousClock())
        let gate = RequestGate(limits: .operators, clock: ContinuousClock())
        let router = HubRouter.make(handlers, gate: gate, isExposed: true)
        try await Application(router: router, logger: .silent).test(.router) {
            (test: any TestClientProtocol) async throws -> Void in
            let client = APIClient(test: test)
            #expect(try await client.send(.getMetrics, token: nil).status == 401)
            #expect(try await client.send(.getMetrics).status == 200)
            let scoped = FakeHub.token(.admin, isScoped: true)
            #expect(try await client.send(.getMetrics, token: scoped).status == 403)
            #expect(try await client.send(.getHealth, token: nil).status == 200)
        }
    }
}
