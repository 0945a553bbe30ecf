public import Platform

/// A board's control socket without a socket.
public final class SimControl: ControlListener, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    /// Callers that wait at most; more are turned away.
    public static let waitingMaximum = 16

    public let calls: AsyncStream<ControlCall>
    private let continuation: AsyncStream<ControlCall>.Continuation

    /// A socket that nobody has asked yet.
    public init() {
        (calls, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(Self.waitingMaximum))
    }

    /// Asks, as a tool on the board does. False where it was turned away; `reply` is called once
    /// otherwise, unless whoever serves the socket dies first.
    @discardableResult
    public func ask(_ request: Value, reply: @escaping @Sendable (Value) -> Void) -> Bool {
        let result = continuation.yield(ControlCall(request: request, reply: reply))
        if case .enqueued = result { return true }
        return false
    }

    public func close() { continuation.finish() }
}
