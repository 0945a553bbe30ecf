public import Platform

/// The hub's end of a `SimNetwork`, of one run. Its session at the broker ends with the
/// connection: frames that were not acknowledged by then are lost, and their devices ask again.
public final class SimHubEndpoint: HubEndpoint, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    public let links = [LinkKind.mqtt]
    public let events: AsyncStream<HubEndpointEvent>
    private let continuation: AsyncStream<HubEndpointEvent>.Continuation
    private let network: SimNetwork
    private let fuse: SimFuse
    private(set) var isConnected = false
    private var queue: [DeviceFrame] = []
    private var delivered: UInt64 = 0
    private var acknowledged: UInt64 = 0
    private var isHandingOver = false

    init(network: SimNetwork, fuse: SimFuse) {
        // The window bounds the frames that wait here, connections the rest.
        (events, continuation) = AsyncStream.makeStream()
        self.network = network
        self.fuse = fuse
    }

    public func send(_ frame: [UInt8], to device: String) -> LinkSendResult {
        guard fuse.passes(), isConnected else { return .notConnected }
        network.carryDown(frame, to: device)
        return .sent
    }

    public func acknowledge(through count: UInt64) {
        guard fuse.passes() else { return }
        acknowledged = min(max(acknowledged, count), delivered)
        handOver()
    }

    public func close() { network.close(self) }

    /// Frames that wait at the broker.
    var waiting: Int { queue.count }

    func connect(online: [String]) {
        isConnected = true
        // What was delivered on an earlier connection needs no acknowledgement any more.
        acknowledged = delivered
        continuation.yield(.connected(.mqtt))
        for device in online { deliverPresence(device, isOnline: true) }
    }

    /// Ends the connection; returns how many frames are lost with it.
    func disconnect(_ reason: String) -> Int {
        isConnected = false
        let lost = queue.count
        queue = []
        continuation.yield(.disconnected(.mqtt, reason: reason))
        return lost
    }

    func deliverPresence(_ device: String, isOnline: Bool) {
        guard isConnected else { return }
        continuation.yield(.presence(device: device, isOnline: isOnline))
    }

    func accept(_ frame: DeviceFrame) {
        queue.append(frame)
        handOver()
    }

    /// Hands frames over in one piece, once what arrives at this instant is there.
    private func handOver() {
        guard !isHandingOver else { return }
        isHandingOver = true
        network.world.after(0) { [self] in
            isHandingOver = false
            let room = max(0, SimNetwork.window - Int(delivered - acknowledged))
            let batch = Array(queue.prefix(room))
            guard isConnected, !batch.isEmpty else { return }
            queue.removeFirst(batch.count)
            delivered += UInt64(batch.count)
            continuation.yield(.frames(batch, through: delivered))
        }
    }

    func finish() { continuation.finish() }
}
