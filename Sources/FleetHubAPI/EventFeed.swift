import FleetHub
import Hummingbird
import Platform
import ServiceLifecycle

/// Server-Sent Events (WHATWG HTML, §9.2) to one watcher.
struct EventFeed: Sendable {
    static let contentType = "text/event-stream"

    private enum Part: Sendable {
        case event(HubEvent)
        case keepAlive
    }

    let service: any HubService
    let caller: Caller
    /// The last event that the watcher has seen.
    let after: UInt64?
    let bufferMax: Int
    let keepAlive: Duration
    let clock: any Clock<Duration>

    /// Writes events and keep-alive comments until the hub ends the stream, the watcher goes or
    /// falls behind, or the server shuts down.
    func write(to writer: inout any ResponseBodyWriter, request: RequestBody) async throws {
        let (parts, source) = AsyncStream.makeStream(
            of: Part.self, bufferingPolicy: .bufferingOldest(bufferMax))
        try await withGracefulShutdownHandler {
            try await request.consumeWithInboundCloseHandler { _ in
                try await write(parts, from: source, to: &writer)
            } onInboundClosed: {
                source.finish()
            }
        } onGracefulShutdown: {
            source.finish()
        }
    }

    /// The same, without a connection to watch.
    func write(to writer: inout any ResponseBodyWriter) async throws {
        let (parts, source) = AsyncStream.makeStream(
            of: Part.self, bufferingPolicy: .bufferingOldest(bufferMax))
        try await write(parts, from: source, to: &writer)
    }

    private func write(
        _ parts: AsyncStream<Part>, from source: AsyncStream<Part>.Continuation,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await pass(into: source) }
            group.addTask {
                while true {
                    try await clock.sleep(for: keepAlive)
                    // Where the buffer is full, the watcher gets events, and needs no comment.
                    source.yield(.keepAlive)
                }
            }
            for await part in parts {
                try await writer.write(ByteBuffer(string: Self.text(part)))
            }
            group.cancelAll()
        }
        try await writer.finish(nil)
    }

    /// Events into the buffer. At its end the feed ends: a client that asks again from the last
    /// event that it saw misses nothing, one that is left connected over a gap would.
    private func pass(into source: AsyncStream<Part>.Continuation) async {
        for await event in await service.events(after: after, as: caller) {
            guard case .enqueued = source.yield(.event(event)) else { break }
        }
        source.finish()
    }

    private static func text(_ part: Part) -> String {
        switch part {
        case .keepAlive: ": keep-alive\n\n"
        case .event(let event):
            // A line break would end the field; JSON text of ours has none.
            "id: \(event.id)\nevent: \(event.kind.filter { !$0.isNewline })\n"
                + "data: \(event.data.json)\n\n"
        }
    }
}
