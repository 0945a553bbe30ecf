public import Platform

/// A hub with several links, each with an endpoint of its own.
public final class MergedHubEndpoint: HubEndpoint {
    public let links: [LinkKind]
    public let events: AsyncStream<HubEndpointEvent>
    private let endpoints: [any HubEndpoint]
    private let merge = Locked(EndpointMerge())

    /// - Parameter endpoints: Of different links. Their events are read here and nowhere else.
    public init(_ endpoints: [any HubEndpoint]) {
        self.endpoints = endpoints
        links = endpoints.flatMap(\.links)
        // The windows of the endpoints bound the frames that wait here.
        let (stream, continuation) = AsyncStream.makeStream(of: HubEndpointEvent.self)
        events = stream
        let open = Locked(endpoints.count)
        for (index, endpoint) in endpoints.enumerated() {
            // Ends with the endpoint's events, which `close` ends.
            Task { [merge] in
                for await event in endpoint.events {
                    // Inside the lock, so that counts leave in their order.
                    merge.with { merge in
                        for event in merge.pass(event, from: index) { continuation.yield(event) }
                    }
                }
                let isLast = open.with { count in
                    count -= 1
                    return count == 0
                }
                if isLast { continuation.finish() }
            }
        }
    }

    public func send(_ frame: [UInt8], to device: String) -> LinkSendResult {
        let places = merge.with { $0.places(of: device) }
        // Nobody has it: whichever carries frames to those who may be listening.
        var result = LinkSendResult.notConnected
        for place in places.isEmpty ? Array(endpoints.indices) : places {
            result = endpoints[place].send(frame, to: device)
            if result == .sent { break }
        }
        return result
    }

    public func acknowledge(through count: UInt64) {
        for (index, own) in merge.with({ $0.acknowledge(through: count) }) {
            endpoints[index].acknowledge(through: own)
        }
    }

    public func judge(_ device: String, _ standing: DeviceStanding?) {
        for endpoint in endpoints { endpoint.judge(device, standing) }
    }

    public func close() { for endpoint in endpoints { endpoint.close() } }
}
