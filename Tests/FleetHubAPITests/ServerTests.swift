import AsyncHTTPClient
import FleetHub
import Logging
import NIOCore
import ServiceLifecycle
import Testing

@testable import FleetHubAPI

/// Over real sockets on the loopback interface.
@Suite(.timeLimit(.minutes(1))) struct ServerTests {
    private func group(_ server: any Service) -> ServiceGroup {
        ServiceGroup(configuration: .init(services: [server], logger: .silent))
    }

    /// Serves `hub` on a free port, on a clock that stands still, while `body` runs, then shuts
    /// down gracefully.
    private func withServer(
        _ hub: FakeHub, limits: APILimits = APILimits(),
        _ body: @Sendable (Int, ServiceGroup) async throws -> Void
    ) async throws {
        let (ports, ready) = AsyncStream.makeStream(of: Int.self)
        let server = try HubServer(
            service: hub, host: "localhost", port: 0, limits: limits, clock: TickClock(),
            onReady: { ready.yield($0) }, logger: .silent)
        let group = group(server)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { ready.finish() }
                try await group.run()
            }
            for await port in ports {
                do {
                    try await body(port, group)
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

    private func request(_ path: String, port: Int) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.headers.add(name: "Authorization", value: "Bearer \(FakeHub.token)")
        return request
    }

    /// Fails a test that would hang.
    private func execute(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        try await HTTPClient.shared.execute(request, timeout: .seconds(30))
    }

    @Test func itServesOnceItSaysSo() async throws {
        try await withServer(FakeHub()) { port, _ in
            let response = try await execute(request("/api/v1/hub", port: port))
            #expect(response.status == .ok)
            let text = String(buffer: try await response.body.collect(upTo: 4096))
            #expect(text.hasSuffix("\"version\":\"1.0.0\"}\n"))
        }
    }

    @Test func aWatcherThatGoesIsNoticed() async throws {
        let hub = FakeHub(history: [.sample(1)], endsEvents: false)
        try await withServer(hub) { port, _ in
            do {
                let response = try await execute(request("/api/v1/events", port: port))
                var body = response.body.makeAsyncIterator()
                let first = try await body.next().map { String(buffer: $0) }
                #expect(first == HubEvent.sampleText(1))
            }
            // No keep-alive comment is ever written here, so it is the closing that is seen.
            for await _ in hub.departures { break }
        }
    }

    @Test func shutdownEndsEventStreams() async throws {
        let hub = FakeHub(history: [.sample(1)], endsEvents: false)
        try await withServer(hub) { port, group in
            let response = try await execute(request("/api/v1/events", port: port))
            var body = response.body.makeAsyncIterator()
            #expect(try await body.next() != nil)
            await group.triggerGracefulShutdown()
            #expect(try await body.next() == nil)
        }
    }

    @Test func oneMoreWatcherThanThereArePlacesIsTurnedAway() async throws {
        var limits = APILimits()
        limits.eventClientsMax = 1
        let hub = FakeHub(history: [.sample(1)], endsEvents: false)
        try await withServer(hub, limits: limits) { port, _ in
            let first = try await execute(request("/api/v1/events", port: port))
            var body = first.body.makeAsyncIterator()
            #expect(try await body.next() != nil)
            let second = try await execute(request("/api/v1/events", port: port))
            #expect(second.status == .serviceUnavailable)
            _ = try await second.body.collect(upTo: 4096)
            await hub.endEvents()
            #expect(try await body.next() == nil)
        }
    }

    @Test func aBodyWithoutALengthIsBoundedToo() async throws {
        try await withServer(FakeHub()) { port, _ in
            var put = request("/api/v1/devices/pump-1/twin/desired/x", port: port)
            put.method = .PUT
            let chunk = ByteBuffer(repeating: UInt8(ascii: " "), count: 65536)
            let chunks = AsyncStream<ByteBuffer> { source in
                for _ in 0..<5 { source.yield(chunk) }
                source.finish()
            }
            put.body = .stream(chunks, length: .unknown)
            let response = try await execute(put)
            #expect(response.status == .payloadTooLarge)
            _ = try await response.body.collect(upTo: 4096)
        }
    }

    @Test func aPortInUseIsSaid() async throws {
        try await withServer(FakeHub()) { port, _ in
            let second = try HubServer(
                service: FakeHub(), host: "127.0.0.1", port: port, onReady: { _ in },
                logger: .silent)
            let error = await #expect(throws: HubServerError.self) {
                try await group(second).run()
            }
            #expect(error?.code == .portInUse)
            #expect(error?.message.contains("127.0.0.1:\(port)") == true)
        }
    }

    @Test(arguments: [
        "0.0.0.0", "192.168.1.2", "::", "hub.example", "", "127.0.0.1.example", "127.0.0",
        "127.0.0.256", "127.0.0.+1", "128.0.0.1",
    ])
    func otherMachinesAreKeptOut(host: String) {
        let error = #expect(throws: HubServerError.self) {
            try makeHubApplication(
                service: FakeHub(), host: host, port: 0, onReady: { _ in }, logger: .silent)
        }
        #expect(error?.code == .notLoopback)
    }

    @Test(arguments: [("localhost", "127.0.0.1"), ("127.9.8.7", "127.9.8.7"), ("::1", "::1")])
    func thisMachineIsLetIn(host: String, bound: String) {
        #expect(LoopbackAddress(host)?.host == bound)
    }

    @Test(arguments: [-1, 65536])
    func aPortIsANumberOf16Bits(port: Int) {
        let error = #expect(throws: HubServerError.self) {
            try makeHubApplication(
                service: FakeHub(), host: "::1", port: port, onReady: { _ in }, logger: .silent)
        }
        #expect(error?.code == .invalidPort)
    }
}
