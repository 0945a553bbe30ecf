/// The seam to the hub: frames in, frames out, over whatever carries them.
///
/// A link loses, repeats and reorders frames; the protocol above it copes. It never queues while
/// disconnected: `send` then says so, and the sender reads its store again later.
public protocol Link: Sendable {
    /// What the link has to say, until it is closed. One consumer.
    var events: AsyncStream<LinkEvent> { get }
    /// What carries frames at the moment, or is tried; nil where nobody has to know.
    var kind: LinkKind? { get }
    func send(_ frame: [UInt8]) -> LinkSendResult
    func close()
}

extension Link {
    public var kind: LinkKind? { nil }
}

public enum LinkEvent: Sendable, Hashable {
    case connected
    case disconnected(reason: String)
    case frame([UInt8])
    #if EDGE_MUTANTS
        /// The broker acknowledged the oldest frame that it had not: news that only the mutant of
        /// the harness believes in.
        case delivered
    #endif
}

public enum LinkSendResult: Sendable, Hashable {
    case sent
    /// Not connected. Nothing was queued.
    case notConnected
    /// Over the link's bound on bytes in flight. Nothing was queued; try after the next ack.
    case busy
}
