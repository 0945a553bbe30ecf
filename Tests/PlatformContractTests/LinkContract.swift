import LinuxPlatform
import Platform
import Simulator
import Testing

/// Both ends of the way between a board and its hub, on a network that works: nothing is taken
/// while disconnected, and each end says so; frames arrive in order; the hub learns who is there;
/// `close` ends the streams.
func linkContract(
    _ link: any Link, _ endpoint: any HubEndpoint, device: String, _ broker: Broker,
    _ stage: Stage
) async throws -> [String] {
    var verdict = Verdict()
    func requireNothingIsTaken(_ when: String) {
        verdict.require(link.send([0]) == .notConnected, "the link takes a frame \(when)")
        verdict.require(
            endpoint.send([0], to: device) == .notConnected, "the endpoint takes a frame \(when)")
    }
    requireNothingIsTaken("before it connects")
    let down = stage.collect(link.events)
    let up = stage.collect(endpoint.events) { event in
        if case .frames(_, let through) = event { endpoint.acknowledge(through: through) }
    }
    try await broker.start()
    try await require(&verdict, "never connects", stage) {
        down.isConnected && up.reaches(device)
    }
    // Subscriptions stand once something has come through.
    try await require(&verdict, "nothing gets through", stage) {
        _ = link.send([1])
        _ = endpoint.send([1], to: device)
        return up.frames(from: device).contains([1]) && down.frames.contains([1])
    }
    for number in 0..<60 as Range<UInt8> {
        verdict.require(link.send([2, number]) == .sent, "the link does not take a frame")
        verdict.require(
            endpoint.send([2, number], to: device) == .sent, "the endpoint does not take a frame")
    }
    let expected = (0..<60).map { [2, $0] as [UInt8] }
    try await require(&verdict, "frames of the link are out of order", stage) {
        up.frames(from: device).filter { $0.first == 2 } == expected
    }
    try await require(&verdict, "frames of the endpoint are out of order", stage) {
        down.frames.filter { $0.first == 2 } == expected
    }
    try await broker.stop()
    // An endpoint without a broker cannot be cut off itself; it loses its boards.
    try await require(&verdict, "a lost connection is not noticed", stage) {
        !down.isConnected && !up.reaches(device)
    }
    requireNothingIsTaken("while disconnected")
    try await broker.start()
    try await require(&verdict, "does not come back", stage) {
        down.isConnected && up.reaches(device)
    }
    try await require(&verdict, "nothing gets through any more", stage) {
        _ = link.send([3])
        _ = endpoint.send([3], to: device)
        return up.frames(from: device).contains([3]) && down.frames.contains([3])
    }
    verdict.require(
        !up.frames(from: device).contains([0]) && !down.frames.contains([0]),
        "a frame that was not taken was queued")
    link.close()
    try await require(&verdict, "the hub does not learn that a board left", stage) {
        !up.isOnline(device)
    }
    endpoint.close()
    try await require(&verdict, "close does not end the streams", stage) {
        down.hasEnded && up.hasEnded
    }
    return verdict.faults
}

private func require(
    _ verdict: inout Verdict, _ fault: String, _ stage: Stage, _ condition: () -> Bool
) async throws {
    verdict.require(try await stage.eventually(condition), fault)
}

extension Collected<LinkEvent> {
    fileprivate var frames: [[UInt8]] {
        elements.compactMap { if case .frame(let bytes) = $0 { bytes } else { nil } }
    }

    fileprivate var isConnected: Bool {
        elements.last { if case .frame = $0 { false } else { true } } == .connected
    }
}

extension Collected<HubEndpointEvent> {
    fileprivate func frames(from device: String) -> [[UInt8]] {
        elements.flatMap { event -> [DeviceFrame] in
            if case .frames(let frames, _) = event { frames } else { [] }
        }.filter { $0.device == device }.map(\.bytes)
    }

    fileprivate var isConnected: Bool {
        let last = elements.last { event in
            switch event {
            case .connected, .disconnected: true
            case .frames, .presence, .commitRequested, .refused: false
            }
        }
        return if case .connected = last { true } else { false }
    }

    fileprivate func reaches(_ device: String) -> Bool { isConnected && isOnline(device) }

    fileprivate func isOnline(_ device: String) -> Bool {
        elements.last { event in
            if case .presence(device, _) = event { true } else { false }
        } == .presence(device: device, isOnline: true)
    }
}

@Suite struct LinkContracts {
    @Test(.enabled(if: Mosquitto.program != nil, "needs mosquitto (Debian: mosquitto)"))
    func linux() async throws {
        let mosquitto = try Mosquitto()
        let link = MosquittoLink(
            device: "board", settings: mosquitto.client("board"), entropy: LinuxEntropy())
        let endpoint = MosquittoHubEndpoint(
            settings: mosquitto.client("hub"), entropy: LinuxEntropy())
        let broker = Broker(
            start: { try await mosquitto.start() }, stop: { try await mosquitto.stop() },
            say: { _, _, _ in })
        let faults = try await linkContract(link, endpoint, device: "board", broker, .linux)
        #expect(faults == [])
    }

