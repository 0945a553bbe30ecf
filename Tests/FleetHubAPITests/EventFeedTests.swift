import Hummingbird
import Platform
import Testing

@testable import FleetHub
@testable import FleetHubAPI

@Suite(.timeLimit(.minutes(1))) struct EventFeedTests {
    /// What a feed writes, as a stream; can hold its writer back.
    private struct Output: ResponseBodyWriter {
        let chunks: AsyncStream<String>
        private let source: AsyncStream<String>.Continuation
        private let permits: AsyncStream<Void>?

        init(permits: AsyncStream<Void>? = nil) {
            (chunks, source) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(256))
            self.permits = permits
        }

        mutating func write(_ buffer: ByteBuffer) async throws {
            if let permits { for await _ in permits { break } }
            source.yield(String(buffer: buffer))
        }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws { source.finish() }
    }

    private func feed(
        _ hub: FakeHub, after: UInt64? = nil, buffer: Int = 1024,
        clock: any Clock<Duration> = TickClock()
    ) -> EventFeed {
        EventFeed(
            service: hub, caller: .hub, after: after, bufferMax: buffer,
            keepAlive: APILimits().keepAlive,
            clock: clock)
    }

    private func write(_ feed: EventFeed, to output: Output) async throws {
        var writer: any ResponseBodyWriter = output
        try await feed.write(to: &writer)
    }

    @Test func commentsKeepASilentStreamAlive() async throws {
        #expect(APILimits().keepAlive == .seconds(15))
        let hub = FakeHub(history: [.sample(1)], endsEvents: false)
        let clock = TickClock()
        let output = Output()
        async let writing: Void = write(feed(hub, clock: clock), to: output)
        var chunks = output.chunks.makeAsyncIterator()
        #expect(await chunks.next() == HubEvent.sampleText(1))
        for _ in 0..<3 {
            clock.tick()
            #expect(await chunks.next() == ": keep-alive\n\n")
        }
        await hub.endEvents()
        #expect(await chunks.next() == nil)
        try await writing
    }

    @Test func aSlowWatcherIsCutOffAndMissesNothing() async throws {
        let history = (1...100).map { HubEvent.sample($0) }
        let hub = FakeHub(history: history, endsEvents: false)
        let (permits, permit) = AsyncStream.makeStream(of: Void.self)
        let output = Output(permits: permits)
        async let writing: Void = write(feed(hub, buffer: 4), to: output)
        // The feed leaves the hub's stream on its own, while its first write is still held back.
        for await _ in hub.departures { break }
        permit.finish()
        try await writing
        var text = ""
        for await chunk in output.chunks { text += chunk }
        let seen = UInt64(text.split(separator: "\n\n").count)
        #expect(4...6 ~= seen)
        #expect(text == (1...seen).map { HubEvent.sampleText($0) }.joined())

        let rest = Output()
        async let resuming: Void = write(feed(hub, after: seen), to: rest)
        var chunks = rest.chunks.makeAsyncIterator()
        for id in (seen + 1)...100 { #expect(await chunks.next() == HubEvent.sampleText(id)) }
        await hub.endEvents()
        try await resuming
    }

    @Test func aLineBreakInAKindEndsNoField() async throws {
        let event = HubEvent(id: 1, kind: "a\r\nb\nc", data: .string("x\ny"))
        let output = Output()
        try await write(feed(FakeHub(history: [event])), to: output)
        var chunks = output.chunks.makeAsyncIterator()
        #expect(await chunks.next() == "id: 1\nevent: abc\ndata: \"x\\ny\"\n\n")
    }

    @Test func aWatcherThatCannotBeWrittenToEndsTheFeed() async throws {
        struct Gone: Error {}
        struct Broken: ResponseBodyWriter {
            mutating func write(_ buffer: ByteBuffer) async throws { throw Gone() }
            consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
        }
        let hub = FakeHub(history: [.sample(1)], endsEvents: false)
        await #expect(throws: Gone.self) {
            var writer: any ResponseBodyWriter = Broken()
            try await feed(hub).write(to: &writer)
        }
        for await _ in hub.departures { break }
    }

    @Test func aGapIsOneEventOnTheWire() async throws {
        let missed = HubEvent.missed(before: 8, at: WallTime(milliseconds: 1_795_411_636_000))
        let output = Output()
        try await write(feed(FakeHub(history: [missed, .sample(8)])), to: output)
        var chunks = output.chunks.makeAsyncIterator()
        let text = await chunks.next()
        #expect(text?.hasPrefix("id: 7\nevent: hub\ndata: {") == true)
        #expect(await chunks.next() == HubEvent.sampleText(8))
        // As it is documented.
        let document = try OpenAPIDocument()
        let schema = try #require(document.check.resolve("#/components/schemas/Event"))
        #expect(document.check.problems(missed.data, schema) == [])
        for entry in missed.data.mapValue ?? [] {
            #expect(schema["properties"]?[entry.key] != nil, "\(entry.key)")
        }
    }

    /// Who has no place is told so with a status; the hub's own bounds are never met first.
    @Test func theBoundsOfTheFeedFitTheHubs() {
        #expect(APILimits().eventClientsMax < EventRing.watchersMaximum)
        #expect(APILimits().eventBufferMax > EventRing.capacity + 1)
    }

    @Test func placesAreBoundedAndGivenBack() {
        #expect(APILimits().eventClientsMax == 64)
        let slots = EventSlots(limit: 64)
        var taken = (0..<64).map { _ in slots.take() }
        #expect(taken.allSatisfy { $0 != nil })
        #expect(slots.take() == nil)
        #expect(slots.take() == nil)
        taken.removeLast()
        #expect(slots.take() != nil)
        taken = []
        #expect((0..<64).map { _ in slots.take() }.allSatisfy { $0 != nil })
    }

    @Test func withoutAPlaceThereIsAHint() async throws {
        var limits = APILimits()
        limits.eventClientsMax = 0
        let answer = try await withClient(FakeHub(), limits: limits) {
            try await $0.send(.streamEvents)
        }
        #expect(answer.status == 503)
        #expect(answer.code == "unavailable")
        #expect(answer.hint?.isEmpty == false)
    }

    @Test func aPlaceComesBackWithTheEndOfAResponse() async throws {
        var limits = APILimits()
        limits.eventClientsMax = 1
        try await withClient(FakeHub(history: [.sample(1)]), limits: limits) { client in
            for _ in 0..<3 {
                let whole = try await client.send(.streamEvents)
                #expect(whole.status == 200)
                // This response is made and its body never written.
                let head = try await client.send(.head, "/api/v1/events")
                #expect(head.status == 200)
            }
        }
    }
}
