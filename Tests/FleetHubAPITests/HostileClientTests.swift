import FleetHub
import Foundation
import HTTPTypes
import LinuxPlatform
import Platform
import SQLiteStore
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHubAPI

/// What the API bears of clients that mean it no good.
@Suite(.timeLimit(.minutes(2))) struct HostileClientTests {
    private func withServer(
        _ limits: APILimits, _ body: @Sendable (Int) async throws -> Void
    ) async throws {
        try await withHubServer(FakeHub(endsEvents: false), limits: limits, body)
    }

    /// Bytes that come, and never make a request: the server's idle limit would wait for ever.
    @Test(arguments: [
        "GET /healthz HTTP/1.1\r\nHost: h\r\n",
        "PUT /api/v1/devices/pump-1/twin/desired/x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n"
            + "Authorization: Bearer \(FakeHub.token)\r\n\r\n",
        "",
    ])
    func whoDripsIsCut(beginning: String) async throws {
        var limits = APILimits()
        limits.clients.requestSecondsMax = 2
        limits.clients.idleSecondsMax = 600
        try await withServer(limits) { port in
            let line = TCPLine(port: port)
            line.say(beginning)
            try await eventually("it is cut") {
                // A further byte of a header, or of a body.
                if !beginning.isEmpty { line.say("a") }
                return line.heard == nil
            }
        }
    }

    @Test func oneAddressHoldsSoManyConnections() async throws {
        var limits = APILimits()
        limits.clients.connectionsPerAddressMax = 3
        try await withServer(limits) { port in
            let lines = (0..<8).map { _ in TCPLine(port: port) }
            try await eventually("the surplus is closed") {
                lines.count { $0.heard == nil } == 5
            }
        }
    }

    /// Refused by its announcement, before any of it is read.
    @Test(arguments: APIOperation.allCases.filter { $0.sampleBody != nil })
    func aBodyOf100MiBIsRefusedUnread(operation: APIOperation) async throws {
        try await withServer(APILimits()) { port in
            let line = TCPLine(port: port)
            line.say(
                "\(operation.route.method.rawValue) \(operation.sampleURI) HTTP/1.1\r\nHost: h\r\n"
                    + "Authorization: Bearer \(FakeHub.token)\r\n"
                    + "Content-Length: 104857600\r\n\r\n")
            let answer = Guarded("")
            try await eventually("the answer") {
                answer.with { $0 += line.heard ?? "" }
                return answer.with { $0.contains("\r\n\r\n") }
            }
            #expect(answer.with { $0.hasPrefix("HTTP/1.1 413 ") })
        }
    }

    @Test func aHeadThatIsTooLargeIsRefused() async throws {
        try await withServer(APILimits()) { port in
            let line = TCPLine(port: port)
            line.say("GET /healthz HTTP/1.1\r\nHost: h\r\nX: ")
            try await eventually("it is refused or cut") {
                line.say(String(repeating: "x", count: 4096))
                return line.heard != ""
            }
        }
    }

    private final class Guarded<Value>: @unchecked Sendable {
        // @unchecked: `value` is only touched with `lock` held.
        private let lock = NSLock()
        private var value: Value

        init(_ value: Value) { self.value = value }

        func with<Result>(_ body: (inout Value) -> Result) -> Result {
            lock.withLock { body(&value) }
        }
    }

    private static let nasty = [
        "'; DROP TABLE device; --", "\" OR \"1\"=\"1", "$(touch x) `id` ; | & > <", "%00%n%s\\",
        "../../etc/passwd", "a\u{1b}[2Jb\r\nc", "\u{202E}gnp.exe", "<script>", "{\"a\":1}",
    ]

    /// Such text comes back as it was, or is refused; it never means anything.
    @Test(arguments: nasty)
    func metacharactersAreTextOrRefused(text: String) async throws {
        let folder = try TemporaryFolder()
        let store = try HubStore(path: folder.path + "/hub.db", epoch: Epoch(nonce: 0xAB01))
        let now = LinuxTimekeeper().now().wall
        try store.write { () throws(SQLiteError) in
            try store.devices.put(
                DeviceRecord(
                    id: "pump-1", name: "pump-1", labels: [:], state: .active, registered: now,
                    lastSeen: now))
        }
        try store.addToken(
            hash: FleetHub.hash(token: FakeHub.token), name: "admin", at: now)
        let hub = try FleetHub(
            store: store, endpoint: SilentEndpoint(), timekeeper: LinuxTimekeeper(),
            executor: ThreadExecutor(name: "hub"))
        let json = Value.string(text).json
        let escaped = text.utf8.map { byte in
            "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        try await withClient(hub) { client in
            let device = "/api/v1/devices/pump-1"
            let name = try await client.send(.patch, device, body: #"{"name":\#(json)}"#)
            if name.status != 400 { #expect(try name.json()["name"] == .string(text)) }
            let labels = try await client.send(
                .patch, device, body: #"{"labels":{\#(json):\#(json)}}"#)
            if labels.status != 400 {
                #expect(try labels.json()["labels"] == .object([(text, .string(text))]))
            }
            let cell = try await client.send(
                .put, device + "/twin/desired/x", body: #"{"value":\#(json)}"#)
            #expect(try cell.json()["value"] == .string(text))
            // As a name in a path, nothing but what it names.
            for uri in [
                "/api/v1/devices/\(escaped)", "/api/v1/operators/\(escaped)",
                "/api/v1/tokens/\(escaped)",
            ] {
                let answer = try await client.send(.delete, uri)
                #expect(answer.status == 400 || answer.status == 404, "\(uri) \(answer.status)")
            }
            let path = try await client.send(.get, device + "/twin/\(escaped)")
            #expect(path.status == 400 || path.status == 404)
            for query in ["selector", "stream", "prefix", "after"] {
                for uri in ["/api/v1/devices", device + "/log", device + "/twin"] {
                    let answer = try await client.send(.get, uri + "?\(query)=\(escaped)")
                    #expect([200, 400].contains(answer.status))
                }
            }
            let made = try await client.send(
                .post, "/api/v1/operators", body: #"{"name":\#(json),"role":"viewer"}"#)
            #expect(made.status == 400)
            // All is as it was.
            #expect(try await client.send(.get, device).status == 200)
            let audit = try await client.send(.get, "/api/v1/audit").json()
            #expect(audit["rows"]?.arrayValue?.isEmpty == false)
        }
    }

    @Test(arguments: [
        "/api/v1/devices/../../healthz", "/api/v1/devices/%2e%2e/twin", "/api/v1/devices/..%2f..",
        "/ca.crt/..%2fauthority%2fca.key", "/ca.crt/../authority/ca.key",
        "/api/v1/operators/..%2f..%2fca.key", "/api/v1/audit/../operators",
    ])
    func noPathLeadsElsewhere(uri: String) async throws {
        let hub = FakeHub()
        let answer = try await withClient(hub) { try await $0.send(.get, uri) }
        #expect([400, 404, 405].contains(answer.status), "\(answer.status)")
        #expect(!answer.text.contains("KEY"))
    }
}
