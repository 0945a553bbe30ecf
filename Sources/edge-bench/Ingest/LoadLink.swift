import LinuxPlatform
import Platform

/// The links of a load.
protocol LoadLink: AnyObject, Sendable {
    /// Connects boards, some at a time, and waits for them. Called for one range after the other,
    /// from board 0 on.
    func connect(_ boards: Range<Int>) async throws
    func send(_ frame: [UInt8], from board: Int)
    func close()
}

/// How far a connection is, and why it ended last.
struct LoadState: Sendable {
    var isConnected = false
    var reason = "it never was"
}

/// Waits until connections stand, some at a time: a storm is not what is measured.
enum LoadPace {
    private static let atOnce = 32

    static func connect(
        _ numbers: Range<Int>, open: (Int) throws -> Locked<LoadState>
    ) async throws {
        for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: atOnce) {
            let some = start..<min(start + atOnce, numbers.upperBound)
            let states = try some.map { try open($0) }
            do {
                try await waitUntil(
                    "connections \(some)", within: .seconds(60), every: .milliseconds(2)
                ) { states.allSatisfy { $0.with { $0.isConnected } } }
            } catch {
                let reason = states.map { $0.with { $0 } }.first { !$0.isConnected }?.reason
                throw BenchFailure("\(error); the last reason: \(reason ?? "none")")
            }
        }
    }
}

/// Boards over MQTT, in their own topics and with their own presence, each with the agent's own
/// client: a connection and a thread. Without certificates some may share a connection, as those
/// behind a gateway do: what the hub sees of a board is its topic.
final class MQTTLoadLink: LoadLink {
    private let fleet: LoadFleet
    private let boards: Int
    private let count: Int
    private let port: Int
    private let identities: LoadIdentities?
    /// Of the first ones, as far as they were asked for.
    private let clients = Locked<[MosquittoClient]>([])

    /// - Parameter connections: One for each board, or fewer, without `identities`.
    init(
        _ fleet: LoadFleet, boards: Int, connections: Int, port: Int, _ identities: LoadIdentities?
    ) {
        self.fleet = fleet
        self.boards = boards
        self.port = port
        self.identities = identities
        count = connections
    }

    private var isShared: Bool { count < boards }

    private func settings(_ index: Int) -> MosquittoClient.Settings {
        let name = isShared ? "load-\(index)" : LoadFleet.name(index)
        var settings = MosquittoClient.Settings(host: "127.0.0.1", port: port, clientID: name)
        // Each hears its own boards alone, or every frame would go to all.
        settings.subscriptions = stride(from: index, to: boards, by: count).map {
            FleetTopics.down(LoadFleet.name($0))
        }
        if isShared {
            settings.receiveMaximum = 1000
        } else {
            settings.birth = (FleetTopics.status(name), "online")
            settings.will = (FleetTopics.status(name), "offline")
        }
        if let identities {
            let route = MosquittoRoute.tls(
                host: "127.0.0.1", port: port, identities.mqtt(index))
            settings.route = { route }
        }
        return settings
    }

    private func open(_ index: Int) -> Locked<LoadState> {
        let state = Locked(LoadState())
        let box = Locked<MosquittoClient?>(nil)
        let client = MosquittoClient(
            name: "load-\(index)", settings: settings(index), entropy: LinuxEntropy()
        ) { [fleet] event in
            switch event {
            case .connected: state.with { $0.isConnected = true }
            case .disconnected(let reason):
                state.with { $0 = LoadState(isConnected: false, reason: reason) }
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
        clients.with { $0.append(client) }
        return state
    }

    func connect(_ range: Range<Int>) async throws {
        let first = clients.with { $0.count }
        let end = isShared ? count : range.upperBound
        try await LoadPace.connect(first..<max(first, end)) { open($0) }
        guard isShared else { return }
        let online = Array("online".utf8)
        for board in range {
            let topic = FleetTopics.status(LoadFleet.name(board))
            try await waitUntil(
                "the broker to take a birth", within: .seconds(30), every: .milliseconds(1)
            ) {
                client(board)?.publish(topic: topic, payload: online, isRetained: true).result
                    == .sent
            }
        }
    }

    private func client(_ board: Int) -> MosquittoClient? {
        clients.with { $0.indices.contains(board % count) ? $0[board % count] : nil }
    }

    /// What a client has no room for is lost, as on any link, and sent again by the board.
    func send(_ frame: [UInt8], from board: Int) {
        _ = client(board)?.publish(
            topic: FleetTopics.up(LoadFleet.name(board)), payload: frame, isRetained: false)
    }

    func close() { for client in clients.with({ $0 }) { client.close() } }
}

/// Boards over CoAP, each with the agent's own link: a socket and a thread.
final class CoAPLoadLink: LoadLink {
    private let fleet: LoadFleet
    private let ports: [Int]
    private let identities: LoadIdentities?
    /// Of the first boards, as far as they were asked for.
    private let links = Locked<[CoAPLink]>([])

    /// - Parameter ports: The hub's; each takes 1,000 boards.
    init(_ fleet: LoadFleet, ports: [Int], _ identities: LoadIdentities?) {
        self.fleet = fleet
        self.ports = ports
        self.identities = identities
    }

    private func open(_ number: Int) throws -> Locked<LoadState> {
        var settings = CoAPLink.Settings(host: "127.0.0.1", port: ports[number % ports.count])
        settings.hubName = MosquittoCredential.serverName
        if let identities { settings.security = .certificates(identities.coap(number)) }
        let link = try CoAPLink(
            device: LoadFleet.name(number), settings: settings, entropy: LinuxEntropy())
        links.with { $0.append(link) }
        let state = Locked(LoadState())
        // Ends with the link's events, which `close` ends.
        Task { [fleet] in
            for await event in link.events {
                switch event {
                case .connected: state.with { $0.isConnected = true }
                case .disconnected(let reason):
                    state.with { $0 = LoadState(isConnected: false, reason: reason) }
                case .frame(let frame): fleet.receive(frame, for: number)
                #if EDGE_MUTANTS
                    case .delivered: break
                #endif
                }
            }
        }
        return state
    }

    func connect(_ boards: Range<Int>) async throws {
        try await LoadPace.connect(boards) { try open($0) }
    }

    func send(_ frame: [UInt8], from board: Int) {
        let link = links.with { $0.indices.contains(board) ? $0[board] : nil }
        _ = link?.send(frame)
    }

    func close() { for link in links.with({ $0 }) { link.close() } }
}
