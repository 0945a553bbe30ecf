import Platform

@testable import LinuxPlatform

/// A board and a hub that speak CoAP through real sockets, with a router between them.
final class CoAPStage: Sendable {
    /// Whether libcoap is installed.
    static let isInstalled = (try? CoAPLibrary.shared()) != nil

    let link: CoAPLink
    let endpoint: CoAPHubEndpoint
    let proxy: UDPProxy
    let down: Collected<LinkEvent>
    let up: Collected<HubEndpointEvent>
    /// Whether the hub commits what it gets.
    let commits = Locked(true)

    private let counted = Locked((up: 0, down: 0))

    /// Waits are short, so that what is lost shows soon; not so short that a busy machine looks
    /// like a broken link.
    static func hub(_ port: Int) -> CoAPHubEndpoint.Settings {
        var settings = CoAPHubEndpoint.Settings()
        settings.port = port
        settings.silenceMaximum = 8000
        settings.repeatFirst = 100
        return settings
    }

    static func board(_ port: Int) -> CoAPLink.Settings {
        var settings = CoAPLink.Settings(host: "127.0.0.1", port: port)
        settings.ackTimeout = 1000
        settings.hold = 500
        settings.patience = 1000
        settings.reconnectFirst = 10
        settings.reconnectMaximum = 50
        return settings
    }

    /// - Parameter standings: What the hub says of devices before the board comes.
    init(
        seed: UInt64 = 1, standings: [String: DeviceStanding] = [:],
        hub: (inout CoAPHubEndpoint.Settings) -> Void = { _ in },
        board: (inout CoAPLink.Settings) -> Void = { _ in }
    ) throws {
        let port = try UDPProxy.freePort()
        proxy = try UDPProxy(hubPort: port, seed: seed)
        var hubSettings = Self.hub(port)
        hub(&hubSettings)
        var boardSettings = Self.board(proxy.port)
        board(&boardSettings)
        endpoint = try CoAPHubEndpoint(settings: hubSettings, entropy: LinuxEntropy())
        for (device, standing) in standings { endpoint.judge(device, standing) }
        link = try CoAPLink(device: "board", settings: boardSettings, entropy: LinuxEntropy())
        down = Stage.linux.collect(link.events) { [counted] event in
            if case .frame = event { counted.with { $0.down += 1 } }
        }
        up = Stage.linux.collect(endpoint.events) { [endpoint, commits, counted] event in
            guard case .frames(let frames, let through) = event else { return }
            counted.with { $0.up += frames.count }
            if commits.with({ $0 }) {
                endpoint.acknowledge(through: through)
            }
        }
    }

    deinit {
        link.close()
        endpoint.close()
        proxy.close()
    }

    func connect() async throws -> Bool {
        try await Stage.linux.eventually {
            down.elements.contains(.connected)
                && up.elements.contains(.presence(device: "board", isOnline: true))
        }
    }

    /// Frames that arrived.
    var counts: (up: Int, down: Int) { counted.with { $0 } }

    var framesAtHub: [[UInt8]] {
        up.elements.flatMap { event -> [DeviceFrame] in
            if case .frames(let frames, _) = event { frames } else { [] }
        }.map(\.bytes)
    }

    var framesAtBoard: [[UInt8]] {
        down.elements.compactMap { if case .frame(let bytes) = $0 { bytes } else { nil } }
    }

    var losses: [LinkEvent] {
        down.elements.filter { if case .disconnected = $0 { true } else { false } }
    }
}
