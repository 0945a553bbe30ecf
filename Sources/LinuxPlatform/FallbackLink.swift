public import Platform

/// Two ways to one hub, of which one is open at a time.
///
/// A way is made, and so its library loaded, when it is taken: first the first, the other once the
/// one that is open has had no connection for a while, and so on in turn.
public final class FallbackLink: Link {
    public struct Way: Sendable {
        public let kind: LinkKind
        public let make: @Sendable () throws -> any Link

        public init(_ kind: LinkKind, _ make: @escaping @Sendable () throws -> any Link) {
            self.kind = kind
            self.make = make
        }
    }

    private struct State {
        /// Counts the ways that were taken, so that an event of an earlier one is known as such.
        var turn = 0
        var link: (any Link)?
        /// When the next way is taken; nil while connected.
        var deadline: MonotonicTime?
        var isClosed = false
    }

    public let events: AsyncStream<LinkEvent>
    private let continuation: AsyncStream<LinkEvent>.Continuation
    private let ways: [Way]
    private let patience: Milliseconds
    private let report: @Sendable (String) -> Void
    private let state = Locked(State())
    private let timer = LinuxWakeTimer(name: "fallback")
    private let timekeeper = LinuxTimekeeper()

    /// - Parameters:
    ///   - ways: At least one; the first is taken first.
    ///   - patience: How long a way may be without a connection.
    ///   - report: Lines for the log.
    public init(
        _ ways: [Way], patience: Milliseconds, report: @escaping @Sendable (String) -> Void
    ) {
        self.ways = ways
        self.patience = patience
        self.report = report
        (events, continuation) = AsyncStream.makeStream(
            of: LinkEvent.self, bufferingPolicy: .bufferingOldest(1024))
        state.with { take(&$0) }
        // Ends with the timer, which `close` closes.
        Task { [timer, self] in for await _ in timer.wakes { self.turn() } }
    }

    public var kind: LinkKind? { state.with { $0.link }?.kind }

    public func send(_ frame: [UInt8]) -> LinkSendResult {
        state.with { $0.link }?.send(frame) ?? .notConnected
    }

    public func close() {
        let link = state.with { state in
            state.isClosed = true
            defer { state.link = nil }
            return state.link
        }
        link?.close()
        timer.close()
        continuation.finish()
    }

    /// Takes the next way where the open one has had its time.
    private func turn() {
        let now = timekeeper.now().monotonic
        let former: (any Link)? = state.with { state in
            guard !state.isClosed, let deadline = state.deadline else { return nil }
            guard deadline <= now else {
                timer.set(deadline)
                return nil
            }
            let former = state.link
            let kind = ways[state.turn % ways.count].kind.rawValue
            state.turn += 1
            let next = ways[state.turn % ways.count].kind.rawValue
            report("warning uplink: no connection by \(kind); the way by \(next) is taken")
            take(&state)
            return former
        }
        former?.close()
    }

    /// Opens the way whose turn it is.
    private func take(_ state: inout State) {
        let (turn, way) = (state.turn, ways[state.turn % ways.count])
        let deadline = timekeeper.now().monotonic + patience
        state.deadline = deadline
        state.link = nil
        timer.set(deadline)
        do {
            let link = try way.make()
            state.link = link
            Task { [self] in for await event in link.events { pass(event, turn) } }
        } catch {
            report("error uplink: \(error)")
        }
    }

    private func pass(_ event: LinkEvent, _ turn: Int) {
        state.with { state in
            guard state.turn == turn, !state.isClosed else { return }
            switch event {
            case .connected:
                state.deadline = nil
                timer.set(nil)
            case .disconnected where state.deadline == nil:
                let deadline = timekeeper.now().monotonic + patience
                state.deadline = deadline
                timer.set(deadline)
            default: break
            }
            continuation.yield(event)
        }
    }
}
