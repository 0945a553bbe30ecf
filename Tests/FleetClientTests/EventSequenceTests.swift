import FleetClient
import Platform
import Testing

@Suite struct EventSequenceTests {
    private static let first =
        "id: 7\nevent: twin\ndata: {\"a\":1}\n\nid: 8\nevent: hub\ndata: {\"a\":2}\n\n"
        + "id: 9\nevent: twin\ndata: {\"cut\":"
    private static let second = ": keep-alive\n\nid: 9\nevent: log\ndata: {\"a\":3}\n\n"

    private static var limits: FleetClient.Limits {
        var limits = FleetClient.Limits()
        limits.reconnectDelay = .milliseconds(1)
        limits.reconnectDelayMax = .milliseconds(1)
        limits.reconnectAttempts = 3
        limits.eventBytes = 64
        return limits
    }

    /// The events until the error that ends the sequence, and its code.
    private func read(
        _ server: ScriptedServer, after: UInt64? = nil
    ) async throws -> ([FleetEvent], FleetClientError.Code?) {
        defer { server.stop() }
        let client = FleetClient(url: try HubURL(server.url), token: "t", limits: Self.limits)
        var events: [FleetEvent] = []
        var code: FleetClientError.Code?
        var iterator = client.events(after: after).makeAsyncIterator()
        do {
            while let event = try await iterator.next() { events.append(event) }
        } catch {
            code = error.code
        }
        let end = try await iterator.next()
        #expect(end == nil, "a sequence that threw is over")
        await client.shutdown()
        return (events, code)
    }

    private func lastEventIDs(_ server: ScriptedServer) -> [String?] {
        server.requests.map { request in
            request.lowercased().firstMatch(of: #/last-event-id: (\d+)/#).map { String($0.1) }
        }
    }

    @Test func aBrokenStreamGoesOnAfterTheLastEventSeen() async throws {
        let server = try ScriptedServer([.events(Self.first), .events(Self.second)])
        let (events, code) = try await read(server)
        #expect(events.map(\.id) == ["7", "8", "9"])
        #expect(events.map(\.event) == ["twin", "hub", "log"])
        #expect(events.last?.data == .object([("a", .int(3))]))
        #expect(code == .unreachable)
        // The first connection, the one that gave event 9, and three attempts in vain.
        #expect(lastEventIDs(server) == [nil, "8", "9", "9", "9"])
    }

    @Test func aStartIsAskedFor() async throws {
        let server = try ScriptedServer([.events("")])
        _ = try await read(server, after: 0)
        #expect(lastEventIDs(server).first == "0")
    }

    @Test func aFirstConnectionThatFailsIsNotRetried() async throws {
        let server = try ScriptedServer([])
        let (events, code) = try await read(server)
        #expect(events.isEmpty)
        #expect(code == .unreachable)
        #expect(server.requests.count == 1)
    }

    @Test func aRefusalIsNotRetried() async throws {
        let refusal = #"{"error":{"code":"unauthorized","message":"m","hint":"h"}}"#
        let server = try ScriptedServer([
            .events(Self.first), .json(refusal, status: "401 Unauthorized"),
        ])
        let (events, code) = try await read(server)
        #expect(events.count == 2)
        #expect(code == .unauthorized)
        #expect(server.requests.count == 2)
    }

    @Test(arguments: [
        (ScriptedServer.Answer.json("{}"), FleetClientError.Code.malformed),
        (.events("data: no json\n\n"), .malformed),
        (.events("data: \"" + String(repeating: "x", count: 64) + "\"\n\n"), .tooLarge),
    ])
    func whatIsNoEventStreamIsAnError(
        answer: ScriptedServer.Answer, expected: FleetClientError.Code
    ) async throws {
        let (events, code) = try await read(try ScriptedServer([answer]))
        #expect(events.isEmpty)
        #expect(code == expected)
    }
}
