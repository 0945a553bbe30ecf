import FleetClient
import Foundation
import Platform
import Testing

@Suite struct FleetClientTests {
    private func run<Result: Sendable>(
        _ answers: [ScriptedServer.Answer], limits: FleetClient.Limits = FleetClient.Limits(),
        _ body: (FleetClient, ScriptedServer) async throws -> Result
    ) async throws -> Result {
        let server = try ScriptedServer(answers)
        defer { server.stop() }
        let settings = try ClientSettings(url: try HubURL(server.url), token: "secret")
        return try await FleetClient.with(settings, limits: limits) { client in
            try await body(client, server)
        }
    }

    private func code(
        _ answers: [ScriptedServer.Answer], limits: FleetClient.Limits = FleetClient.Limits(),
        _ body: (FleetClient) async throws -> Void
    ) async throws -> FleetClientError.Code? {
        try await run(answers, limits: limits) { client, _ in
            do {
                try await body(client)
                return nil
            } catch let error as FleetClientError {
                return error.code
            }
        }
    }

    @Test func aCallSendsTheTokenAndReadsTheAnswer() async throws {
        let text = #"{"cells":[{"path":"desired/x","status":"applied","value":5}],"device":"a"}"#
        try await run([.json(text)]) { client, server in
            let answer = try await client.twin("a", prefix: "desired/")
            #expect(answer.content.map(\.path) == ["desired/x"])
            #expect(answer.content.first?.status == .applied)
            #expect(answer.object.json == text)
            let request = try #require(server.requests.first)
            #expect(request.hasPrefix("GET /api/v1/devices/a/twin?prefix=desired%2F HTTP/1.1\r\n"))
            #expect(request.lowercased().contains("authorization: bearer secret\r\n"))
        }
    }

    @Test func healthSendsNoTokenAndTellsTheHubsTime() async throws {
        let text = #"{"mqtt":"disconnected","coap":"off","status":"degraded","store":"full"}"#
        try await run([.json(text, status: "503 Service Unavailable")]) { client, server in
            let health = try await client.health().content
            #expect(health.store == "full")
            #expect(health.coap == "off" && health.coaps == nil)
            #expect(health.time == WallTime(milliseconds: 784_111_777_000))
            #expect(!server.requests.joined().lowercased().contains("authorization"))
        }
    }

