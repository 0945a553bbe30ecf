import Platform

/// Several endpoints as one: through which of them a device speaks, and what each has handed over.
///
/// A device may move from one link to another before the first has noticed that it is gone, so it
/// is away only once no endpoint has it, and it is spoken to where it was heard last.
struct EndpointMerge: Sendable {
    /// By device, the endpoints that have it; the one where it was heard last comes last.
    private var places: [String: [Int]] = [:]
    private var delivered: UInt64 = 0
    /// Frames that were handed over and not acknowledged, oldest first: their count here, and the
    /// count at their endpoint. As many as the endpoints' windows let through.
    private var handedOver: [(through: UInt64, endpoint: Int, own: UInt64)] = []

    /// What an event of one endpoint means for all.
    mutating func pass(_ event: HubEndpointEvent, from endpoint: Int) -> [HubEndpointEvent] {
        switch event {
        case .connected, .commitRequested, .refused: return [event]
        case .disconnected:
            let lost = places.keys.filter { places[$0]?.contains(endpoint) == true }.sorted()
            return lost.flatMap { leave($0, endpoint) } + [event]
        case .frames(let frames, let own):
            for frame in frames { hear(frame.device, endpoint) }
            delivered += UInt64(frames.count)
            handedOver.append((delivered, endpoint, own))
            return [.frames(frames, through: delivered)]
        case .presence(let device, isOnline: true):
            places[device, default: []].removeAll { $0 == endpoint }
            places[device, default: []].append(endpoint)
            return [event]
        case .presence(let device, isOnline: false):
            return leave(device, endpoint)
        }
    }

    /// Everything up to `count` is durable: the endpoints that may be told, each with its count.
    mutating func acknowledge(through count: UInt64) -> [Int: UInt64] {
        let isDone = handedOver.prefix { $0.through <= count }
        handedOver.removeFirst(isDone.count)
        return isDone.reduce(into: [:]) { $0[$1.endpoint] = $1.own }
    }

    /// Where to send to a device, best first; empty where no endpoint has it.
    func places(of device: String) -> [Int] { places[device]?.reversed() ?? [] }

    /// Only where the endpoint says that it has the device: a frame may be a late one.
    private mutating func hear(_ device: String, _ endpoint: Int) {
        guard let known = places[device], known.last != endpoint, known.contains(endpoint) else {
            return
        }
        places[device] = known.filter { $0 != endpoint } + [endpoint]
    }

    private mutating func leave(_ device: String, _ endpoint: Int) -> [HubEndpointEvent] {
        let rest = places[device, default: []].filter { $0 != endpoint }
        places[device] = rest.isEmpty ? nil : rest
        return rest.isEmpty ? [.presence(device: device, isOnline: false)] : []
    }
}
