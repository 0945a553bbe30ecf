public import Platform

/// The way between boards and hub: an MQTT broker that takes responsibility for a frame
/// (PUBACK) and may lose it all the same, and lines that fail.
public final class SimNetwork: @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    /// What the network does to frames.
    public struct Faults: Sendable {
        /// Percent of frames that are taken and never arrive.
        public var loss = 0
        /// Percent of frames that arrive twice.
        public var repeats = 0
        /// The shortest way of a frame.
        public var delayMinimum: Milliseconds = 1
        /// The longest way; where it is longer than the shortest, frames overtake each other.
        public var delayMaximum: Milliseconds = 1

        /// No faults: frames arrive once and in order.
        public init() {}
    }

    /// Frames at the broker for a hub that does not take them; more are lost.
    public static let queueMaximum = 1000
    /// Frames handed to the hub and not acknowledged.
    public static let window = 20
    /// The longest break before a connection that may stand again does.
    static let reconnectMaximum: Milliseconds = 1000

    /// May be changed at any time.
    public var faults: Faults
    /// Frames that were taken and lost.
    public private(set) var lost = 0
    /// Frames that arrived, in either direction.
    public private(set) var arrived = 0
    /// Their bytes.
    public private(set) var bytes = 0

    let world: SimWorld
    /// By station.
    private var links: [String: SimLink] = [:]
    private var endpoint: SimHubEndpoint?
    /// Stations without a connection.
    private var cut: Set<String> = []
    /// Stations whose frames vanish although both ends believe in the connection.
    private var silent: Set<String> = []
    private var isHubCut = false

    /// A network without anybody.
    public init(world: SimWorld, faults: Faults = Faults()) {
        self.world = world
        self.faults = faults
    }

    /// The uplink of one run of a device's agent; an earlier run's ends.
    ///
    /// - Parameters:
    ///   - station: Who speaks for the device, where there are several; the device's name for nil.
    ///   - fuse: The life of the agent's process.
    public func link(
        for device: String, station: String? = nil, fuse: SimFuse = SimFuse()
    ) -> SimLink {
        let station = station ?? device
        links[station].map { close($0) }
        let link = SimLink(network: self, device: device, station: station, fuse: fuse)
        links[station] = link
        fuse.onBurn { [weak self, weak link] in
            guard let self, let link else { return }
            close(link)
        }
        connect(link)
        return link
    }

    /// The hub's end, of one run; an earlier run's ends.
    ///
    /// - Parameter fuse: The life of the hub's process.
    public func hubEndpoint(fuse: SimFuse = SimFuse()) -> SimHubEndpoint {
        endpoint.map { close($0) }
        let endpoint = SimHubEndpoint(network: self, fuse: fuse)
        self.endpoint = endpoint
        fuse.onBurn { [weak self, weak endpoint] in
            guard let self, let endpoint else { return }
            close(endpoint)
        }
        connect(endpoint)
        return endpoint
    }

    /// Takes a device's connection away until `heal`.
    public func cut(_ device: String) {
        cut.insert(device)
        links[device].map { disconnect($0, "no route to host") }
    }

    /// Loses all frames from and to a device, and tells nobody, until `heal`.
    public func silence(_ device: String) { silent.insert(device) }

    /// Ends what `cut` and `silence` began.
    public func heal(_ device: String) {
        cut.remove(device)
        silent.remove(device)
        links[device].map { connect($0) }
    }

    /// Takes the hub's connection away until `healHub`.
    public func cutHub() {
        isHubCut = true
        endpoint.map { disconnect($0, "no route to host") }
    }

    /// Gives it back.
    public func healHub() {
        isHubCut = false
        endpoint.map { connect($0) }
    }

    /// Ends what all of the above began, and all faults.
    public func healAll() {
        faults = Faults()
        for device in cut.union(silent).sorted() { heal(device) }
        if isHubCut { healHub() }
    }
}

// MARK: - Connections

extension SimNetwork {
    private func connect(_ link: SimLink) {
        world.after(world.random.span(0, Self.reconnectMaximum)) { [self] in
            guard links[link.station] === link, !link.isConnected, !cut.contains(link.station)
            else { return }
            link.isConnected = true
            world.note("connected " + link.station)
            link.deliver(.connected)
            endpoint?.deliverPresence(link.device, isOnline: true)
        }
    }

    private func disconnect(_ link: SimLink, _ reason: String) {
        guard link.isConnected else { return }
        link.isConnected = false
        link.connection += 1
        link.bytesInFlight = 0
        link.deliver(.disconnected(reason: reason))
        endpoint?.deliverPresence(link.device, isOnline: false)
        connect(link)
    }

    func close(_ link: SimLink) {
        guard links[link.station] === link else { return link.finish() }
        links[link.station] = nil
        disconnect(link, "closed")
        link.finish()
    }

    private func connect(_ endpoint: SimHubEndpoint) {
        world.after(world.random.span(0, Self.reconnectMaximum)) { [self] in
            guard self.endpoint === endpoint, !endpoint.isConnected, !isHubCut else { return }
            world.note("hub connected")
            let online = Set(links.values.filter(\.isConnected).map(\.device)).sorted()
            endpoint.connect(online: online)
        }
    }

    private func disconnect(_ endpoint: SimHubEndpoint, _ reason: String) {
        guard endpoint.isConnected else { return }
        lost += endpoint.disconnect(reason)
        connect(endpoint)
    }

    func close(_ endpoint: SimHubEndpoint) {
        guard self.endpoint === endpoint else { return endpoint.finish() }
        self.endpoint = nil
        disconnect(endpoint, "closed")
        endpoint.finish()
    }
}

// MARK: - Frames

extension SimNetwork {
    /// A frame from a board, on its way to the broker and on to the hub.
    func carryUp(_ frame: [UInt8], from link: SimLink) {
        let device = link.device
        carry(link.station) { [self] in
            guard let endpoint, endpoint.isConnected, endpoint.waiting < Self.queueMaximum else {
                lost += 1
                return
            }
            arrived += 1
            bytes += frame.count
            world.note("up " + device, frame)
            endpoint.accept(DeviceFrame(device: device, bytes: frame))
        }
    }

    /// A frame from the hub, to all who speak for the device. The broker takes it also where the
    /// device is away, and forgets it.
    func carryDown(_ frame: [UInt8], to device: String) {
        let stations = links.values.filter { $0.device == device }.map(\.station).sorted()
        if stations.isEmpty { lost += 1 }
        for station in stations {
            carry(station) { [self] in
                guard let link = links[station], link.isConnected else {
                    lost += 1
                    return
                }
                arrived += 1
                bytes += frame.count
                world.note("down " + station, frame)
                link.deliver(.frame(frame))
            }
        }
    }

    private func carry(_ station: String, _ arrive: @escaping () -> Void) {
        let copies = world.random.chance(percent: faults.repeats) ? 2 : 1
        for _ in 0..<copies {
            guard !world.random.chance(percent: faults.loss) else {
                lost += 1
                continue
            }
            world.after(delay) { [self] in
                guard silent.contains(station) else { return arrive() }
                lost += 1
            }
        }
    }

    var delay: Milliseconds { world.random.span(faults.delayMinimum, faults.delayMaximum) }
}
