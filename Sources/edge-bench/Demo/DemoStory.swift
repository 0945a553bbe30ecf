import Foundation
import Platform

/// The demonstration, act by act.
struct DemoStory {
    /// The boards, and what each speaks to the hub.
    private static let links: [(name: String, link: BenchLink)] = [
        ("barn", .mqtt), ("kitchen", .mqtt), ("mast", .coap),
    ]
    private static let names = links.map(\.name)
    private static let rate = 25.0

    private let site: Site
    private let boards: [Site.Board]
    private let input: DemoInput
    private let fleet: Command
    private var complaints: [String] = []
    /// Bytes that the killed agent had sent; its successor counts anew.
    private var bytesBeforeKill = 0

    /// Starts everything.
    init(in world: World, input: DemoInput) async throws {
        self.input = input
        site = try Site(in: world, also: [.coap])
        try await site.start()
        var boards: [Site.Board] = []
        for (name, link) in Self.links {
            let board = try await site.board(name, link: link)
            try await board.agent.start()
            boards.append(board)
        }
        self.boards = boards
        fleet = try site.hub.fleet()
        Terminal.say(
            "up: a hub, an uplink broker, three boards with a broker each; barn and kitchen speak "
                + "MQTT through the uplink broker, mast CoAP straight to the hub")
    }

    /// Runs all acts and reads the figures.
    mutating func tell() async throws -> DemoReport {
        try await publishDevices()
        let feeds = try zip(boards, Self.names).map { board, name in
            try feed(board, name: name)
        }
        async let feeding: Void = withThrowingTaskGroup(of: Void.self) { group in
            for feed in feeds { group.addTask { try await feed.run() } }
            try await group.waitForAll()
        }
        let reconverge = try await acts()
        for feed in feeds { await feed.stop() }
        try await feeding
        return try await report(feeds: feeds, reconverge: reconverge)
    }

    private mutating func acts() async throws -> Int? {
        try await deployWorkload()
        try await cutOff()
        try await liveOffline()
        return try await comeBack()
    }

    private func feed(_ board: Site.Board, name: String) throws -> Feed {
        let temperatures = input.temperatures
        let publisher = try Publisher(
            name + "-feed", topic: "zigbee2mqtt/machine", port: board.broker.port,
            logs: site.world.logs)
        return Feed(publisher, rate: Self.rate) { number in
            let temperature = temperatures[number % temperatures.count]
            return "{\"battery\":97,\"linkquality\":105,\"n\":\(number),"
                + "\"temperature\":\(temperature)}"
        }
    }

    private func publishDevices() async throws {
        for (board, messages) in zip(boards, input.devices) {
            for message in messages {
                try await Publisher.publishOnce(
                    Array(message.payload.utf8), topic: message.topic, port: board.broker.port,
                    in: site.world)
            }
        }
        for board in boards {
            try await waitUntil(
                "the devices of \(board.agent.id) to show at the hub", within: .seconds(20),
                logs: board.agent.logPaths + site.hub.logPaths
            ) {
                try await site.hub.reader.cells(board.agent.id, prefix: "reported/devices/")
                    .isEmpty == false
            }
        }
        for name in Self.names {
            try await fleet.mustRun(["device", "label", name, "site=demo"])
        }
        let devices = try await fleet.mustRun(["devices"])
        Terminal.say(devices.output.trimmingCharacters(in: .newlines))
    }

    private func deployWorkload() async throws {
        let path = site.world.folder + "/heartbeat.json"
        try Files.write(DemoWorkload.heartbeat.manifest.json + "\n", to: path)
        try await fleet.mustRun(["apply", "-f", path, "--on", "site=demo"])
        for board in boards {
            try await waitUntil(
                "the workload to run at \(board.agent.id)", within: .seconds(20),
                logs: board.agent.logPaths + site.hub.logPaths
            ) { Self.running(try await board.agent.status())[.heartbeat] != nil }
        }
        Terminal.say("deployed: workload heartbeat runs on all boards")
    }

    /// The workloads that run, with their process ids.
    private static func running(_ status: AgentStatus) -> [DemoWorkload: Int] {
        var pids: [DemoWorkload: Int] = [:]
        for entry in status.workloads where entry.state == "running" {
            if let workload = DemoWorkload(rawValue: entry.name) { pids[workload] = entry.pid ?? 0 }
        }
        return pids
    }

    /// The uplink broker and the network go first, so that the operator can still change twins at the hub while
    /// no board hears of it; then the hub goes as well.
    private func cutOff() async throws {
        site.cutOff()
        for board in boards {
            try await waitUntil(
                "\(board.agent.id) to notice", within: .seconds(20), logs: board.agent.logPaths
            ) { try await board.agent.status().uplinkState == "disconnected" }
        }
        for name in Self.names {
            try await fleet.mustRun([
                "twin", "set", name, DemoWorkload.pump.path,
                DemoWorkload.pump.specification().json,
            ])
            try await fleet.mustRun([
                "twin", "set", name, DemoWorkload.heartbeat.path,
                DemoWorkload.heartbeat.specification(mode: "eco").json,
            ])
        }
        site.hub.kill()
        Terminal.say(
            "killed: uplink broker, network of the CoAP board, and hub (-9); twins changed at the "
                + "hub in between")
    }

