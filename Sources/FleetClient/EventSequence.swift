import AsyncHTTPClient
public import Platform

/// Something that happened in the fleet.
public struct FleetEvent: Sendable, Hashable {
    /// Increases; asks for what came after it.
    public let id: String
    /// `device`, `twin`, `log` or `hub`.
    public let event: String
    /// An object with at least `time` (RFC 3339), and `device` where it is about one.
    public let data: Value

    /// The event as one object, as `fleet events --json` prints it.
    public var object: Value {
        let number = Int64(id).map(Value.int) ?? .string(id)
        return .object([("id", number), ("event", .string(event)), ("data", data)])
    }

    init(_ raw: ServerSentEvent) throws(FleetClientError) {
        id = raw.id
        event = raw.event
        do {
            data = try JSONReader.read(
                Array(raw.data.utf8), maximumDepth: JSONReader.envelopeDepth)
        } catch {
            throw Fields.malformed("the data of event \(raw.id) is \(error)")
        }
    }
}

/// The hub's events, for as long as somebody iterates.
///
/// A stream that breaks is taken up again after the last event seen (`Last-Event-ID`), with
/// delays that double; each of the client's bounds ends it with an error. A first connection that
/// fails is an error at once, and so is an answer that a retry would not change.
public struct EventSequence: AsyncSequence, Sendable {
    /// What it gives.
    public typealias Element = FleetEvent
    /// What ends it.
    public typealias Failure = FleetClientError

    let transport: HTTPTransport
    let after: UInt64?
    let onConnect: @Sendable () -> Void

    /// Each iterator has a connection of its own.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(transport: transport, after: after, onConnect: onConnect)
    }

    /// One reading of the stream; for one task at a time.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let transport: HTTPTransport
        private let onConnect: @Sendable () -> Void
        private var lastID: String?
        private var parser: ServerSentEventParser
        /// Events of the last chunk that were not handed out yet, the next one last.
        private var waiting: [ServerSentEvent] = []
        private var bytes: HTTPClientResponse.Body.AsyncIterator?
        private var wasConnected = false
        private var attempts = 0
        private var isOver = false

        init(transport: HTTPTransport, after: UInt64?, onConnect: @escaping @Sendable () -> Void) {
            self.transport = transport
            self.onConnect = onConnect
            lastID = after.map { String($0) }
            parser = ServerSentEventParser(maximumBytes: transport.limits.eventBytes)
        }

        /// - Returns: the next event; nil only after an error was thrown.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(FleetClientError) -> FleetEvent? {
            while !isOver {
                do {
                    if let raw = waiting.popLast() {
                        if !raw.id.isEmpty { lastID = raw.id }
                        attempts = 0
                        return try FleetEvent(raw)
                    }
                    try await readChunk()
                } catch {
                    try await recover(from: error)
                }
            }
            return nil
        }

        private mutating func readChunk(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(FleetClientError) {
            if bytes == nil {
                bytes = try await transport.openEvents(after: lastID).makeAsyncIterator()
                wasConnected = true
                onConnect()
            }
            do {
                guard let chunk = try await bytes?.next(isolation: actor) else {
                    throw FleetClientError(
                        .unreachable, "The hub at \(transport.url) ended the event stream",
                        hint: "Check that fleet-hub is running there")
                }
                waiting = try parser.feed(chunk.readableBytesView).reversed()
            } catch {
                throw transport.translated(error)
            }
        }

        /// Waits before the next attempt, or gives up.
        private mutating func recover(
            from error: FleetClientError, isolation actor: isolated (any Actor)? = #isolation
        ) async throws(FleetClientError) {
            bytes = nil
            parser = ServerSentEventParser(maximumBytes: transport.limits.eventBytes)
            let limits = transport.limits
            guard error.code == .unreachable || error.code == .unavailable, wasConnected,
                attempts < limits.reconnectAttempts
            else {
                isOver = true
                throw error
            }
            let delay = limits.reconnectDelay * (1 << Swift.min(attempts, 16))
            attempts += 1
            // Over, unless the pause is lived through: a cancelled task gets no further event.
            isOver = true
            try await transport.pause(Swift.min(delay, limits.reconnectDelayMax))
            isOver = false
        }
    }
}
