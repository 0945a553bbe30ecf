import Foundation
import LinuxPlatform
import Platform
import SQLiteStore

/// A load of boards against a real hub, over the real link, into its real database.
struct Ingest {
    let link: BenchLink
    let security: LoadSecurity
    let devices: Int
    let batch: Int
    let seconds: Int
    /// Of MQTT without certificates; as many as boards with them.
    let connections: Int

    /// Boards that greet at once: no storm, as that is not measured here.
    private static let greetedAtOnce = 32
    /// An agent's own patience with an acknowledgement.
    private static let patience = Duration.seconds(10)
    private static let warmUp = Duration.seconds(2)

    func run(in world: World) async throws -> IngestFigures {
        let fleet = try LoadFleet(
            devices, batch: batch, groups: link.kind == .mqtt ? connections : min(devices, 16))
        let parts = try await start(fleet, in: world)
        let (hub, loadLink) = (parts.hub, parts.link)
        defer { parts.broker?.kill() }
        fleet.send = { loadLink.send($0, from: $1) }
        let connected = try await connect(fleet, parts)
        Terminal.say(
            "\(devices) boards are connected after \(connected.seconds) s; they send for "
                + "\(seconds) s")
        fleet.setLoading(true)
        try await pass(Self.warmUp, fleet)
        let before = try await state(of: hub)
        _ = fleet.takeFigures()
        let start = ContinuousClock.now
        try await pass(.seconds(seconds), fleet)
        let figures = fleet.takeFigures()
        let span = (ContinuousClock.now - start).seconds
        let after = try await state(of: hub)
        let losses = parts.ports.isEmpty ? nil : DatagramLosses.count(ports: parts.ports)
        fleet.setLoading(false)
        try await waitUntil("the last rows to be acknowledged", within: .seconds(60)) {
            _ = fleet.repeatUnanswered(after: Self.patience)
            return fleet.waiting == 0
        }
        try fleet.check()
        loadLink.close()
        await hub.stop()
        try verify(fleet, hub)
        Terminal.say("acknowledged and stored: \(fleet.acknowledged) rows")
        let ceiling = try InsertCeiling.measure(
            path: world.folder + "/ceiling.db", devices: devices, batch: batch,
            for: .seconds(min(seconds, 10)))
        return IngestFigures(
            link: link.kind.rawValue, security: security.rawValue, devices: devices, batch: batch,
            rows: figures.rows, seconds: span, latencies: figures.latencies,
            memory: after.memory, hub: connected.hub, broker: connected.broker,
            connectSeconds: connected.seconds, datagramsLost: losses,
            processorSeconds: Double(after.ticks - before.ticks)
                / Double(ProcessorFigures.ticksPerSecond),
            commits: after.commits - before.commits, ceiling: ceiling.perSecond)
    }

    /// What a run consists of; the processes end with what holds them.
    private struct Parts {
        let hub: Hub
        let broker: Mosquitto?
        let link: any LoadLink
        /// The hub's own for CoAP.
        var ports: Set<Int> = []
    }

    private func start(_ fleet: LoadFleet, in world: World) async throws -> Parts {
        let isSecured = security == .tls
        switch link.kind {
        case .mqtt where isSecured:
            let secure = try SecureBroker(in: world, hubFolder: Hub.folder(in: world))
            let hub = try Hub(in: world, mqttPort: nil, secure: secure)
            try await hub.initialise()
            try await secure.prepare()
            let identities = try LoadIdentities(devices, hubFolder: hub.folder)
            try await secure.start()
            try await hub.start()
            return Parts(
                hub: hub, broker: secure.broker, link: mqtt(fleet, secure.port, identities))
        case .mqtt:
            var options = Mosquitto.Options()
            options.inflightMax = 1000
            let broker = try Mosquitto("uplink", in: world, options)
            try await broker.start()
            let hub = try Hub(in: world, mqttPort: broker.port)
            try await hub.initialise()
            try await hub.start()
            return Parts(hub: hub, broker: broker, link: mqtt(fleet, broker.port, nil))
        case .coap, .coaps:
            // Their own thousand each.
            let count = (devices + 999) / 1000
            let first = try world.freePort()
            let hub = try Hub(
                in: world, mqttPort: nil, coapPort: isSecured ? nil : first,
                coapsPort: isSecured ? first : nil, coapPorts: count)
            try await hub.initialise()
            let identities =
                isSecured ? try LoadIdentities(devices, hubFolder: hub.folder) : nil
            try await hub.start()
            let ports = Array(first..<first + count)
            return Parts(
                hub: hub, broker: nil, link: CoAPLoadLink(fleet, ports: ports, identities),
                ports: Set(ports))
        }
    }

