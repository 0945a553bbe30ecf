import Platform

/// What the shards of a `CoAPHubEndpoint` share: the count of frames, who sits where, and how many
/// of them listen.
final class CoAPDesk: Sendable {
    struct State {
        var delivered: UInt64 = 0
        var acknowledged: UInt64 = 0
        /// The shard where a device spoke last.
        var routes: [String: Int] = [:]
        var listening: Set<Int> = []
        var ended = 0
    }

    private let shards: Int
    private let state = Locked(State())
    let loops = Locked<[CoAPShardLoop]>([])
    private let deliver: @Sendable (HubEndpointEvent) -> Void

    init(shards: Int, deliver: @escaping @Sendable (HubEndpointEvent) -> Void) {
        self.shards = shards
        self.deliver = deliver
    }

    var acknowledged: UInt64 { state.with { $0.acknowledged } }

    func acknowledge(through count: UInt64) {
        state.with { $0.acknowledged = min(max($0.acknowledged, count), $0.delivered) }
    }

    func route(to device: String) -> Int? { state.with { $0.routes[device] } }

    /// Hands frames over, and says how many there were before them. Events leave in the order of
    /// their counts.
    func take(_ frames: [DeviceFrame]) -> UInt64 {
        state.with { state in
            let before = state.delivered
            state.delivered += UInt64(frames.count)
            deliver(.frames(frames, through: state.delivered))
            return before
        }
    }

    /// A device that comes to one shard leaves the others.
    func presence(_ device: String, isOnline: Bool, at index: Int) {
        let former = state.with { state -> Int? in
            let former = state.routes[device]
            guard isOnline else {
                if former == index {
                    state.routes[device] = nil
                    deliver(.presence(device: device, isOnline: false))
                }
                return nil
            }
            state.routes[device] = index
            if former == nil { deliver(.presence(device: device, isOnline: true)) }
            return former
        }
        guard let former, former != index else { return }
        loops.with { $0.indices.contains(former) ? $0[former] : nil }?.forget(device)
    }

    /// Connected while all shards listen.
    func listens(_ index: Int) {
        state.with { state in
            state.listening.insert(index)
            if state.listening.count == shards { deliver(.connected(.coap)) }
        }
    }

    func fails(_ index: Int, _ reason: String) {
        deliver(.disconnected(.coap, reason: reason))
    }

    /// Calls once the last shard has ended.
    func ended(_ last: () -> Void) {
        let isLast = state.with { state in
            state.ended += 1
            return state.ended == shards
        }
        guard isLast else { return }
        deliver(.disconnected(.coap, reason: "closed"))
        loops.with { $0 = [] }
        last()
    }
}