    @Test func aNameCannotReachAnotherResource() async throws {
        try await run([.json("{}", status: "204 No Content")]) { client, server in
            try await client.removeCell("../hub?x#", "desired/a b/../ü%")
            let words = try #require(server.requests.first).split(separator: " ").prefix(2)
            #expect(
                words == [
                    "DELETE",
                    "/api/v1/devices/..%2Fhub%3Fx%23/twin/desired/a%20b/%2E%2E/%C3%BC%25",
                ])
        }
    }

    @Test(arguments: [
        (TwinChange.add(.string("n")), #"{"add":"n"}"#),
        (.add(.null), #"{"add":null}"#),
        (.remove(.object([("a", .int(1))])), #"{"remove":{"a":1}}"#),
        (.increment(-5), #"{"increment":-5}"#),
        (.increment(.min), #"{"increment":-9223372036854775808}"#),
    ])
    func aChangeSaysWhatToDoWithWhatIsThere(change: TwinChange, body: String) async throws {
        let text = #"{"path":"sets/x","value":["n"]}"#
        try await run([.json(text, status: "202 Accepted")]) { client, server in
            let cell = try await client.changeCell("a", "sets/x", change).content
            #expect(cell.value == .array([.string("n")]))
            #expect(cell.status == nil)
            let request = try #require(server.requests.first)
            #expect(request.hasPrefix("PATCH /api/v1/devices/a/twin/sets/x HTTP/1.1\r\n"))
            #expect(request.hasSuffix("\r\n\r\n" + body))
        }
    }

    @Test func applyNamesWhomItMeans() async throws {
        let manifest = try WorkloadManifest(
            try JSONReader.read(#"{"kind":"workload","name":"w","spec":{"command":["a"]}}"#))
        let text = #"{"results":[{"device":"a","path":"desired/workloads/w","status":"pending"}]}"#
        try await run([.json(text)]) { client, server in
            let selector = try DeviceSelector("b=2,a=1")
            let results = try await client.apply(manifest, on: .selector(selector)).content
            #expect(results.map(\.status) == [.pending])
            let body = server.requests.first?.components(separatedBy: "\r\n\r\n").last
            #expect(
                body == #"{"kind":"workload","name":"w","selector":"a=1,b=2","#
                    + #""spec":{"command":["a"]}}"#)
        }
    }

    @Test func anErrorKeepsTheHubsWords() async throws {
        let text = #"{"error":{"code":"refused","hint":"Do y.","message":"No x."}}"#
        try await run([.json(text, status: "403 Forbidden")]) { client, _ in
            let expected = FleetClientError(.refused, "No x.", hint: "Do y.")
            await #expect(throws: expected) { try await client.device("a") }
        }
    }

    @Test func anAnswerOverTheBoundIsAnError() async throws {
        var limits = FleetClient.Limits()
        limits.bodyBytes = 100
        let fits = #"{"devices":[]}"#
        let padded = { (count: Int) in
            fits + String(repeating: " ", count: count - fits.utf8.count)
        }
        for (size, expected) in [(100, nil), (101, FleetClientError.Code.tooLarge)] {
            let code = try await code([.json(padded(size))], limits: limits) {
                _ = try await $0.devices()
            }
            #expect(code == expected)
        }
        #expect(FleetClient.Limits().bodyBytes == 16 << 20)
    }

    @Test func aHubThatNeverAnswersIsUnreachable() async throws {
        var limits = FleetClient.Limits()
        limits.requestTimeout = .milliseconds(50)
        let code = try await code([.silence], limits: limits) { _ = try await $0.hub() }
        #expect(code == .unreachable)
    }

    @Test func noHubIsUnreachable() async throws {
        let server = try ScriptedServer([])
        server.stop()
        let client = FleetClient(url: try HubURL(server.url), token: nil)
        await #expect {
            try await client.hub()
        } throws: {
            ($0 as? FleetClientError)?.exitCode == 4
        }
        await client.shutdown()
    }

    @Test func theTokenFollowsNoRedirect() async throws {
        let other = try ScriptedServer([.json("{}")])
        defer { other.stop() }
        let redirect =
            "HTTP/1.1 302 Found\r\nlocation: \(other.url)/\r\ncontent-length: 0\r\n"
            + "connection: close\r\n\r\n"
        let code = try await code([.raw(redirect)]) { _ = try await $0.hub() }
        #expect(code == .malformed)
        #expect(other.requests.isEmpty)
    }

    @Test func anAnswerOfAnotherServerIsMalformed() async throws {
        let page = try await code([.json("<html>")]) { _ = try await $0.hub() }
        #expect(page == .malformed)
        let other = try await code([.json(#"{"version":1}"#)]) { _ = try await $0.hub() }
        #expect(other == .malformed)
    }

    @Test func waitingEndsWithTheDevicesAnswer() async throws {
        let cell = { (status: String) in
            ScriptedServer.Answer.json(#"{"path":"desired/x","value":1,"status":"\#(status)"}"#)
        }
        try await run([cell("pending"), cell("refused")]) { client, server in
            let settled = try await client.settledCell("a", "desired/x", within: .seconds(600))
            #expect(settled.content.status == .refused)
            #expect(server.requests.count == 2)
        }
        try await run([cell("pending")]) { client, server in
            let settled = try await client.settledCell("a", "desired/x", within: .zero)
            #expect(settled.content.status == .pending)
            #expect(server.requests.count == 1)
        }
    }
}
