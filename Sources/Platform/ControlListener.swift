/// One request from a tool on the same board, and the way to answer it.
public struct ControlCall: Sendable {
    public let request: Value
    /// Call once.
    public let reply: @Sendable (Value) -> Void

    public init(request: Value, reply: @escaping @Sendable (Value) -> Void) {
        self.request = request
        self.reply = reply
    }
}

/// The seam to the board's local control socket.
public protocol ControlListener: Sendable {
    /// One consumer. Bounded: callers beyond the bound wait in the kernel.
    var calls: AsyncStream<ControlCall> { get }
    func close()
}