    @Test(.enabled(if: CoAPStage.isInstalled, "needs libcoap (Debian: libcoap3)"))
    func linuxOverCoAP() async throws {
        let port = try UDPProxy.freePort()
        let proxy = try UDPProxy(hubPort: port, seed: 1)
        defer { proxy.close() }
        proxy.cut()
        let link = try CoAPLink(
            device: "board", settings: CoAPStage.board(proxy.port), entropy: LinuxEntropy())
        let endpoint = try CoAPHubEndpoint(
            settings: CoAPStage.hub(port), entropy: LinuxEntropy())
        let broker = Broker(
            start: { proxy.heal() }, stop: { proxy.cut() }, say: { _, _, _ in })
        let faults = try await linkContract(link, endpoint, device: "board", broker, .linux)
        #expect(faults == [])
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func simulated(seed: UInt64) async throws {
        #expect(try await verdict(seed: seed, { $0 }, { $0 }) == [])
    }

    @Test func aLinkThatReordersIsFound() async throws {
        let faults = try await verdict(seed: 1, { SwappingLink($0) }, { $0 })
        #expect(faults.contains("frames of the link are out of order"))
    }

    @Test func anEndpointThatTakesEverythingIsFound() async throws {
        let faults = try await verdict(seed: 1, { $0 }, { GreedyEndpoint(endpoint: $0) })
        #expect(faults.contains("the endpoint takes a frame while disconnected"))
    }

    @Test func bytesInFlightAreBounded() throws {
        let world = SimWorld(seed: 1)
        let network = SimNetwork(world: world)
        let link = network.link(for: "board")
        try world.run(for: .seconds(2))
        let frame = [UInt8](repeating: 0, count: SimLink.bytesInFlightMaximum / 4)
        #expect((0..<4).allSatisfy { _ in link.send(frame) == .sent })
        #expect(link.send([0]) == .busy)
        try world.run(for: 10)
        #expect(link.send([0]) == .sent)
    }

    /// The broker holds back what the hub has not acknowledged, and forgets what is too much.
    @Test func theHubsWindowAndQueueAreBounded() async throws {
        let world = SimWorld(seed: 1)
        let network = SimNetwork(world: world)
        let link = network.link(for: "board")
        let endpoint = network.hubEndpoint()
        let events = Stage.simulated(world).collect(endpoint.events)
        try world.run(for: .seconds(2))
        for _ in 0..<(SimNetwork.queueMaximum + SimNetwork.window + 5) { _ = link.send([1]) }
        try world.run(for: .seconds(2))
        #expect(events.frames(from: "board").count == SimNetwork.window)
        #expect(network.lost > 0)
        endpoint.acknowledge(through: 5)
        try world.run(for: .seconds(2))
        #expect(events.frames(from: "board").count == SimNetwork.window + 5)
    }

    private func verdict(
        seed: UInt64, _ wrapLink: (SimLink) -> any Link,
        _ wrapEndpoint: (SimHubEndpoint) -> any HubEndpoint
    ) async throws -> [String] {
        let world = SimWorld(seed: seed)
        let network = SimNetwork(world: world)
        network.cut("board")
        network.cutHub()
        let link = network.link(for: "board")
        let endpoint = network.hubEndpoint()
        let broker = Broker(
            start: {
                network.heal("board")
                network.healHub()
            },
            stop: {
                network.cut("board")
                network.cutHub()
            }, say: { _, _, _ in })
        return try await linkContract(
            wrapLink(link), wrapEndpoint(endpoint), device: "board", broker, .simulated(world))
    }
}

/// Mutant: sends every second frame before the one before it.
private final class SwappingLink: Link {
    private let link: SimLink
    private let kept = Locked<[UInt8]?>(nil)

    var events: AsyncStream<LinkEvent> { link.events }

    init(_ link: SimLink) { self.link = link }

    func send(_ frame: [UInt8]) -> LinkSendResult {
        guard frame.first == 2 else { return link.send(frame) }
        guard let first = kept.with({ $0 }) else {
            kept.with { $0 = frame }
            return .sent
        }
        kept.with { $0 = nil }
        _ = link.send(frame)
        return link.send(first)
    }

    func close() { link.close() }
}

/// Mutant: says that it sent what it could not.
private struct GreedyEndpoint: HubEndpoint {
    let endpoint: SimHubEndpoint

    var links: [LinkKind] { endpoint.links }
    var events: AsyncStream<HubEndpointEvent> { endpoint.events }
    func send(_ frame: [UInt8], to device: String) -> LinkSendResult {
        _ = endpoint.send(frame, to: device)
        return .sent
    }
    func acknowledge(through count: UInt64) { endpoint.acknowledge(through: count) }
    func close() { endpoint.close() }
}
