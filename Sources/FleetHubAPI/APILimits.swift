/// The bounds of the API: what one client may cost the hub.
public struct APILimits: Sendable, Hashable {
    /// Bytes of a request body. 256 KiB: a workload's spec is a few KiB, a cell must fit a frame.
    public var bodyBytesMax = 262_144
    /// Watchers of `/api/v1/events` at a time. Each holds a connection and a buffer for good.
    public var eventClientsMax = 64
    /// Events that may wait for one watcher: all that the hub replays to one that returns, and as
    /// many again. One that falls further behind is disconnected, and asks again from the last
    /// event that it saw: nothing is left out in the middle.
    public var eventBufferMax = 1024
    /// Time between keep-alive comments. Under the 30 s after which proxies give up.
    public var keepAlive: Duration = .seconds(15)
    /// Requests that one client address may make at once after a pause. Generous: a script over
    /// a whole fleet passes, a loop gone wild does not.
    public var requestsBurstMax = 2000
    /// Requests per second that one client address may make for long.
    public var requestsPerSecondMax = 1000
    /// Client addresses that the rate limit remembers.
    public var addressesMax = 1024
    /// Connections at a time. Further ones wait in the kernel's queue.
    public var connectionsMax = 512
    /// Connections of one address at a time. A further one is closed before its handshake. Half of
    /// all: behind a proxy everybody has one address.
    public var connectionsPerAddressMax = 256
    /// Bytes of a request's head.
    public var headBytesMax = 16 << 10
    /// Seconds that a handshake with the request after it may take, however slowly it drips in.
    /// A body of the largest size needs 70 kbit/s.
    public var requestSecondsMax: Int64 = 30
    /// Seconds that a part of an answer may take to be received; of a stream, each event.
    public var answerSecondsMax: Int64 = 300
    /// Seconds after which a connection without a request is closed.
    public var idleSecondsMax: Int64 = 75

    /// The defaults, each with its reason above.
    public init() {}
}
