public import Platform

/// One run's uplink through a `SimNetwork`.
public final class SimLink: Link, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    /// Bytes sent and not yet taken by the broker; beyond it `send` says `busy`.
    public static let bytesInFlightMaximum = 1 << 20
    /// Events that wait at most; a slow reader then loses frames, as on any link.
    static let waitingMaximum = 1024

    public let events: AsyncStream<LinkEvent>
    private let continuation: AsyncStream<LinkEvent>.Continuation
    private let network: SimNetwork
    private let fuse: SimFuse
    let device: String
    /// Who speaks for the device: two boards with one key are two stations.
    let station: String
    var isConnected = false
    /// Counts connections; a PUBACK of an earlier one counts for nothing.
    var connection = 0
    var bytesInFlight = 0

    init(network: SimNetwork, device: String, station: String, fuse: SimFuse) {
        (events, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(Self.waitingMaximum))
        self.network = network
        self.device = device
        self.station = station
        self.fuse = fuse
    }

    public func send(_ frame: [UInt8]) -> LinkSendResult {
        guard fuse.passes(), isConnected else { return .notConnected }
        guard bytesInFlight + frame.count <= Self.bytesInFlightMaximum else { return .busy }
        bytesInFlight += frame.count
        network.world.after(network.delay) { [self, connection] in
            guard connection == self.connection else { return }
            bytesInFlight -= frame.count
            #if EDGE_MUTANTS
                continuation.yield(.delivered)
            #endif
        }
        network.carryUp(frame, from: self)
        return .sent
    }

    public func close() { network.close(self) }

    func deliver(_ event: LinkEvent) { continuation.yield(event) }

    func finish() { continuation.finish() }
}
