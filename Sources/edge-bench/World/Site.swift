import Platform

/// A hub, what lies between it and the boards, and boards, each with a broker of its own: the parts
/// of most runs.
final class Site {
    let world: World
    let hub: Hub
    private let link: BenchLink
    private let uplinks: [BenchLink: any Uplink]

    /// One board: the agent and the broker that its devices publish to.
    struct Board {
        let agent: Agent
        let broker: Mosquitto
    }

    /// - Parameters:
    ///   - link: What boards speak where they say nothing else.
    ///   - also: More links, for some boards.
    init(
        in world: World, link: BenchLink = .mqtt, also: [BenchLink] = [], hubFolder: String? = nil,
        rowsMax: Int? = nil
    ) throws {
        self.world = world
        self.link = link
        var uplinks: [BenchLink: any Uplink] = [:]
        var ports: [BenchLink: Int] = [:]
        var secure: SecureBroker?
        for kind in [link] + also {
            switch kind {
            case .mqtt: uplinks[kind] = try Mosquitto("uplink", in: world)
            case .mqttTLS:
                let broker = try SecureBroker(
                    in: world, hubFolder: hubFolder ?? Hub.folder(in: world))
                secure = broker
                uplinks[kind] = broker
            case .coap, .coaps:
                let port = try world.freePort()
                ports[kind] = port
                uplinks[kind] = try Router(in: world, hubPort: port)
            }
        }
        self.uplinks = uplinks
        hub = try Hub(
            in: world, mqttPort: uplinks[.mqtt]?.port, coapPort: ports[.coap],
            coapsPort: ports[.coaps], secure: secure, folder: hubFolder, rowsMax: rowsMax)
    }

    /// What lies between the hub and boards that say nothing else.
    var uplink: any Uplink { uplink(link) }

    private func uplink(_ link: BenchLink) -> any Uplink {
        guard let uplink = uplinks[link] else { preconditionFailure("no \(link) in this site") }
        return uplink
    }

    /// All ways between boards and hub, at once.
    func cutOff() { for uplink in uplinks.values { uplink.kill() } }

    func reconnect() async throws { for uplink in uplinks.values { try await uplink.start() } }

    /// Starts what lies between, and the hub.
    func start() async throws {
        try await initialise()
        try await reconnect()
        try await hub.start()
    }

    /// Makes the hub, and what it writes for what lies between.
    func initialise() async throws {
        try await hub.initialise()
        for case let broker as SecureBroker in uplinks.values { try await broker.prepare() }
    }

    /// Enrols a board where its link asks for that. A hub that is not up yet is for as long.
    func admit(_ agent: Agent, link: BenchLink? = nil) async throws {
        guard (link ?? self.link).isSecured else { return }
        let isUp = hub.isRunning
        if !isUp { try await hub.start() }
        try await hub.waitUntilBoardsCanEnrol()
        try await agent.enroll(try await hub.enrolmentToken())
        if !isUp { await hub.stop() }
    }

    /// Starts a board's own broker and prepares its agent, which is not started yet.
    func board(
        _ id: String, link: BenchLink? = nil,
        broker options: Mosquitto.Options = .init(isPersistent: true), executable: String? = nil,
        stateFolder: String? = nil, fields: [String: String] = [:]
    ) async throws -> Board {
        let broker = try Mosquitto(id + "-broker", in: world, options)
        try await broker.start()
        let link = link ?? self.link
        var settings = AgentSettings.forTests(
            link: link, uplinkPort: uplink(link).port, localPort: broker.port)
        settings.fields.merge(fields) { $1 }
        let agent = try Agent(
            id, in: world, executable: executable, stateFolder: stateFolder, settings)
        try await admit(agent, link: link)
        return Board(agent: agent, broker: broker)
    }

    /// Waits until the hub has rows of this agent.
    func meet(_ agent: Agent) async throws {
        try await waitUntil(
            "the agent to be known at the hub", within: .seconds(20),
            logs: agent.logPaths + hub.logPaths
        ) { try await reachedHub(agent) }
    }

    /// True once the hub has rows of this agent.
    func reachedHub(_ agent: Agent) async throws -> Bool {
        try await hub.reader.cursorsIfReachable(agent.id)?.isEmpty == false
    }

    /// How an agent's store and the hub stand to each other.
    struct Balance: Equatable {
        /// Rows the agent's store has committed, and those waiting there.
        let written: Int
        let pending: Int
        /// Rows and gap rows at the hub.
        let atHub: Int

        var isSettled: Bool { pending == 0 && written == atHub }
    }

    /// The balance of one board, nil while agent or hub cannot be reached.
    func balance(of agent: Agent) async throws -> Balance? {
        guard let status = try await agent.statusIfReachable(),
            let cursors = try await hub.reader.cursorsIfReachable(agent.id)
        else { return nil }
        return Balance(
            written: status.written, pending: status.pending,
            atHub: cursors.reduce(0) { $0 + $1.total })
    }

    /// Waits until the hub has all that the agent wrote, or until nothing has moved for `patience`.
    /// - Returns: the last balance; the caller judges it.
    func standstill(
        of agent: Agent, patience: Duration = .seconds(20), within limit: Duration = .seconds(300)
    ) async throws -> Balance {
        var last: Balance?
        var changed = ContinuousClock.now
        return try await eventually(
            "agent \(agent.id) and hub to come to rest", within: limit, every: .milliseconds(200),
            logs: agent.logPaths + hub.logPaths
        ) {
            let now = try await balance(of: agent)
            if now != last {
                last = now
                changed = ContinuousClock.now
            }
            guard let now else { return nil }
            return now.isSettled || ContinuousClock.now - changed > patience ? now : nil
        }
    }

    /// Waits until the hub has all that the agent wrote.
    /// - Throws: `BenchFailure` where that does not come about.
    @discardableResult
    func settle(
        _ agent: Agent, patience: Duration = .seconds(20), within limit: Duration = .seconds(300)
    ) async throws -> Balance {
        let balance = try await standstill(of: agent, patience: patience, within: limit)
        guard balance.isSettled else {
            throw BenchFailure(
                "agent \(agent.id) wrote \(balance.written) rows, the hub accounts for "
                    + "\(balance.atHub), \(balance.pending) wait, and nothing moves"
                    + Files.tails(agent.logPaths + hub.logPaths))
        }
        return balance
    }
}
