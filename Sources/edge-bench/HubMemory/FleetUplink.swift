import LinuxPlatform
import Platform

/// The boards' end of the uplink: one MQTT client that speaks for all of them, in the topics and
/// with the presence of `MosquittoLink`.
final class FleetUplink {
    /// What the client's thread hands over. The client reads no further than its window until that
    /// is acknowledged, so this is bounded.
    private struct Arrivals: Sendable {
        var isConnected = false
        var messages: [BusMessage] = []
        var through: UInt64 = 0
    }

    private let client: MosquittoClient
    private let arrivals = Locked(Arrivals())
    private var frames = BoardFrames()

    private static let patience = Duration.seconds(20)
    /// A broker on the same machine answers faster than the usual poll.
    private static let poll = Duration.milliseconds(1)

    init(port: Int) {
        var settings = MosquittoClient.Settings(
            host: "127.0.0.1", port: port, clientID: "fleet-of-boards")
        settings.subscriptions = ["fleet/v1/+/+/down"]
        let arrivals = self.arrivals
        client = MosquittoClient(name: "boards", settings: settings, entropy: LinuxEntropy()) {
            event in
            switch event {
            case .connected: arrivals.with { $0.isConnected = true }
            case .disconnected: arrivals.with { $0.isConnected = false }
            case .messages(let messages, let through):
                arrivals.with {
                    $0.messages += messages
                    $0.through = through
                }
            case .commitRequested, .published, .closed: break
            }
        }
    }

    deinit { client.close() }

    /// Waits until the broker has heard what this client subscribes to.
    func connect() async throws {
        try await waitUntil("the boards' client to be connected", within: Self.patience) {
            arrivals.with { $0.isConnected }
        }
    }

    /// A board's birth, or its will.
    func announce(_ board: String, isOnline: Bool) async throws {
        let payload = Array((isOnline ? "online" : "offline").utf8)
        try await publish(FleetTopics.status(board), payload, isRetained: true)
    }

    func send(_ frame: [UInt8], from board: String) async throws {
        try await publish(FleetTopics.up(board), frame, isRetained: false)
    }

    /// The next frame of the hub for a board.
    func frame(for board: String) async throws -> [UInt8] {
        try await eventually(
            "the hub to answer \(board)", within: Self.patience, every: Self.poll
        ) {
            collect()
            return frames.next(for: board)
        }
    }

    /// How many boards the hub has sent something that was not taken.
    func boardsHeard() -> Int {
        collect()
        return frames.boards
    }

    /// Drops what waits.
    func forget() {
        collect()
        frames = BoardFrames()
    }

    private func collect() {
        let new = arrivals.with { arrivals in
            defer { arrivals.messages = [] }
            return arrivals
        }
        client.acknowledge(through: new.through)
        for message in new.messages {
            guard let (board, _) = FleetTopics.parse(message.topic) else { continue }
            frames.add(message.payload, for: board)
        }
    }

    private func publish(_ topic: String, _ payload: [UInt8], isRetained: Bool) async throws {
        try await waitUntil("the broker to take \(topic)", within: Self.patience, every: Self.poll)
        {
            client.publish(topic: topic, payload: payload, isRetained: isRetained).result == .sent
        }
    }
}
