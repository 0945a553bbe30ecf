import FleetClient
import Platform
import Testing

@Suite struct EnrolmentTests {
    private static let entry =
        #""id":"AQIDBAUG","state":"open","labels":{"site":"barn"},"needs_approval":true,"#
        + #""created_at":"2026-11-23T05:27:16.000Z","expires_at":"2026-11-23T06:27:16.000Z""#

    private func run<Result: Sendable>(
        _ answer: ScriptedServer.Answer, _ body: (FleetClient) async throws -> Result
    ) async throws -> (result: Result, request: String) {
        let server = try ScriptedServer([answer])
        defer { server.stop() }
        let settings = try ClientSettings(url: try HubURL(server.url), token: "secret")
        let result = try await FleetClient.with(settings) { try await body($0) }
        return (result, server.requests.joined())
    }

    @Test func aTokenIsMade() async throws {
        let answer = ScriptedServer.Answer.json(
            "{\"token\":\"fh1.x\",\(Self.entry)}", status: "201 Created")
        let (made, request) = try await run(answer) {
            try await $0.createToken(
                labels: ["site": "barn"], lifetime: .seconds(90), needsApproval: true
            ).content
        }
        #expect(made.text == "fh1.x")
        #expect(made.entry.id == "AQIDBAUG")
        #expect(made.entry.needsApproval)
        #expect(made.entry.device == nil)
        #expect(request.hasPrefix("POST /api/v1/tokens HTTP/1.1"))
        #expect(request.contains("\"ttl_s\":90"))
        #expect(request.contains("\"needs_approval\":true"))
        #expect(request.contains("\"labels\":{\"site\":\"barn\"}"))
    }

    @Test func tokensAreListedAndWithdrawn() async throws {
        let list = ScriptedServer.Answer.json("{\"tokens\":[{\(Self.entry)}]}")
        let (tokens, _) = try await run(list) { try await $0.tokens().content }
        #expect(tokens.map(\.state) == ["open"])
        #expect(tokens.first?.labels == ["site": "barn"])
        let done = ScriptedServer.Answer.json("", status: "204 No Content")
        let (_, request) = try await run(done) { try await $0.withdrawToken("../hub") }
        #expect(request.hasPrefix("DELETE /api/v1/tokens/..%2Fhub HTTP/1.1"))
    }

    @Test(arguments: DeviceDecision.allCases)
    func aDecisionNamesTheDevice(decision: DeviceDecision) async throws {
        let answer = ScriptedServer.Answer.json(
            #"{"device":"a b","state":"active","changed_at":"2026-11-23T05:27:16.000Z"}"#)
        let (identity, request) = try await run(answer) {
            try await $0.decide("a b", decision).content
        }
        #expect(identity.state == "active")
        #expect(identity.certificateExpiresAt == nil)
        #expect(request.hasPrefix("POST /api/v1/devices/a%20b/\(decision.rawValue) HTTP/1.1"))
    }

    @Test(
        arguments: [
            ("90s", 90), ("15m", 900), ("1h", 3600), ("7d", 604_800),
            ("999999999d", 86_399_999_913_600),
        ] as [(String, Int64)])
    func spansAreRead(text: String, seconds: Int64) throws {
        #expect(try Span(text).milliseconds == .seconds(seconds))
    }

    @Test(arguments: ["", "h", "1", "0h", "-1h", "+1h", "1.5h", "1w", "1 h", "1h ", "1234567890s"])
    func otherSpansAreErrors(text: String) {
        #expect(throws: FleetClientError.self) { try Span(text) }
    }
}