    private func mqtt(
        _ fleet: LoadFleet, _ port: Int, _ identities: LoadIdentities?
    ) -> MQTTLoadLink {
        MQTTLoadLink(fleet, boards: devices, connections: connections, port: port, identities)
    }

    /// All boards connect and greet; the first fifth, at most 200, are not counted in a board's
    /// memory: they fill what the hub bounds for itself.
    private func connect(
        _ fleet: LoadFleet, _ parts: Parts
    ) async throws -> (hub: Growth, broker: Growth?, seconds: Double) {
        let few = min(200, devices / 5)
        var span = Duration.zero
        var readings: [(hub: Int, broker: Int?)] = []
        for boards in [0..<few, few..<devices] {
            let start = ContinuousClock.now
            try await parts.link.connect(boards)
            span += ContinuousClock.now - start
            try await fleet.greet(boards, atOnce: Self.greetedAtOnce)
            let end = boards.upperBound
            try await waitUntil(
                "the hub to see \(end) boards online", within: .seconds(60),
                logs: parts.hub.logPaths
            ) { try await parts.hub.reader.metric("fleethub_devices_online") == end }
            let broker = parts.broker?.pid.flatMap { MemoryFigures(pid: $0) }?.rss
            readings.append((try memory(of: parts.hub).rss, broker))
        }
        let (before, after) = (readings[0], readings[1])
        let boards = devices - few
        var broker: Growth?
        if let first = before.broker, let last = after.broker {
            broker = Growth(boards: boards, before: first, after: last)
        }
        return (Growth(boards: boards, before: before.hub, after: after.hub), broker, span.seconds)
    }

    private func pass(_ span: Duration, _ fleet: LoadFleet) async throws {
        let end = ContinuousClock.now + span
        while ContinuousClock.now < end {
            try await Task.sleep(for: min(.milliseconds(500), end - ContinuousClock.now))
            let repeated = fleet.repeatUnanswered(after: Self.patience)
            if repeated > 0 { Terminal.say("\(repeated) frames had no answer and leave again") }
            try fleet.check()
        }
    }

    private func memory(of hub: Hub) throws -> MemoryFigures {
        guard let pid = hub.pid, let figures = MemoryFigures(pid: pid) else {
            throw BenchFailure("the hub is not running" + Files.tails(hub.logPaths))
        }
        return figures
    }

    private func state(
        of hub: Hub
    ) async throws -> (memory: MemoryFigures, ticks: Int, commits: Int) {
        guard let pid = hub.pid, let figures = ProcessorFigures(pid: pid),
            let commits = try await hub.reader.metric("fleethub_commits_total")
        else { throw BenchFailure("the hub is not running" + Files.tails(hub.logPaths)) }
        return (try memory(of: hub), figures.ticks, commits)
    }

    /// Every row that was acknowledged is there, once, and nothing else.
    private func verify(_ fleet: LoadFleet, _ hub: Hub) throws {
        let connection = try Connection.open(hub.folder + "/hub.db")
        let stored = try connection.query(
            "SELECT c.device, c.upto, c.rows, (SELECT count(*) FROM log l WHERE "
                + "l.device=c.device AND l.stream=c.stream) FROM cursor c "
                + "WHERE c.stream='telemetry'"
        ) { (row) throws(SQLiteError) in
            (row.text(0), row.bits(1), row.bits(2), row.bits(3))
        }
        var seen = 0
        for (device, upto, rows, kept) in stored {
            guard let number = LoadFleet.number(of: device) else { continue }
            seen += 1
            let acknowledged = fleet.acknowledged(number)
            guard upto == acknowledged, rows == upto, kept == upto else {
                throw BenchFailure(
                    "\(device): the hub acknowledged \(acknowledged) rows, has taken \(rows) up "
                        + "to \(upto) and stored \(kept)")
            }
        }
        guard seen == devices else {
            throw BenchFailure("the hub has rows of \(seen) boards of \(devices)")
        }
    }
}