    private mutating func liveOffline() async throws {
        try await killAgent()
        for board in boards {
            try await board.agent.setTwin(
                DemoWorkload.valve.path, DemoWorkload.valve.specification())
            try await board.agent.setTwin(
                DemoWorkload.heartbeat.path, DemoWorkload.heartbeat.specification(mode: "boost"))
            try await waitUntil(
                "\(board.agent.id) to run what was asked for at the board", within: .seconds(20),
                logs: board.agent.logPaths
            ) { Self.running(try await board.agent.status())[.valve] != nil }
        }
        // The boards work on alone until each has committed some of what arrived meanwhile.
        var waiting = 0
        for board in boards {
            let start = try await board.agent.status().written
            try await waitUntil(
                "\(board.agent.id) to go on offline", within: .seconds(20),
                logs: board.agent.logPaths
            ) { try await board.agent.status().written >= start + Int(Self.rate) * 4 }
            waiting += try await board.agent.status().pending
        }
        Terminal.say("offline: twins changed at the boards too; \(waiting) rows wait there")
    }

    /// Kills one agent and starts it again; what it supervises must not notice.
    private mutating func killAgent() async throws {
        guard let victim = boards.first?.agent else { return }
        let before = try await victim.status()
        bytesBeforeKill = before.bytesSent
        victim.kill()
        try await victim.start()
        let pids: [DemoWorkload: Int] = try await eventually(
            "the restarted agent to have its workload", within: .seconds(10),
            logs: victim.logPaths
        ) {
            let pids = Self.running(try await victim.status())
            return pids[.heartbeat] == nil ? nil : pids
        }
        if pids[.heartbeat] != Self.running(before)[.heartbeat] {
            complaints.append("\(victim.id): the agent's restart restarted its workload")
        }
        Terminal.say("offline: agent \(victim.id) killed (-9) and restarted; its workload ran on")
    }

    /// - Returns: milliseconds from the last listener up until all agreed, nil if they never did.
    private mutating func comeBack() async throws -> Int? {
        try await site.reconnect()
        try await site.hub.start()
        let up = ContinuousClock.now
        var goals: [Int] = []
        for board in boards { goals.append(try await board.agent.status().written) }
        do {
            for (board, goal) in zip(boards, goals) {
                try await waitUntil(
                    "\(board.agent.id) and hub to agree", within: .seconds(30),
                    logs: board.agent.logPaths + site.hub.logPaths
                ) { try await agree(board.agent, rows: goal) }
            }
        } catch let failure as BenchFailure {
            complaints.append(failure.message)
            return nil
        }
        let time = (ContinuousClock.now - up).milliseconds
        Terminal.say("back: all boards and the hub agree \(time) ms after the last listener")
        return time
    }

    /// True where the hub has the board's rows and the twins hold the same on both sides.
    private func agree(_ agent: Agent, rows: Int) async throws -> Bool {
        guard let cursors = try await site.hub.reader.cursorsIfReachable(agent.id),
            cursors.reduce(0, { $0 + $1.total }) >= rows
        else { return false }
        for (workload, value) in DemoWorkload.agreed {
            guard try await agent.twin(workload.path) == value,
                let cell = try await site.hub.reader.cell(agent.id, path: workload.path),
                cell.value == value, (cell.status ?? "applied") == "applied"
            else { return false }
        }
        return Self.running(try await agent.status()).count == DemoWorkload.allCases.count
    }

    private mutating func report(feeds: [Feed], reconverge: Int?) async throws -> DemoReport {
        var reports: [DemoReport.Board] = []
        for (index, board) in boards.enumerated() {
            let numbered = await feeds[index].count
            let (reader, id) = (site.hub.reader, board.agent.id)
            do {
                try await site.settle(board.agent, patience: .seconds(8))
                // An agent at rest may still hold messages that it has not acknowledged, as long as
                // telemetry waits for its commit; twice that is time enough.
                try await waitUntil(
                    "every message of \(id) at the hub", within: .seconds(10),
                    every: .milliseconds(200)
                ) { Payload.numbers(try await reader.entries(id)).count >= numbered }
            } catch let failure as BenchFailure {
                complaints.append(failure.message)
            }
            let status = try await board.agent.status()
            reports.append(
                DemoReport.Board(
                    id: board.agent.id, numbered: numbered,
                    unnumbered: input.devices[index].count, written: status.written,
                    entries: try await site.hub.reader.entries(board.agent.id),
                    cursors: try await site.hub.reader.cursors(board.agent.id),
                    kills: index == 0 ? 1 : 0,
                    bytesUp: status.bytesSent + (index == 0 ? bytesBeforeKill : 0),
                    pssKiB: try MemoryFigures.of(board.agent.process).pss))
        }
        return DemoReport(
            boards: reports, reconvergeMilliseconds: reconverge, complaints: complaints)
    }
}
