/// The bounds of the API.
public struct APILimits: Sendable, Hashable {
    /// What one client may cost.
    public var clients = ClientLimits.operators
    /// Watchers of `/api/v1/events` at a time. Each holds a connection and a buffer for good.
    public var eventClientsMax = 64
    /// Events that may wait for one watcher: all that the hub replays to one that returns, and as
    /// many again. One that falls further behind is disconnected, and asks again from the last
    /// event that it saw: nothing is left out in the middle.
    public var eventBufferMax = 1024
    /// Time between keep-alive comments. Under the 30 s after which proxies give up.
    public var keepAlive: Duration = .seconds(15)

    /// The defaults, each with its reason above.
    public init() {}
}
