import LinuxPlatform
import Platform

/// How boards of a load prove who they are.
enum LoadSecurity: String, Sendable, CaseIterable {
    /// They do not: plain links on loopback.
    case none
}

/// The links of a load: all boards, through as many connections as it has groups.
protocol LoadLink: AnyObject, Sendable {
    func connect() async throws
    func send(_ frame: [UInt8], from board: Int)
    func close()
}

/// Boards over MQTT, in their own topics and with their own presence. Boards of one group share a
/// connection, as those behind a gateway do: what the hub sees of a board is its topic.
final class MQTTLoadLink: LoadLink {
    private struct Connection: Sendable {
        let client: MosquittoClient
        let isConnected: Locked<Bool>
    }

    private let connections: [Connection]
    private let boards: Int

    init(_ fleet: LoadFleet, boards: Int, connections count: Int, port: Int) {
        self.boards = boards
        connections = (0..<count).map { index in
            var settings = MosquittoClient.Settings(
                host: "127.0.0.1", port: port, clientID: "load-\(index)")
            settings.receiveMaximum = 1000
            // Each of them hears its own boards alone, or every frame would go to all.
            settings.subscriptions = stride(from: index, to: boards, by: count).map {
                FleetTopics.down(LoadFleet.name($0))
            }
            let isConnected = Locked(false)
            let box = Locked<MosquittoClient?>(nil)
            let client = MosquittoClient(
                name: "load-\(index)", settings: settings, entropy: LinuxEntropy()
            ) { event in
                switch event {
                case .connected: isConnected.with { $0 = true }
                case .disconnected: isConnected.with { $0 = false }
                case .messages(let messages, let through):
                    box.with { $0 }?.acknowledge(through: through)
                    for message in messages {
                        guard let (name, _) = FleetTopics.parse(message.topic),
                            let number = LoadFleet.number(of: name)
                        else { continue }
                        fleet.receive(message.payload, for: number)
                    }
                case .commitRequested, .published, .closed: break
                }
            }
            box.with { $0 = client }
            return Connection(client: client, isConnected: isConnected)
        }
    }

    func connect() async throws {
        try await waitUntil("the load's clients to be connected", within: .seconds(30)) {
            connections.allSatisfy { $0.isConnected.with { $0 } }
        }
        let online = Array("online".utf8)
        for board in 0..<boards {
            try await waitUntil(
                "the broker to take a birth", within: .seconds(30), every: .milliseconds(1)
            ) {
                let topic = FleetTopics.status(LoadFleet.name(board))
                let client = connections[board % connections.count].client
                return client.publish(topic: topic, payload: online, isRetained: true).result
                    == .sent
            }
        }
    }

    /// What a client has no room for is lost, as on any link, and sent again by the board.
    func send(_ frame: [UInt8], from board: Int) {
        _ = connections[board % connections.count].client.publish(
            topic: FleetTopics.up(LoadFleet.name(board)), payload: frame, isRetained: false)
    }

    func close() { for connection in connections { connection.client.close() } }
}

/// Boards over CoAP, each with the agent's own link: a socket and a thread.
final class CoAPLoadLink: LoadLink {
    private let links: [CoAPLink]
    private let fleet: LoadFleet
    private let connected = Locked<Set<Int>>([])

    /// - Parameter ports: The hub's; each takes 1,000 boards.
    init(_ fleet: LoadFleet, boards: Int, ports: [Int]) throws {
        self.fleet = fleet
        links = try (0..<boards).map { number in
            let settings = CoAPLink.Settings(
                host: "127.0.0.1", port: ports[number % ports.count])
            return try CoAPLink(
                device: LoadFleet.name(number), settings: settings, entropy: LinuxEntropy())
        }
    }

    func connect() async throws {
        for (number, link) in links.enumerated() {
            // Ends with the link's events, which `close` ends.
            Task { [fleet, connected] in
                for await event in link.events {
                    switch event {
                    case .connected: connected.with { _ = $0.insert(number) }
                    case .disconnected: connected.with { _ = $0.remove(number) }
                    case .frame(let frame): fleet.receive(frame, for: number)
                    #if EDGE_MUTANTS
                        case .delivered: break
                    #endif
                    }
                }
            }
        }
        try await waitUntil("the load's links to be connected", within: .seconds(60)) {
            connected.with { $0.count } == links.count
        }
    }

    func send(_ frame: [UInt8], from board: Int) { _ = links[board].send(frame) }

    func close() { for link in links { link.close() } }
}
