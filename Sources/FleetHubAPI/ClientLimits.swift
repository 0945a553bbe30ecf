/// The bounds of a port: what one client may cost the hub.
public struct ClientLimits: Sendable, Hashable {
    /// Bytes of a request body.
    public var bodyBytesMax: Int
    /// Bytes of a request's head.
    public var headBytesMax: Int
    /// Requests that one client address may make at once after a pause.
    public var requestsBurstMax: Int
    /// Requests per second that one client address may make for long.
    public var requestsPerSecondMax: Int
    /// Client addresses that the rate limit remembers.
    public var addressesMax: Int
    /// Connections at a time. Further ones wait in the kernel's queue.
    public var connectionsMax: Int
    /// Connections of one address at a time. A further one is closed before its handshake.
    public var connectionsPerAddressMax: Int
    /// Seconds that a handshake with the request after it may take, however slowly it drips in.
    public var requestSecondsMax: Int64
    /// Seconds that an answer may take to be received.
    public var answerSecondsMax: Int64
    /// Whether an answer has that time for each of its parts, as a stream of events needs it.
    public var hasAnswerTimePerPart: Bool
    /// Seconds after which a connection without a request is closed.
    public var idleSecondsMax: Int64

    /// Operators and their scripts.
    ///
    /// 256 KiB of body: a workload's spec is a few KiB, a cell must fit a frame; it needs 70 kbit/s.
    /// Requests: a script over a whole fleet passes, a loop gone wild does not. Half of all
    /// connections for an address: behind a proxy everybody has one.
    public static let operators = ClientLimits(
        bodyBytesMax: 262_144, headBytesMax: 16 << 10, requestsBurstMax: 2000,
        requestsPerSecondMax: 1000, addressesMax: 1024, connectionsMax: 512,
        connectionsPerAddressMax: 256, requestSecondsMax: 30, answerSecondsMax: 300,
        hasAnswerTimePerPart: true, idleSecondsMax: 75)

    /// Boards that have no certificate yet, on a port that is open to a network: tighter.
    ///
    /// Body: a certification request is 400 bytes, in base 64. Requests: a whole site may stand
    /// behind one address, and each costs the hub a handshake and two signatures. A quarter of the
    /// connections for an address, so that half-open ones from one place keep nobody else out.
    /// Answers: a package of 20 MB on a link of 300 kbit/s takes half of the time.
    public static let boards = ClientLimits(
        bodyBytesMax: 16 << 10, headBytesMax: 8 << 10, requestsBurstMax: 500,
        requestsPerSecondMax: 50, addressesMax: 4096, connectionsMax: 256,
        connectionsPerAddressMax: 64, requestSecondsMax: 20, answerSecondsMax: 1200,
        hasAnswerTimePerPart: false, idleSecondsMax: 15)
}
