import Platform

/// What the shards of a `CoAPHubEndpoint` share: the count of frames, who sits where, whom the hub
/// trusts, and how many of them listen.
final class CoAPDesk: Sendable {
    struct State {
        var delivered: UInt64 = 0
        var acknowledged: UInt64 = 0
        /// The shard where a device spoke last.
        var routes: [String: Int] = [:]
        var listening: Set<Int> = []
        var ended = 0
        var standings: [String: DeviceStanding] = [:]
        var refusals = RefusalLimiter()
    }

    private let kind: LinkKind
    private let shards: Int
    private let state = Locked(State())
    let loops = Locked<[CoAPShardLoop]>([])
    private let deliver: @Sendable (HubEndpointEvent) -> Void

    init(
        _ kind: LinkKind, shards: Int, deliver: @escaping @Sendable (HubEndpointEvent) -> Void
    ) {
        self.kind = kind
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

    /// Shards look at their sessions again where that may end one.
    func judge(_ device: String, _ standing: DeviceStanding?) {
        let isNews = state.with { state in
            let former = state.standings[device]
            state.standings[device] = standing
            return former != standing
        }
        guard isNews else { return }
        for loop in loops.with({ $0 }) { loop.review() }
    }

    /// Why a certificate is not believed at `time`; nil where it is.
    func objection(to certificate: BoardCertificate, at time: WallTime) -> String? {
        let name = certificate.name
        guard time <= certificate.end else {
            return "the certificate of \(name) ended; renew it at the hub's enrolment port"
        }
        return switch state.with({ $0.standings[name] }) {
        case nil: "this hub knows no device \(name); enrol it with a token of: fleet token create"
        case .refused(let reason): reason
        case .trusted(let key) where key == certificate.key: nil
        case .trusted: "this key of \(name) was replaced by another"
        }
    }

    /// Tells the hub, unless it was told of this device lately.
    func refuse(_ device: String, _ reason: String, at time: MonotonicTime) {
        state.with { state in
            guard state.refusals.admits(device, at: time) else { return }
            deliver(.refused(device: device, reason: reason))
        }
    }

    /// The same of somebody who proved no name, unless it was told of another for this reason.
    ///
    /// - Parameter reason: In OpenSSL's words, of which there is a limited number.
    func refuse(stranger reason: String, _ what: String, at time: MonotonicTime) {
        state.with { state in
            // No device has a name with spaces.
            guard state.refusals.admits("a stranger: \(reason)", at: time) else { return }
            deliver(.refused(device: nil, reason: "\(what): \(reason)"))
        }
    }

    /// Connected while all shards listen.
    func listens(_ index: Int) {
        state.with { state in
            state.listening.insert(index)
            if state.listening.count == shards { deliver(.connected(kind)) }
        }
    }

    func fails(_ index: Int, _ reason: String) {
        deliver(.disconnected(kind, reason: reason))
    }

    /// Calls once the last shard has ended.
    func ended(_ last: () -> Void) {
        let isLast = state.with { state in
            state.ended += 1
            return state.ended == shards
        }
        guard isLast else { return }
        deliver(.disconnected(kind, reason: "closed"))
        loops.with { $0 = [] }
        last()
    }
}

/// One refusal a minute for each name and each kind of stranger, or whoever knocks all day would push
/// all else out of the hub's events.
struct RefusalLimiter: Sendable {
    static let namesMaximum = 1000
    static let interval = Milliseconds.seconds(60)
    private var latest: [String: MonotonicTime] = [:]

    mutating func admits(_ name: String, at time: MonotonicTime) -> Bool {
        if let last = latest[name], time - last < Self.interval { return false }
        if latest.count >= Self.namesMaximum { latest = [:] }
        latest[name] = time
        return true
    }

    var count: Int { latest.count }
}
