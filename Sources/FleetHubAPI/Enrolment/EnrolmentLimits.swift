/// The bounds of what boards without a certificate may cost the hub. This port is open to a
/// network, so they are tighter than the API's.
public struct EnrolmentLimits: Sendable, Hashable {
    /// Bytes of a request body: a certification request is 400, in base 64.
    public var bodyBytesMax = 16 << 10
    /// Bytes of a request's head.
    public var headBytesMax = 8 << 10
    /// Requests that one client address may make at once after a pause. A whole site may stand
    /// behind one address.
    public var requestsBurstMax = 500
    /// Requests per second that one client address may make for long. Each costs the hub a
    /// handshake and two signatures.
    public var requestsPerSecondMax = 50
    /// Client addresses that the rate limit remembers.
    public var addressesMax = 4096
    /// Connections at a time. Further ones wait in the kernel's queue.
    public var connectionsMax = 256
    /// Connections of one address at a time. A further one is closed before its handshake, so that
    /// a flood of half-open ones from one place does not keep boards elsewhere out.
    public var connectionsPerAddressMax = 64
    /// Seconds that a handshake with the request after it may take, however slowly it drips in.
    public var requestSecondsMax: Int64 = 20
    /// Seconds that an answer may take to be received. A package of 20 MB on a link of 300 kbit/s
    /// takes half of it.
    public var answerSecondsMax: Int64 = 1200
    /// Lines a minute that the log gets about refusals.
    public var refusalLinesPerMinuteMax = 60
    /// Seconds after which a connection that says nothing is closed.
    public var idleSecondsMax: Int64 = 15

    /// The defaults, each with its reason above.
    public init() {}

    /// The part that the rate limit knows.
    var requests: APILimits {
        var limits = APILimits()
        limits.requestsBurstMax = requestsBurstMax
        limits.requestsPerSecondMax = requestsPerSecondMax
        limits.addressesMax = addressesMax
        return limits
    }
}
