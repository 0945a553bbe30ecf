import FleetHub
import Hummingbird
import Logging

/// What the router knows of a request beside the request.
struct HubRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The client's IP address, without its port.
    let clientAddress: String
    /// Whose token the request carries; set once that is known.
    var caller: Caller?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        clientAddress = source.channel.remoteAddress?.ipAddress ?? "unknown"
    }
}
